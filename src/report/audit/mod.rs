//! An audit, in many voices: text for a terminal, JSON, and what other people's systems take.
//!
//! The JSON's field names are a contract.

mod classroom;
mod codequality;
mod csv;
mod gradescope;
mod html;
mod json;
mod junit;
mod ladder;
mod markdown;
mod naming;
mod place;
mod sarif;
pub mod server;
mod sheet;
#[cfg(test)]
mod tests;
mod text;

pub use classroom::classroom;
pub use codequality::codequality;
pub use csv::csv;
pub use gradescope::gradescope;
pub use html::html;
pub use junit::junit;
pub use markdown::markdown;
pub use place::Source;
pub use sarif::sarif;
pub use sheet::Sheet;

pub use json::{AuditReport, CaseReport, CaseReports, CasesReport, HelloReport, SubmissionsReport};
pub use text::{audit, submissions};

//! An audit, in many voices: text for a terminal, JSON, and what other people's systems take.
//!
//! The JSON's field names are a contract.

mod json;
mod text;

pub use json::{AuditReport, CaseReport, CasesReport, HelloReport, SubmissionsReport};
pub use text::{audit, submissions};

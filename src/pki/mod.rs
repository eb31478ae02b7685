//! Certificates at rest: names, keys, issuing, files, and reading them back.
//!
//! Making goes [`subject`] + [`key`] → [`issue`] (an editable [`issue::Plan`], then a signature) →
//! [`files`]. Reading goes [`files`] → [`facts`]. Nothing here judges a certificate: that is
//! [`crate::verify`]'s.

mod attribute_types;
pub mod crl;
pub mod der;
pub mod encryption;
pub mod facts;
mod file_error;
pub mod files;
pub mod index;
pub mod issue;
mod issue_error;
pub mod items;
pub mod key;
mod key_algorithm;
mod key_der;
mod key_error;
pub mod key_facts;
pub(crate) mod kind;
mod name_error;
pub mod ocsp;
pub mod oid;
pub mod pem;
mod placing;
mod plan;
pub mod request;
pub mod respond;
pub mod responder;
pub mod revoke;
mod san;
mod signer;
pub mod stored_key;
pub mod subject;
mod tls_key;

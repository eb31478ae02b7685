//! What the lab's server and its files are called: so `gencert` names them, and so the other commands take them where
//! nothing is said.

/// The lab sheet's fictitious server (`docs/lab-sheet.md`).
pub(crate) use tlslab::audit::catalogue::LAB_NAME;

/// A certificate.
pub(crate) const CERT: &str = "cert.pem";
/// A signing request.
pub(crate) const CSR: &str = "csr.pem";
/// Its private key, encrypted.
pub(crate) const KEY: &str = "key.pem";
/// The same key in the clear.
pub(crate) const CLEAR_KEY: &str = "clearkey.pem";

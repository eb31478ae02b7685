//! Certificate and key from files: read, unlocked, put together, and what a good client will say of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tlslab::pki::facts::CertFacts;
use tlslab::pki::files::{read_certificates, read_private_key};
use tlslab::pki::key::Passphrase;
use tlslab::server::{Identity, IdentityError};
use tlslab::verify::{Criteria, Policy, TrustSet, Usage, judge};
use tlslab::words;

use super::super::{Failure, Hinted, Result, Ui};

/// Where a server's certificate and key are, and the passphrase that was asked for once.
#[derive(Clone)]
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    passphrase: Option<Passphrase>,
}

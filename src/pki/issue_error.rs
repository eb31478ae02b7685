//! Why a certificate, a request or a list could not be made.

use time::OffsetDateTime;

use super::der;
use super::key::KeyError;
use crate::crypto::NoRandomness;

/// A certificate could not be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The key would not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The issuer's certificate cannot be read.
    #[error("the issuer's certificate is malformed: {0}")]
    Malformed(der::Error),
    /// The public key to certify cannot be read.
    #[error("the public key is malformed: {0}")]
    PublicKey(der::Error),
    /// An instant outside the years 0 to 9999, which X.509 cannot say.
    #[error("{0}: expected a year from 0 to 9999")]
    Year(OffsetDateTime),
    /// No serial number could be drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// rcgen refused the request.
    #[error("the certificate could not be drafted: {0}")]
    Draft(#[from] rcgen::Error),
    /// A name that cannot be put into a certificate.
    #[error(transparent)]
    Name(#[from] super::subject::NameError),
}

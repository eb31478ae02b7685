//! The verifier inside a handshake.
//!
//! rustls asks twice: for the chain, then for the signature that proves possession of the key. Every check is
//! to be reported, so the first question is only noted and the answer to both is given at the second, before
//! a single application byte can leave.

use std::sync::{Arc, Mutex};

use rustls::pki_types::UnixTime;
use time::OffsetDateTime;

use super::{Criteria, Verdict};

/// A rustls server-certificate verifier over [`super::judge`].
#[derive(Debug)]
pub struct LiveVerifier {
    _criteria: Criteria,
    _at: Option<OffsetDateTime>,
    _verdict: Mutex<Option<Verdict>>,
}

impl LiveVerifier {
    /// Judges by `criteria`, at the instant `at` or, where that is `None`, at the time of the handshake.
    /// One verifier serves one connection.
    pub fn new(_criteria: Criteria, _at: Option<OffsetDateTime>) -> Arc<Self> {
        todo!()
    }

    /// What was found, once the peer has shown a certificate.
    pub fn verdict(&self) -> Option<Verdict> {
        todo!()
    }
}

/// The instant that rustls means by `now`.
pub fn instant(now: UnixTime) -> OffsetDateTime {
    // An i64 of seconds since 1970 holds every UnixTime that a clock can show; a larger one is the end of time.
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::macros::datetime!(9999-12-31 23:59:59 UTC))
}

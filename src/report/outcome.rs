//! What became of a connection, as JSON for a machine and in words for a person.

use serde::Serialize;

use super::verdict::{VerdictReport, not_checked};
use crate::client::Outcome;
use crate::tls::{SessionFacts, alert_name};
use crate::verify::{Examined, Reason};

/// What `connect --json` prints: the fields of a [`VerdictReport`], and these.
#[derive(Clone, Debug, Serialize)]
pub struct OutcomeReport {
    /// The verdict on the whole: `rejected` also where the certificate was fine and the exchange failed.
    #[serde(flatten)]
    pub verdict: VerdictReport,
    /// The address that was connected to; null where none was.
    pub address: Option<String>,
    /// What went wrong beyond the certificate, in words; null where nothing did.
    pub error: Option<String>,
    /// What to do about a failure; null where there is nothing to be done from here.
    pub hint: Option<String>,
    /// The alert that told the server why it was refused, as RFC 8446 §6 names it.
    pub alert_sent: Option<String>,
    /// The alert that the server sent.
    pub alert_received: Option<String>,
    /// Whether the server asked for a client certificate.
    pub client_certificate_requested: bool,
    /// The lines that the server sent, without their ends; bytes that are no UTF-8 are replaced by U+FFFD.
    pub replies: Vec<String>,
}

impl OutcomeReport {
    /// Of `outcome`, with the certificate that was judged, the `replies` that came and what to do about a failure.
    ///
    /// A plaintext connection, on which nobody is verified because nobody was to be, is `accepted` where its
    /// exchange ended well: its `checks` are empty and its `protocol` is `plaintext`.
    pub fn new(
        outcome: &Outcome,
        certificate: Option<&Examined>,
        replies: &[u8],
        hint: Option<String>,
    ) -> Self {
        let reasons = outcome.reasons();
        let judged = outcome.verdict.as_ref().map(|verdict| VerdictReport::new(verdict, certificate));
        let mut verdict = judged.unwrap_or_else(nothing_shown);
        verdict.verdict = if reasons.is_empty() { "accepted" } else { "rejected" };
        verdict.exit_status = outcome.exit_status();
        verdict.reasons = reasons.into_iter().map(Reason::as_str).collect();
        if let Some(session) = &outcome.session {
            verdict.protocol = Some(session.protocol.clone());
            verdict.cipher_suite = Some(session.cipher_suite.clone());
            verdict.key_exchange = Some(session.key_exchange.clone());
        } else if outcome.plaintext {
            verdict.protocol = Some("plaintext".to_owned());
        }
        verdict.sent_bytes = outcome.sent_bytes;
        verdict.received_bytes = outcome.received_bytes;
        verdict.notes.extend(outcome.remarks.iter().map(ToString::to_string));
        Self {
            verdict,
            address: outcome.address.map(|address| address.to_string()),
            error: outcome.trouble.as_ref().map(ToString::to_string),
            hint,
            alert_sent: outcome.alert_sent.map(alert_name),
            alert_received: outcome.alert_received().map(alert_name),
            client_certificate_requested: outcome.certificate_requested,
            replies: lines(replies),
        }
    }
}

/// The report of a connection on which no certificate was shown.
fn nothing_shown() -> VerdictReport {
    VerdictReport {
        verdict: "rejected",
        exit_status: 0,
        reasons: Vec::new(),
        checks: Vec::new(),
        protocol: None,
        cipher_suite: None,
        key_exchange: None,
        certificate: None,
        sent_bytes: 0,
        received_bytes: 0,
        notes: Vec::new(),
        not_checked: not_checked([]),
    }
}

/// The lines of `bytes`; the last needs no newline.
fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().map(str::to_owned).collect()
}

/// What was agreed on, in a line: `TLSv1.3, TLS_AES_256_GCM_SHA384, X25519MLKEM768`.
pub fn session_line(session: &SessionFacts) -> String {
    format!("{}, {}, {}", session.protocol, session.cipher_suite, session.key_exchange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Trouble;

    #[test]
    fn a_failure_before_any_certificate_is_a_rejection_without_checks() {
        let outcome = Outcome { trouble: Some(Trouble::Reset), ..Outcome::default() };
        let json = serde_json::to_value(OutcomeReport::new(&outcome, None, b"", None)).unwrap();
        assert_eq!(json["verdict"], "rejected");
        assert_eq!(json["exit_status"], 20);
        assert_eq!(json["reasons"], serde_json::json!(["handshake"]));
        assert_eq!(json["checks"], serde_json::json!([]));
        assert_eq!(json["certificate"], serde_json::Value::Null);
        assert_eq!(json["error"], Trouble::Reset.to_string());
    }

    #[test]
    fn plaintext_says_so() {
        let outcome = Outcome { plaintext: true, sent_bytes: 3, received_bytes: 9, ..Outcome::default() };
        let report = OutcomeReport::new(&outcome, None, b"a\r\nb\xff\nc", None);
        assert_eq!(report.replies, ["a", "b\u{fffd}", "c"]);
        let json = serde_json::to_value(report).unwrap();
        assert_eq!(json["verdict"], "accepted");
        assert_eq!(json["protocol"], "plaintext");
        assert_eq!(json["cipher_suite"], serde_json::Value::Null);
        assert_eq!((&json["sent_bytes"], &json["received_bytes"]), (&3.into(), &9.into()));
    }
}

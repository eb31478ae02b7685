//! Who would take a certificate: the predictions of [`crate::who`], as text or JSON.

use serde::Serialize;

use crate::who::{Case, Prediction, Says};
use crate::words::{Escaped, instant};

/// What is predicted of one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhoReport {
    /// The input: a path, `-`, or `HOST:PORT`.
    pub source: String,
    /// The certificate's place in that input, counted from 1.
    pub index: usize,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub sha256: String,
    /// `pinned` or `ca`.
    pub model: &'static str,
    /// The name that the client expects; null where names are left aside.
    pub name: Option<String>,
    /// When the client looks (RFC 3339).
    pub at: String,
    /// How many more certificates of the chain were looked at.
    pub issuers: usize,
    /// Every verifier.
    pub verifiers: Vec<VerifierReport>,
}

/// What one verifier will say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifierReport {
    /// Who, such as `Go`.
    pub verifier: &'static str,
    /// The releases of it that were measured and are spoken of, such as `3.0.20 to 3.0.22`; null for tlslab itself, and
    /// where none was measured that was asked for.
    pub release: Option<String>,
    /// Whether it will accept; null where that is not known.
    pub accepts: Option<bool>,
    /// Why it will refuse; none where it accepts.
    pub reasons: Vec<ReasonReport>,
    /// Why it is not known what it will say; null where it is.
    pub not_known: Option<String>,
}

/// Why one verifier refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonReport {
    /// What is wrong in its eyes.
    pub reason: String,
    /// Where the rule is from.
    pub source: &'static str,
}

impl WhoReport {
    /// Of what was predicted of `case`.
    pub fn new(source: &str, index: usize, case: &Case<'_>, predictions: &[Prediction]) -> Self {
        let verifiers = predictions.iter().map(|prediction| VerifierReport {
            verifier: prediction.verifier.as_str(),
            release: prediction.release.map(ToString::to_string),
            accepts: prediction.accepts(),
            not_known: match &prediction.says {
                Says::NotKnown(words) => Some(Escaped(words).to_string()),
                Says::Accept | Says::Refuse(_) => None,
            },
            reasons: prediction
                .refusals()
                .iter()
                .map(|refusal| ReasonReport {
                    reason: Escaped(&refusal.words).to_string(),
                    source: refusal.source,
                })
                .collect(),
        });
        Self {
            source: source.to_owned(),
            index,
            sha256: crate::words::hex(&case.leaf.sha256()),
            model: case.model.as_str(),
            name: case.name.map(|name| Escaped(&name.to_string()).to_string()),
            at: instant(case.at),
            issuers: case.issuers.len(),
            verifiers: verifiers.collect(),
        }
    }

    /// A table for a person: who, what, why, and where that is from.
    pub fn lines(&self) -> Vec<String> {
        let name = self.name.as_deref().unwrap_or("whatever its name");
        let how = match self.model {
            "pinned" => "itself the only trusted certificate",
            _ => "issued by a private CA that is the only trusted one",
        };
        let mut lines = vec![
            format!("{}: certificate {}: who would take it as {name}", Escaped(&self.source), self.index),
            format!("{how}, at {}", self.at),
            String::new(),
        ];
        for verifier in &self.verifiers {
            let who = verifier.verifier;
            if verifier.accepts == Some(true) {
                lines.push(format!("{who:<22}accepts"));
            }
            if let Some(why) = &verifier.not_known {
                lines.push(format!("{who:<22}not known: {why}"));
            }
            for (index, reason) in verifier.reasons.iter().enumerate() {
                let (who, verdict) = if index == 0 { (who, "refuses") } else { ("", "") };
                lines.push(format!("{who:<22}{verdict:<9}{}", reason.reason));
                lines.push(format!("{:<31}[{}]", "", reason.source));
            }
        }
        lines
    }

    /// Of which releases it speaks, for a person.
    pub fn releases(&self) -> Vec<String> {
        let named =
            self.verifiers.iter().filter_map(|v| Some(format!("{} {}", v.verifier, v.release.as_ref()?)));
        let mut lines = vec!["as these releases were measured (--who-version asks for others):".to_owned()];
        for words in named {
            match lines.last_mut().filter(|line| line.starts_with(' ') && line.len() + words.len() < WIDTH) {
                Some(line) => line.extend(["; ", &words]),
                None => lines.push(format!("  {words}")),
            }
        }
        lines
    }
}

/// How long a line is at most, where words are set one after the other.
const WIDTH: usize = 110;

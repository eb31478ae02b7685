//! Known failures: one line a case, with room for a reason, so that what is new and what is gone are both noticed.
//!
//! ```text
//! # comments
//! expired fail  # pinned, and Java does not look at the dates
//! hs-downgrade-sentinel@1.2 error
//! ```

use std::collections::BTreeMap;

use super::verdict::Verdict;

/// Known failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<String, Known>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    verdict: Verdict,
    reason: String,
}

/// A line that cannot be read. It is not repeated: a file that was named by mistake may hold a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected a case, `fail` or `error`, and perhaps a reason behind #, found another text")]
pub struct BadBaseline {
    line: usize,
}

impl Baseline {
    /// Reads a baseline.
    pub fn read(text: &str) -> Result<Self, BadBaseline> {
        let mut known = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let (words, reason) = line.split_once('#').unwrap_or((line, ""));
            let words: Vec<_> = words.split_whitespace().collect();
            let verdict = match words.get(1) {
                None if words.is_empty() => continue,
                Some(&"fail") => Some(Verdict::Fail),
                Some(&"error") => Some(Verdict::Error),
                _ => None,
            };
            let (Some(verdict), 2) = (verdict, words.len()) else {
                return Err(BadBaseline { line: index + 1 });
            };
            known.insert(words[0].to_owned(), Known { verdict, reason: reason.trim().to_owned() });
        }
        Ok(Self(known))
    }

    /// What an audit found, by what it calls each case or check, with the reasons that are known.
    #[must_use]
    pub fn of(&self, verdicts: &[(String, Verdict)]) -> Self {
        let bad = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Fail | Verdict::Error));
        let known = bad.map(|(name, verdict)| {
            let reason = self.0.get(name).map(|known| known.reason.clone()).unwrap_or_default();
            (name.clone(), Known { verdict: *verdict, reason })
        });
        Self(known.collect())
    }

    /// As a file.
    pub fn to_text(&self) -> String {
        let lines = self.0.iter().map(|(name, known)| {
            let reason =
                if known.reason.is_empty() { String::new() } else { format!("  # {}", known.reason) };
            format!("{name} {}{reason}\n", known.verdict)
        });
        std::iter::once("# tlslab audit: known failures; a reason may stand behind #\n".to_owned())
            .chain(lines)
            .collect()
    }

    /// What is new, and what is gone, a sentence each.
    pub fn differences(&self, verdicts: &[(String, Verdict)]) -> Vec<String> {
        let found = Self::default().of(verdicts);
        let mut said = Vec::new();
        for (name, now) in &found.0 {
            match self.0.get(name) {
                Some(known) if known.verdict == now.verdict => {}
                Some(known) => {
                    said.push(format!("{name}: {} is known, found {}", known.verdict, now.verdict));
                }
                None => said.push(format!("{name}: {} that is not listed", now.verdict)),
            }
        }
        // What was not run says nothing about what is listed.
        let ran = |listed: &&String| {
            verdicts.iter().any(|(name, verdict)| name == *listed && *verdict != Verdict::Skip)
        };
        for listed in self.0.keys().filter(|listed| !found.0.contains_key(*listed)).filter(ran) {
            said.push(format!("{listed}: listed, and it does not fail any more"));
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::result::tests::{audit, result};

    #[test]
    fn what_is_new_and_what_is_gone_are_both_said() {
        let known = Baseline::read("# known\nexpired fail  # pinned\nwrong-cn fail\n\n").unwrap();
        let found = audit(vec![result("expired", Verdict::Fail), result("wrong-cn", Verdict::Pass)]);
        assert_eq!(known.differences(&found.verdicts()), ["wrong-cn: listed, and it does not fail any more"]);
        let found = audit(vec![result("expired", Verdict::Error), result("tampered", Verdict::Fail)]);
        assert_eq!(
            known.differences(&found.verdicts()),
            ["expired: fail is known, found error", "tampered: fail that is not listed"]
        );
    }

    #[test]
    fn what_is_written_is_read_again_with_its_reasons() {
        let known = Baseline::read("expired fail # dates are not looked at").unwrap();
        let again = known
            .of(&audit(vec![result("expired", Verdict::Fail), result("valid", Verdict::Pass)]).verdicts());
        assert_eq!(Baseline::read(&again.to_text()).unwrap(), known);
    }

    #[test]
    fn a_bad_line_is_named() {
        for (text, line) in [("expired", 1), ("\nexpired passed", 2), ("a fail b", 1)] {
            let error = Baseline::read(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}");
            assert!(!error.to_string().contains("passed"), "{error}");
        }
    }
}

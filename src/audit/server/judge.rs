//! The judgement: facts and a profile in, verdicts out; nobody is asked anything.

use super::checks::{CHECKS, Check, Finding, Grade};
use super::facts::Facts;
use super::mozilla;
pub use super::profile::Profile;
use super::result::CheckResult;
use crate::audit::verdict::Verdict;

/// Every check that `wanted` takes, in the table's order.
pub fn judge(facts: &Facts, profile: Profile, wanted: impl Fn(&Check) -> bool) -> Vec<CheckResult> {
    CHECKS.iter().filter(|check| wanted(check)).map(|check| one(facts, profile, check)).collect()
}

fn one(facts: &Facts, profile: Profile, check: &'static Check) -> CheckResult {
    let grade = profile.grade(check);
    let finding = (check.judge)(facts);
    let verdict = verdict(&finding, grade, profile);
    let (found, reason) = match finding {
        Finding::Good(found) | Finding::Bad(found) | Finding::Told(found) => (found, None),
        Finding::Skip(why) | Finding::Error(why) => ("not checked".to_owned(), Some(why)),
    };
    CheckResult { check, grade, verdict, found, reason }
}

fn verdict(finding: &Finding, grade: Grade, profile: Profile) -> Verdict {
    match (finding, grade) {
        (Finding::Skip(_), _) => Verdict::Skip,
        (Finding::Error(_), _) => Verdict::Error,
        (Finding::Told(_), _) | (Finding::Bad(_), Grade::Policy | Grade::Info) => Verdict::Info,
        (Finding::Good(_), _) => Verdict::Pass,
        (Finding::Bad(_), Grade::Must) => Verdict::Fail,
        (Finding::Bad(_), Grade::Should) if profile == Profile::Strict => Verdict::Fail,
        (Finding::Bad(_), Grade::Should) => Verdict::Warn,
    }
}

/// In what a server deviates from a profile: Mozilla's by its guidelines, the others by what failed.
pub fn deviations(facts: &Facts, profile: Profile, results: &[CheckResult]) -> Vec<String> {
    let failed = || {
        results.iter().filter(|result| matches!(result.verdict, Verdict::Fail | Verdict::Error)).map(
            |result| format!("{}: {}", result.check.id, result.reason.as_deref().unwrap_or(&result.found)),
        )
    };
    match profile.mozilla() {
        Some(configuration) => mozilla::deviations(facts, configuration),
        None => failed().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::LAB;
    use super::*;
    use crate::audit::server::checks;

    #[test]
    fn a_verdict_follows_from_finding_grade_and_profile() {
        let bad = || Finding::Bad(String::new());
        let cases = [
            (bad(), Grade::Must, Profile::Rfc, Verdict::Fail),
            (bad(), Grade::Should, Profile::Rfc, Verdict::Warn),
            (bad(), Grade::Should, Profile::Strict, Verdict::Fail),
            (bad(), Grade::Policy, Profile::Strict, Verdict::Info),
            (Finding::Good(String::new()), Grade::Must, Profile::Rfc, Verdict::Pass),
            // What cannot be judged is never good.
            (Finding::Skip(String::new()), Grade::Must, Profile::Rfc, Verdict::Skip),
            (Finding::Error(String::new()), Grade::Info, Profile::Lab, Verdict::Error),
        ];
        for (finding, grade, profile, expected) in cases {
            assert_eq!(verdict(&finding, grade, profile), expected, "{finding:?} {grade:?} {profile}");
        }
    }

    #[test]
    fn what_the_lab_asks_is_there() {
        for id in LAB {
            let check = checks::of(id).unwrap_or_else(|| panic!("{id}"));
            assert_eq!(Profile::Lab.grade(check), Grade::Must);
        }
        assert_eq!(Profile::Lab.grade(checks::of("3des-refused").unwrap()), Grade::Info);
    }
}

//! Durations on the command line: how long to wait for somebody.

use std::time::Duration;

/// A duration that can be waited for: more than nothing, at most a year.
pub(crate) fn read(text: &str) -> std::result::Result<Duration, String> {
    const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    let expected = "expected a duration such as 10s or 2m";
    match humantime::parse_duration(text) {
        Ok(duration) if duration.is_zero() || duration > YEAR => {
            Err(format!("{expected}, more than nothing and at most a year, found {text}"))
        }
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{expected}, found {text:?}: {error}")),
    }
}

/// The same, or none at all.
pub(crate) fn read_or_none(text: &str) -> std::result::Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Ok(Duration::ZERO),
        _ => read(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_more_than_nothing_and_less_than_for_ever() {
        assert_eq!(read("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(read("250ms"), Ok(Duration::from_millis(250)));
        for (text, found) in [
            ("0s", "more than nothing and at most a year, found 0s"),
            ("2y", "more than nothing and at most a year, found 2y"),
            ("10", "found \"10\": time unit needed, for example 10sec or 10ms"),
        ] {
            assert_eq!(read(text), Err(format!("expected a duration such as 10s or 2m, {found}")));
        }
        assert_eq!(read_or_none("0s"), Ok(Duration::ZERO));
        for text in ["soon", "", "-1s"] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with("expected a duration such as 10s or 2m, found "), "{text}: {error}");
        }
    }
}

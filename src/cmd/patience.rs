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

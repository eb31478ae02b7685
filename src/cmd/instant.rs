//! Instants on the command line.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time, UtcOffset};

/// RFC 3339 (`2026-11-23T12:00:00Z`), or a date, which means its midnight in UTC.
pub(crate) fn parse(text: &str) -> Result<OffsetDateTime, String> {
    let instant = OffsetDateTime::parse(text, &Rfc3339).ok();
    // An offset can lead out of the years that there are, and nobody could say such an instant in UTC.
    if let Some(instant) = instant.and_then(|instant| instant.checked_to_offset(UtcOffset::UTC)) {
        return Ok(instant);
    }
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map(|date| date.with_time(Time::MIDNIGHT).assume_utc())
        .map_err(|_| {
            format!(
                "expected a time such as 2026-11-23T12:00:00Z or a date such as 2026-11-23, found {text:?}"
            )
        })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_and_dates() {
        assert_eq!(parse("2026-11-23T12:00:00Z"), Ok(datetime!(2026-11-23 12:00 UTC)));
        assert_eq!(parse("2026-11-23T12:00:00+01:00"), Ok(datetime!(2026-11-23 12:00 +1)));
        assert_eq!(parse("2026-11-23"), Ok(datetime!(2026-11-23 0:00 UTC)));
        for wrong in
            ["", "yesterday", "2026-13-01", "23.11.2026", "2026-11-23T12:00:00", "9999-12-31T23:59:59-23:59"]
        {
            assert!(parse(wrong).unwrap_err().contains("expected a time"), "{wrong}");
        }
    }
}

//! From options to what the certificate shall say, with every doubt about it.

use time::{Duration, OffsetDateTime};
use tlslab::pki::issue::{Profile, Request, Validity};
use tlslab::pki::request::RequestFacts;
use tlslab::pki::subject::{SanName, Subject};
use tlslab::words::instant;

use super::super::{Failure, Result, remedy};
use super::csr;
use super::options::{Gencert, ProfileName};

const DAYS: i64 = 365;

impl Gencert {
    /// The request, and warnings about what is allowed but unwise.
    pub(super) fn request(
        &self,
        asked: Option<&RequestFacts>,
        now: OffsetDateTime,
    ) -> Result<(Request, Vec<String>)> {
        let mut warnings = Vec::new();
        let profile = match (self.profile, self.path_length) {
            (ProfileName::Ca, path_length) => Profile::Ca { path_length },
            (_, Some(_)) => {
                return Err(Failure::usage("--path-length: expected --profile ca, found another profile"));
            }
            (ProfileName::Client, None) => Profile::Client,
            (ProfileName::Ocsp, None) => Profile::Ocsp,
            (ProfileName::Openssl, None) => Profile::Openssl,
            (ProfileName::Server, None) => Profile::Server,
        };
        let subject = match (&self.subject, asked) {
            (Some(subject), _) => subject.clone(),
            (None, Some(asked)) => {
                // What is certified is no less strict for having been asked for by somebody else.
                let checked = asked.subject.check().map_err(|error| {
                    Failure::new(format_args!("the request's {error}")).hint(remedy::OTHER_SUBJECT)
                });
                checked.map(|()| asked.subject.clone())?
            }
            (None, None) => Subject::lab(),
        };
        let subject = match &self.cn {
            Some(cn) => {
                subject.with_common_name(cn).map_err(|error| Failure::usage(format_args!("--cn: {error}")))?
            }
            None => subject,
        };
        let names = self.names(&subject, asked, &mut warnings)?;
        let validity = self.validity(now)?;
        if validity.not_after < now {
            warnings.push(format!("the certificate has already expired, at {}", instant(validity.not_after)));
        }
        Ok((Request { subject, names, validity, profile }, warnings))
    }

    /// The names that the signing request asks for; or `--san`, and a server's CN before them.
    fn names(
        &self,
        subject: &Subject,
        asked: Option<&RequestFacts>,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<SanName>> {
        let asked = if self.san.is_empty() && !self.no_san { asked } else { None };
        let asked = asked.map(csr::names).transpose()?.flatten();
        let own = asked.is_none();
        let mut names = asked.unwrap_or_default();
        if self.profile == ProfileName::Server && !self.no_san && own {
            for cn in subject.common_names().filter_map(|cn| cn.text.as_deref()) {
                // An address first: as a dNSName it would be refused, as it should.
                match SanName::ip(cn).or_else(|_| SanName::dns(cn)) {
                    Ok(name) => names.push(name),
                    Err(error) if self.san.is_empty() => warnings.push(format!(
                        "the common name is no host name, so the certificate gets no subjectAltName, and browsers, \
                         Go and webpki will refuse it ({error})"
                    )),
                    Err(_) => {}
                }
            }
        }
        for name in &self.san {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        if subject.is_empty() && self.ca.is_none() && !self.csr_only {
            // RFC 5280 §4.1.2.4: the issuer, which the subject is here, must be non-empty.
            return Err(Failure::usage(
                "--subject: expected at least one attribute in the subject of a self-signed certificate, found none",
            ));
        }
        if subject.is_empty() && names.is_empty() {
            // RFC 5280 §4.1.2.6
            return Err(Failure::usage(
                "--subject: expected a subject or an alternative name (--san), found neither",
            ));
        }
        if self.profile == ProfileName::Server && subject.common_names().count() != 1 {
            warnings.push(format!(
                "the subject has {} common names, and the lab's check expects exactly one",
                subject.common_names().count()
            ));
        }
        Ok(names)
    }

    fn validity(&self, now: OffsetDateTime) -> Result<Validity> {
        let not_before = self.not_before.unwrap_or(now);
        let not_before = not_before.replace_nanosecond(0).unwrap_or(not_before);
        let not_after = match (self.not_after, self.days.unwrap_or(DAYS)) {
            (Some(not_after), _) => not_after.replace_nanosecond(0).unwrap_or(not_after),
            (None, days) if days <= 0 => {
                return Err(
                    Failure::usage(format_args!("--days {days}: expected at least 1")).hint(remedy::EXPIRED)
                );
            }
            (None, days) => days
                .checked_mul(86_400)
                .and_then(|seconds| not_before.checked_add(Duration::seconds(seconds)))
                .filter(|end| end.year() <= 9999)
                .ok_or_else(|| {
                    Failure::usage(format_args!("--days {days}: expected an end before the year 10000"))
                })?,
        };
        if not_after < not_before && !self.force_dates {
            return Err(Failure::usage(format_args!(
                "the validity ends before it begins: from {} to {}",
                instant(not_before),
                instant(not_after)
            ))
            .hint(remedy::FORCE_DATES));
        }
        for at in [not_before, not_after] {
            if !(0..=9999).contains(&at.year()) {
                return Err(Failure::usage(format_args!("{}: expected a year from 0 to 9999", instant(at))));
            }
        }
        Ok(Validity { not_before, not_after })
    }
}

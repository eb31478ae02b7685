//! For whom and for when certificates are made: the name that the client expects, the names derived from it, and the
//! instants around the one at which it judges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::pki::issue::Validity;
use crate::verify::ExpectedName;

/// The name of the lab's server.
pub const LAB_NAME: &str = "www.test.org";

/// For whom and for when certificates are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name that the client expects, and that healthy certificates prove.
    pub name: ExpectedName,
    /// When they are valid, and when they are judged.
    pub dates: Dates,
}

impl Setting {
    /// The lab's server, judged in 2040 by certificates that are valid for a century: what is checked in.
    pub fn lab() -> Self {
        Self { name: ExpectedName::Dns(LAB_NAME.to_owned()), dates: Dates::LAB }
    }

    /// Somebody else's name, of the same kind.
    pub(super) fn other(&self) -> ExpectedName {
        let other = |first, second| if self.name == first { second } else { first };
        match self.name {
            // RFC 5737 and RFC 3849: for documents.
            ExpectedName::Ip(IpAddr::V4(_)) => other(
                ExpectedName::Ip(Ipv4Addr::new(192, 0, 2, 1).into()),
                ExpectedName::Ip(Ipv4Addr::new(198, 51, 100, 1).into()),
            ),
            ExpectedName::Ip(IpAddr::V6(_)) => other(
                ExpectedName::Ip(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()),
                ExpectedName::Ip(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2).into()),
            ),
            _ => ExpectedName::Dns(format!("www.{}", self.other_domain())),
        }
    }

    /// The domain that [`other`](Self::other) is in, which the name is not (RFC 2606 §3: for examples).
    pub(super) fn other_domain(&self) -> &'static str {
        if self.name.to_string().ends_with("example.com") { "example.net" } else { "example.com" }
    }

    /// The domain above the name: `test.org` of `www.test.org`. What has none is its own.
    pub(super) fn parent(&self) -> String {
        let name = self.name.to_string();
        name.split_once('.').map_or(name.clone(), |(_, parent)| parent.to_owned())
    }

    /// The labels of the name.
    pub(super) fn labels(&self) -> Vec<String> {
        self.name.to_string().split('.').map(str::to_owned).collect()
    }
}

/// The instants of a certificate's life, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// When it is made and at the earliest judged.
    pub at: OffsetDateTime,
    /// For how long after that it may still be judged. What is about a second keeps clear of it.
    pub margin: Duration,
    /// When what is healthy is valid.
    pub valid: Validity,
    /// When what has expired did so.
    pub past: OffsetDateTime,
    /// When what is not yet valid will be.
    pub future: OffsetDateTime,
}

impl Dates {
    /// Judged in 2040, at one instant. Valid for a century, so that no fixture rots; what has expired did so in 2021,
    /// so that it has today as well.
    pub const LAB: Self = Self {
        at: datetime!(2040-06-01 12:00 UTC),
        margin: Duration::ZERO,
        valid: Validity {
            not_before: datetime!(2020-01-01 0:00 UTC),
            not_after: datetime!(2120-01-01 0:00 UTC),
        },
        past: datetime!(2021-01-01 0:00 UTC),
        future: datetime!(2110-01-01 0:00 UTC),
    };

    /// Made `now` for a client with a clock of its own, which looks at it at most `margin` later. Valid for 90 days, as
    /// certificates are.
    pub fn live(now: OffsetDateTime, margin: std::time::Duration) -> Self {
        let at = now - Duration::nanoseconds(i64::from(now.nanosecond()));
        let margin =
            Duration::seconds(i64::try_from(margin.as_secs()).unwrap_or(i64::MAX / 2).min(86_400) + 1);
        Self {
            at,
            margin,
            valid: Validity { not_before: at - Duration::days(45), not_after: at + Duration::days(45) },
            past: at - Duration::days(15),
            future: at + Duration::days(15),
        }
    }
}

/// The name that a client asks for in a case, derived from the one that it is audited with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// That name.
    Name,
    /// That name, which is a DNS name of at least this many labels.
    Host(usize),
    /// That name where it is an IP address, else 127.0.0.1.
    Address,
    /// That DNS name with this label before it.
    Below(&'static str),
    /// That DNS name with this in place of its first label.
    Beside(&'static str),
    /// The domain above that DNS name.
    Parent,
}

impl Asked {
    /// Of the name that a client is audited with; or why there is none.
    pub fn of(self, name: &ExpectedName) -> Result<ExpectedName, &'static str> {
        const NO_HOST: &str = "asks for a host name, and the client expects an address";
        match (self, name) {
            (_, ExpectedName::Email(_) | ExpectedName::Text(_)) => {
                Err("no alternative name proves a free text")
            }
            (Self::Name, _) | (Self::Address, ExpectedName::Ip(_)) => Ok(name.clone()),
            (Self::Address, ExpectedName::Dns(_)) => Ok(ExpectedName::Ip(Ipv4Addr::LOCALHOST.into())),
            (_, ExpectedName::Ip(_)) => Err(NO_HOST),
            (Self::Host(labels), ExpectedName::Dns(host)) if host.split('.').count() < labels => {
                Err("asks for a host name of more labels")
            }
            (Self::Host(_), ExpectedName::Dns(_)) => Ok(name.clone()),
            (Self::Below(label), ExpectedName::Dns(host)) => derived(&format!("{label}.{host}")),
            (Self::Beside(label), ExpectedName::Dns(host)) => match host.split_once('.') {
                Some((_, parent)) => derived(&format!("{label}.{parent}")),
                None => derived(label),
            },
            (Self::Parent, ExpectedName::Dns(host)) => match host.split_once('.') {
                Some((_, parent)) if parent.contains('.') => derived(parent),
                _ => Err("asks for the domain above the host, and there is none that is not a registry's"),
            },
        }
    }

    /// Whether it is always the very name that the client is audited with.
    pub fn is_given(self) -> bool {
        matches!(self, Self::Name | Self::Host(_))
    }
}

fn derived(name: &str) -> Result<ExpectedName, &'static str> {
    match name.parse() {
        Ok(name @ ExpectedName::Dns(_)) => Ok(name),
        _ => Err("asks for a name that is too long"),
    }
}

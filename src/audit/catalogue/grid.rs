//! What would be too many entries: every combination of names and name constraints (8,748, after BetterTLS), every byte
//! as a separator of two names in one, every tag of a GeneralName. The catalogue has one entry of each kind.
//!
//! [`cases`] names them, a [`Grid`] makes them: certificates that several cases share are made once.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::edit::{
    NAME_CONSTRAINTS, Name, dns, general_name, ip, name_constraints, proving, set_common_name, set_names,
    set_subject,
};
use super::fault::{Grade, NotMade};
use super::setting::{Asked, Setting};
use super::workshop::{Made, Workshop};
use crate::pki::issue::IssueError;
use crate::pki::key::PrivateKey;
use crate::pki::oid;
use crate::pki::subject::Subject;
use crate::verify::{ExpectedName, Reason};

/// One case of the grid. Each is issued by a private CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// A leaf of these names below an intermediate of these constraints.
    Constraints {
        /// Whether the client asks for an address, not for a host name.
        address: bool,
        /// The leaf's names.
        names: Names,
        /// The intermediate's constraints.
        subtrees: Subtrees,
    },
    /// One dNSName of two, with this byte between them.
    Separator {
        /// The byte.
        byte: u8,
        /// Whether the host's name is the first.
        first: bool,
    },
    /// The host's name under this context tag.
    Tag(u8),
}

/// A name that is not there, the one that the client asks for, another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Named {
    /// None.
    Absent,
    /// The host's or its address; of a constraint, the subtree that it is in.
    Right,
    /// Another's.
    Wrong,
}

use Named::{Absent, Right, Wrong};

const EACH: [Named; 3] = [Absent, Right, Wrong];

/// The names of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Names {
    /// In the CN.
    pub common_name: Named,
    /// Whether that is an address.
    pub common_name_is_address: bool,
    /// As a dNSName.
    pub dns: Named,
    /// As an iPAddress.
    pub ip: Named,
}

/// The subtrees of an intermediate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subtrees {
    /// Among permittedSubtrees, a dNSName.
    pub permitted_dns: Named,
    /// Among permittedSubtrees, an iPAddress.
    pub permitted_ip: Named,
    /// Among excludedSubtrees, a dNSName.
    pub excluded_dns: Named,
    /// Among excludedSubtrees, an iPAddress.
    pub excluded_ip: Named,
}

/// Every case, constraints first.
pub fn cases() -> impl Iterator<Item = Case> {
    let constraints = subtrees().flat_map(|subtrees| {
        names().flat_map(move |names| {
            [false, true].map(|address| Case::Constraints { address, names, subtrees })
        })
    });
    let separators =
        (0..=u8::MAX).flat_map(|byte| [false, true].map(|first| Case::Separator { byte, first }));
    constraints.chain(separators).chain(tags().map(Case::Tag))
}

/// Every context tag of one byte, primitive and constructed, but for a dNSName's.
fn tags() -> impl Iterator<Item = u8> {
    (0x80..=0x9e).chain(0xa0..=0xbe).filter(|tag| *tag != general_name::DNS)
}

fn names() -> impl Iterator<Item = Names> {
    EACH.into_iter().flat_map(|common_name| {
        [false, true].into_iter().flat_map(move |common_name_is_address| {
            EACH.into_iter()
                .flat_map(move |dns| EACH.map(|ip| Names { common_name, common_name_is_address, dns, ip }))
        })
    })
}

fn subtrees() -> impl Iterator<Item = Subtrees> {
    EACH.into_iter().flat_map(|permitted_dns| {
        EACH.into_iter().flat_map(move |permitted_ip| {
            EACH.into_iter().flat_map(move |excluded_dns| {
                EACH.map(|excluded_ip| Subtrees { permitted_dns, permitted_ip, excluded_dns, excluded_ip })
            })
        })
    })
}

impl Case {
    /// Its part of the grid.
    pub fn family(self) -> &'static str {
        match self {
            Self::Constraints { .. } => "grid-constraints",
            Self::Separator { .. } => "grid-separators",
            Self::Tag(_) => "grid-tags",
        }
    }

    /// The rule.
    pub fn citation(self) -> &'static str {
        match self {
            Self::Constraints { .. } => "RFC 5280 §4.2.1.10, RFC 9525 §6.3",
            Self::Separator { .. } | Self::Tag(_) => "RFC 5280 §4.2.1.6, RFC 9525 §6.3",
        }
    }

    /// What it is, in words.
    pub fn title(self) -> String {
        match self {
            Self::Constraints { address, names, subtrees } => {
                format!("asked for {}: {names}; {subtrees}", if address { "an address" } else { "a host" })
            }
            Self::Separator { byte, first: true } => {
                format!("one dNSName: the host's, the byte {byte:#04x} and another")
            }
            Self::Separator { byte, first: false } => {
                format!("one dNSName: another, the byte {byte:#04x} and the host's")
            }
            Self::Tag(tag) => format!("the name has the tag {tag:#04x}"),
        }
    }

    /// What the rules say of it. The constraints bind every alternative name; one that is not asked for is the CA's
    /// fault more than a danger to this client. A CN is no identity (RFC 9525 §2) where there is a SAN.
    pub fn grade(self) -> Grade {
        let Self::Constraints { address, names, subtrees } = self else { return Grade::MustReject };
        let dns_violates = violates(names.dns, subtrees.permitted_dns, subtrees.excluded_dns);
        let ip_violates = violates(names.ip, subtrees.permitted_ip, subtrees.excluded_ip);
        let (asked, asked_violates, other_violates) = if address {
            (names.ip, ip_violates, dns_violates)
        } else {
            (names.dns, dns_violates, ip_violates)
        };
        let common_name_violates = if names.common_name_is_address {
            violates(names.common_name, subtrees.permitted_ip, subtrees.excluded_ip)
        } else {
            violates(names.common_name, subtrees.permitted_dns, subtrees.excluded_dns)
        };
        let only_common_name = names.dns == Absent
            && names.ip == Absent
            && names.common_name == Right
            && names.common_name_is_address == address;
        match asked {
            Right if asked_violates => Grade::MustReject,
            Right if other_violates => Grade::ShouldReject,
            Right if common_name_violates => Grade::ShouldAccept,
            Right => Grade::MustAccept,
            _ if only_common_name && !common_name_violates => Grade::Policy,
            _ => Grade::MustReject,
        }
    }

    /// What policy `webpki` must refuse it for.
    pub fn webpki(self) -> Vec<Reason> {
        let Self::Constraints { address, names, subtrees } = self else { return vec![Reason::WrongName] };
        let mut reasons = Vec::new();
        if violates(names.dns, subtrees.permitted_dns, subtrees.excluded_dns)
            || violates(names.ip, subtrees.permitted_ip, subtrees.excluded_ip)
        {
            reasons.push(Reason::Untrusted);
        }
        if (if address { names.ip } else { names.dns }) != Right {
            reasons.push(Reason::WrongName);
        }
        reasons
    }

    /// The name that a client asks for which is audited with `name`; or why there is none.
    pub fn name_for(self, name: &ExpectedName) -> Result<ExpectedName, NotMade> {
        let asked = match self {
            Self::Constraints { address: true, .. } => Asked::Address,
            Self::Constraints { address: false, .. } => Asked::Host(2),
            Self::Separator { .. } | Self::Tag(_) => Asked::Host(1),
        };
        asked.of(name).map_err(NotMade::NoSuchName)
    }
}

/// RFC 5280 §6.1.3 (b, c): outside of what is permitted, or inside of what is excluded.
fn violates(name: Named, permitted: Named, excluded: Named) -> bool {
    name != Absent && ((permitted != Absent && permitted != name) || excluded == name)
}

/// As in `grid-constraints-h-rn-aw-rwnn`: what each part is, by its first letter (absent, right, wrong).
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constraints { address, names, subtrees } => {
                let asked = if *address { 'a' } else { 'h' };
                let kind = if names.common_name_is_address { 'a' } else { 'h' };
                let [cn, dns, ip] = [names.common_name, names.dns, names.ip].map(Named::letter);
                let subtrees: String = subtrees.parts().map(Named::letter).into_iter().collect();
                write!(f, "grid-constraints-{asked}-{cn}{kind}-{dns}{ip}-{subtrees}")
            }
            Self::Separator { byte, first } => {
                write!(f, "grid-separator-{byte:02x}-{}", if *first { "first" } else { "last" })
            }
            Self::Tag(tag) => write!(f, "grid-tag-{tag:02x}"),
        }
    }
}

impl Named {
    fn letter(self) -> char {
        match self {
            Absent => 'n',
            Right => 'r',
            Wrong => 'w',
        }
    }

    fn word(self) -> &'static str {
        match self {
            Absent => "none",
            Right => "right",
            Wrong => "another's",
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.common_name_is_address { "address" } else { "host" };
        let [cn, dns, ip] = [self.common_name, self.dns, self.ip].map(Named::word);
        write!(f, "CN ({kind}) {cn}, dNSName {dns}, iPAddress {ip}")
    }
}

impl Subtrees {
    fn parts(self) -> [Named; 4] {
        [self.permitted_dns, self.permitted_ip, self.excluded_dns, self.excluded_ip]
    }
}

impl fmt::Display for Subtrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [dns, ip, excluded_dns, excluded_ip] = self.parts().map(Named::word);
        write!(
            f,
            "permitted dNSName {dns}, iPAddress {ip}, excluded dNSName {excluded_dns}, iPAddress {excluded_ip}"
        )
    }
}

/// Makes the grid's certificates for one setting.
#[derive(Debug)]
pub struct Grid {
    workshop: Workshop,
    host: Setting,
    address: ExpectedName,
    key: Arc<PrivateKey>,
    trusted: CertificateDer<'static>,
    leaves: HashMap<Names, CertificateDer<'static>>,
    intermediates: HashMap<Subtrees, CertificateDer<'static>>,
}

impl Grid {
    /// For the workshop's setting; not for one whose name is an address, which has no domain above it.
    pub fn new(workshop: &Workshop) -> Result<Self, NotMade> {
        let given = &workshop.setting().name;
        let host = Asked::Host(2).of(given).map_err(NotMade::NoSuchName)?;
        let address = Asked::Address.of(given).map_err(NotMade::NoSuchName)?;
        let healthy = workshop.chain(|_| {})?;
        let mut grid = Self {
            workshop: workshop.clone(),
            host: Setting { name: host, ..workshop.setting().clone() },
            address,
            key: healthy.key,
            trusted: healthy.trusted.into_iter().next().unwrap_or_else(|| CertificateDer::from(Vec::new())),
            leaves: HashMap::new(),
            intermediates: HashMap::new(),
        };
        for names in names() {
            let leaf = grid.leaf(names)?;
            grid.leaves.insert(names, leaf);
        }
        for subtrees in subtrees() {
            let intermediate = grid.intermediate(subtrees)?;
            grid.intermediates.insert(subtrees, intermediate);
        }
        Ok(grid)
    }

    /// Makes one.
    pub fn make(&self, case: Case) -> Result<Made, NotMade> {
        let host = self.host.name.to_string();
        Ok(match case {
            Case::Constraints { names, subtrees, .. } => {
                let chain = [self.leaves.get(&names), self.intermediates.get(&subtrees)];
                Made {
                    chain: chain.into_iter().flatten().cloned().collect(),
                    key: Arc::clone(&self.key),
                    trusted: vec![self.trusted.clone()],
                }
            }
            Case::Separator { byte, first } => {
                let (before, after) =
                    if first { (host.as_str(), "evil.example") } else { ("evil.example", host.as_str()) };
                self.named((general_name::DNS, [before.as_bytes(), &[byte], after.as_bytes()].concat()))?
            }
            Case::Tag(tag) => self.named((tag, host.into_bytes()))?,
        })
    }

    /// A leaf of this alternative name and another's CN.
    fn named(&self, name: Name) -> Result<Made, IssueError> {
        self.workshop.issued(|plan| {
            set_common_name(plan, &self.host.other());
            set_names(plan, &[name]);
        })
    }

    fn leaf(&self, names: Names) -> Result<CertificateDer<'static>, IssueError> {
        let address = Setting { name: self.address.clone(), ..self.host.clone() };
        let common = if names.common_name_is_address { &address } else { &self.host };
        let named = |named, setting: &Setting| match named {
            Absent => None,
            Right => Some(setting.name.clone()),
            Wrong => Some(setting.other()),
        };
        let made = self.workshop.chain(|chain| {
            if let Some(name) = named(names.common_name, common) {
                set_common_name(&mut chain.leaf, &name);
            } else {
                let mut subject = Subject::lab();
                // The CN is the last of the lab's subject.
                subject.rdns.pop();
                set_subject(&mut chain.leaf, &subject);
            }
            let alternative = [named(names.dns, &self.host), named(names.ip, &address)];
            let alternative: Vec<_> = alternative.iter().flatten().map(proving).collect();
            if alternative.is_empty() {
                chain.leaf.remove_extension(oid::SUBJECT_ALT_NAME);
            } else {
                set_names(&mut chain.leaf, &alternative);
            }
        })?;
        Ok(made.chain.into_iter().next().unwrap_or_else(|| CertificateDer::from(Vec::new())))
    }

    fn intermediate(&self, subtrees: Subtrees) -> Result<CertificateDer<'static>, IssueError> {
        let domain = |named| match named {
            Absent => None,
            Right => Some(dns(self.host.parent())),
            Wrong => Some(dns(self.host.other_domain())),
        };
        let network = |named| match named {
            Absent => None,
            Right => Some(host_network(&self.address)),
            Wrong => {
                let other = Setting { name: self.address.clone(), ..self.host.clone() }.other();
                Some(host_network(&other))
            }
        };
        let both = |of_dns, of_ip| [domain(of_dns), network(of_ip)].into_iter().flatten().collect::<Vec<_>>();
        let permitted = both(subtrees.permitted_dns, subtrees.permitted_ip);
        let excluded = both(subtrees.excluded_dns, subtrees.excluded_ip);
        let made = self.workshop.chain(|chain| {
            if !permitted.is_empty() || !excluded.is_empty() {
                let value = name_constraints(&permitted, &excluded);
                chain.intermediate.push_extension(NAME_CONSTRAINTS, true, value);
            }
        })?;
        Ok(made.chain.into_iter().nth(1).unwrap_or_else(|| CertificateDer::from(Vec::new())))
    }
}

/// The network of this one address (RFC 5280 §4.2.1.10: the address and a mask).
fn host_network(address: &ExpectedName) -> Name {
    let bytes = match address {
        ExpectedName::Ip(address) => ip(*address).1,
        ExpectedName::Dns(_) | ExpectedName::Email(_) | ExpectedName::Text(_) => Vec::new(),
    };
    (general_name::IP, [bytes.clone(), vec![0xff; bytes.len()]].concat())
}

#[cfg(test)]
mod tests {
    use super::super::tests::verdict;
    use super::*;
    use crate::pki::key::KeyAlgorithm;
    use crate::verify::{Policy, Usage};

    /// BetterTLS's grid, by the RFCs: RFC 9525 §6.3 for the name (alternative names only), RFC 5280 §4.2.1.10 for the
    /// constraints (alternative names; the lab also binds a CN that is the only identity). However a client parts a
    /// list of names, one dNSName is one name; and it has the tag [2] and is primitive.
    #[test]
    fn every_case_is_judged_as_expected() {
        let workshop = Workshop::new(KeyAlgorithm::EcP256);
        let grid = Grid::new(&workshop).unwrap();
        let mut wrong = Vec::new();
        let mut count = [0; 3];
        for case in cases() {
            let made = grid.make(case).unwrap();
            let asked = case.name_for(&workshop.setting().name).unwrap();
            let judged = |policy| verdict(&made, Some(&asked), Usage::Server, policy, grid.host.dates.at);
            let mut found = judged(Policy::Webpki).reasons();
            found.sort_unstable();
            let mut expected = case.webpki();
            expected.sort_unstable();
            let right = match case {
                Case::Constraints { .. } => found == expected,
                _ => [found.clone(), judged(Policy::Lab).reasons()].iter().all(|reasons| {
                    reasons.iter().any(|reason| matches!(reason, Reason::WrongName | Reason::Malformed))
                }),
            };
            if !right {
                wrong.push(format!("{case}, {}: expected {expected:?}, found {found:?}", case.title()));
            }
            count[match case {
                Case::Constraints { .. } => 0,
                Case::Separator { .. } => 1,
                Case::Tag(_) => 2,
            }] += 1;
        }
        assert_eq!(count, [8748, 512, 61]);
        assert!(
            wrong.is_empty(),
            "{} wrong, among them:\n{}",
            wrong.len(),
            wrong[..wrong.len().min(5)].join("\n")
        );
    }

    #[test]
    fn grades_agree_with_what_is_expected() {
        for case in cases() {
            let accepted = case.webpki().is_empty();
            match case.grade() {
                Grade::MustAccept | Grade::ShouldAccept => assert!(accepted, "{case}"),
                Grade::Info | Grade::MustReject | Grade::Policy | Grade::ShouldReject => {
                    assert!(!accepted, "{case}");
                }
            }
        }
    }
}

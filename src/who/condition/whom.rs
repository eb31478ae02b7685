//! Whose certificate a condition is about.

use crate::pki::facts::CertFacts;
use crate::who::case::Case;

/// Whose certificate a verifier looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// All that are known.
    All,
    /// The intermediates'.
    Intermediates,
    /// The intermediates' and the trusted root's.
    Issuers,
    /// The server's.
    Leaf,
    /// The trusted root's.
    Root,
    /// The server's and the intermediates'.
    Sent,
}

impl Whom {
    /// Those, lowest first.
    pub(super) fn of<'a>(self, case: &Case<'a>) -> impl Iterator<Item = &'a CertFacts> + use<'a> {
        let leaf = matches!(self, Self::All | Self::Leaf | Self::Sent).then_some(case.leaf);
        let (intermediates, root) = case.above();
        let intermediates = match self {
            Self::All | Self::Intermediates | Self::Issuers | Self::Sent => intermediates,
            Self::Leaf | Self::Root => &[],
        };
        let root = root.filter(|_| matches!(self, Self::All | Self::Issuers | Self::Root));
        leaf.into_iter().chain(intermediates.iter().copied()).chain(root)
    }

    pub(super) fn any(self, case: &Case<'_>, holds: impl Fn(&CertFacts) -> bool) -> bool {
        self.of(case).any(holds)
    }

    pub(super) fn find(
        self,
        case: &Case<'_>,
        fault: impl Fn(&CertFacts) -> Option<String>,
    ) -> Option<String> {
        self.of(case).find_map(fault)
    }

    /// The first fault of an issuer among them, seen with what stands below it, leaf first.
    pub(super) fn find_above(
        self,
        case: &Case<'_>,
        fault: impl Fn(&[&CertFacts], &CertFacts) -> Option<String>,
    ) -> Option<String> {
        let chain: Vec<&CertFacts> = Self::All.of(case).collect();
        let places = (1..chain.len()).map(|depth| chain.split_at(depth));
        let places = places.filter_map(|(below, above)| Some((below, *above.first()?)));
        let mut among = places.filter(|(_, issuer)| self.of(case).any(|one| std::ptr::eq(one, *issuer)));
        among.find_map(|(below, issuer)| fault(below, issuer))
    }
}

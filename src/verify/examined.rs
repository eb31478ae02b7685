//! A certificate beside what its own key says of its signature: what whoever shows certificates asks for first.
//!
//! It costs the verification of a signature, and no handshake needs it.

use super::signature::self_signed;
use super::verdict::Verdict;
use crate::pki::facts::CertFacts;
use crate::pki::ocsp::OcspFacts;

/// A certificate that is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// What it says.
    pub facts: CertFacts,
    /// Whether its own key verifies its signature, as [`self_signed`] says it.
    pub self_signed: Option<bool>,
}

impl Examined {
    /// The certificate that was judged; `None` where none was shown or it could not be read.
    pub fn of_verdict(verdict: &Verdict) -> Option<Self> {
        verdict.certificate.clone().map(Self::from)
    }

    /// The certificates that came along with an OCSP response, those that can be read.
    pub fn of_response(response: &OcspFacts) -> Vec<Self> {
        let sent = response.answer.iter().flat_map(|answer| &answer.certificates);
        let read = sent.filter_map(|der| CertFacts::read_leniently(der).ok());
        read.map(|(facts, _)| Self::from(facts)).collect()
    }
}

impl From<CertFacts> for Examined {
    fn from(facts: CertFacts) -> Self {
        Self { self_signed: self_signed(&facts), facts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RICH: &[u8] = include_bytes!("../pki/facts/rich.der");

    #[test]
    fn a_signature_is_its_own_key_s_or_not() {
        let mut facts = CertFacts::read(RICH).unwrap();
        assert_eq!(Examined::from(facts.clone()).self_signed, Some(true));
        facts.signature[10] ^= 1;
        assert_eq!(Examined::from(facts.clone()).self_signed, Some(false));
        facts.signature_algorithm.name = "ecdsa-with-SHA1".to_owned();
        assert_eq!(Examined::from(facts).self_signed, None, "too weak to prove anything");
    }
}

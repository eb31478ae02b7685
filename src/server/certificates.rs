//! Which certificate a client is shown: the one for the name that it asks for, else the one for everybody.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::pki_types::{CertificateDer, DnsName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::identity::Identity;
use crate::pki::facts::{CertFacts, GeneralName};

/// The certificates of a server, by the names in them.
#[derive(Clone, Debug, Default)]
pub struct Certificates {
    /// For a client that names nobody, or somebody unknown.
    default: Option<Arc<CertifiedKey>>,
    exact: Names,
    /// By what follows `*.`.
    wildcard: Names,
}

/// Several for one name are of several kinds of key, for clients that cannot verify each.
type Names = HashMap<String, Vec<Arc<CertifiedKey>>>;

impl From<&Identity> for Certificates {
    fn from(identity: &Identity) -> Self {
        Self::new(Some(identity), [])
    }
}

impl Certificates {
    /// `named` for whoever asks for a name in one of them, `default` for the others; where there is no default these are
    /// refused. Of several for one name the first is taken whose key the client can verify with.
    pub fn new<'i>(default: Option<&Identity>, named: impl IntoIterator<Item = &'i Identity>) -> Self {
        let mut new = Self { default: default.map(Identity::certified), ..Self::default() };
        for identity in named {
            for name in names(identity.chain().first()) {
                let (of, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut new.wildcard, parent.to_owned()),
                    None => (&mut new.exact, name),
                };
                of.entry(name).or_default().push(identity.certified());
            }
        }
        new
    }

    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let usable = |keys: &Vec<Arc<CertifiedKey>>| {
            let with = keys.iter().find(|certified| certified.key.choose_scheme(schemes).is_some());
            // Where none will do the handshake fails, and says of what.
            with.or_else(|| keys.first()).cloned()
        };
        let named = name.map(str::to_ascii_lowercase).and_then(|name| {
            let exact = self.exact.get(&name).and_then(usable);
            // RFC 9525 §6.3: an asterisk stands for the whole left-most label, and for one only.
            exact.or_else(|| self.wildcard.get(name.split_once('.')?.1).and_then(usable))
        });
        named.or_else(|| self.default.clone())
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}

/// The DNS names of a certificate, in lower case: subjectAltName's, or where it has none the common names (as openssl
/// makes certificates by default). None of one that cannot be read.
fn names(leaf: Option<&CertificateDer<'static>>) -> Vec<String> {
    let Some(facts) = leaf.and_then(|leaf| CertFacts::read(leaf).ok()) else {
        return Vec::new();
    };
    let found: Vec<&str> = match facts.subject_alt_names() {
        Some(alternative) => alternative
            .iter()
            .filter_map(|name| match name {
                GeneralName::Dns(name) => Some(name.as_str()),
                _ => None,
            })
            .collect(),
        None => facts.subject.common_names().filter_map(|name| name.text.as_deref()).collect(),
    };
    let is_name = |name: &&str| DnsName::try_from(name.strip_prefix("*.").unwrap_or(name)).is_ok();
    found.into_iter().filter(is_name).map(str::to_ascii_lowercase).collect()
}

impl Identity {
    /// The names by which [`Certificates`] finds it, in lower case; `*.` begins a wildcard.
    pub fn names(&self) -> Vec<String> {
        names(self.chain().first())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::pki::issue::{Issuer, Plan, Profile, Request, Validity};
    use crate::pki::key::{KeyAlgorithm, PrivateKey};

    const BOTH: [SignatureScheme; 2] = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519];

    fn identity(algorithm: KeyAlgorithm, names: &[&str]) -> Identity {
        let key = PrivateKey::generate(algorithm).unwrap();
        let request = Request {
            subject: "/CN=CN.test.org".parse().unwrap(),
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
            validity: Validity {
                not_before: datetime!(2026-01-01 0:00 UTC),
                not_after: datetime!(2036-01-01 0:00 UTC),
            },
            profile: Profile::Server,
        };
        let plan = Plan::draft(&request, key.public_key_info(), &Issuer::SelfSigned(&key)).unwrap();
        Identity::new(vec![plan.sign(&key).unwrap()], &key).unwrap()
    }

    fn chosen(of: &Certificates, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Vec<String>> {
        of.choose(name, schemes).map(|certified| names(certified.cert.first()))
    }

    #[test]
    fn exact_comes_before_wildcard_and_wildcard_before_default() {
        let exact = identity(KeyAlgorithm::EcP256, &["www.test.org", "test.org"]);
        let wild = identity(KeyAlgorithm::EcP256, &["*.test.org"]);
        let default = identity(KeyAlgorithm::EcP256, &["default.example"]);
        let all = Certificates::new(Some(&default), [&wild, &exact]);
        for (asked, expected) in [
            (Some("WWW.test.org"), "www.test.org"),
            (Some("test.org"), "www.test.org"),
            (Some("mail.test.org"), "*.test.org"),
            (Some("a.mail.test.org"), "default.example"),
            (Some("org"), "default.example"),
            (None, "default.example"),
        ] {
            assert_eq!(chosen(&all, asked, &BOTH).unwrap()[0], expected, "{asked:?}");
        }
        let strict = Certificates::new(None, [&wild]);
        assert_eq!(chosen(&strict, Some("www.example.com"), &BOTH), None);
        assert_eq!(chosen(&strict, None, &BOTH), None);
    }

    #[test]
    fn of_two_kinds_of_key_the_one_that_the_client_can_verify() {
        let young = identity(KeyAlgorithm::Ed25519, &["www.test.org", "young"]);
        let old = identity(KeyAlgorithm::EcP256, &["www.test.org", "old"]);
        let both = Certificates::new(None, [&young, &old]);
        assert_eq!(chosen(&both, Some("www.test.org"), &BOTH).unwrap()[1], "young");
        assert_eq!(chosen(&both, Some("www.test.org"), &BOTH[..1]).unwrap()[1], "old");
        assert_eq!(chosen(&both, Some("www.test.org"), &[]).unwrap()[1], "young");
    }

    #[test]
    fn the_common_name_counts_where_there_is_no_other_name() {
        assert_eq!(identity(KeyAlgorithm::EcP256, &[]).names(), ["cn.test.org"]);
        assert_eq!(identity(KeyAlgorithm::EcP256, &["A.test.org", "192.0.2.1"]).names(), ["a.test.org"]);
    }
}

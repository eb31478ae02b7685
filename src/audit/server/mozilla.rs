//! Mozilla's Server Side TLS guidelines, and in what a server deviates from them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::facts::Facts;
use super::survey::version_key;
use crate::pki::facts::PublicKeyKind;
use crate::tls::names;
use crate::tls::registry::version::TLS_1_3;

/// The guidelines, as far as they can be seen from outside.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Guidelines {
    /// Where they stand.
    pub source: String,
    /// Which edition.
    pub version: f64,
    /// When they were written down here.
    pub written: String,
    configurations: BTreeMap<String, Configuration>,
}

#[derive(Clone, Debug, Deserialize)]
struct Configuration {
    tls_versions: Vec<String>,
    cipher_suites: Vec<String>,
    groups: Vec<String>,
    certificate_types: Vec<String>,
    certificate_curves: Vec<String>,
    rsa_key_size: Option<u32>,
    dh_parameter_size: Option<u32>,
    maximum_certificate_lifespan: i64,
    server_preferred_order: bool,
}

/// The guidelines that are checked in.
pub fn guidelines() -> &'static Guidelines {
    static READ: OnceLock<Guidelines> = OnceLock::new();
    // A test reads the file as it is checked in.
    READ.get_or_init(|| serde_json::from_str(include_str!("mozilla.json")).unwrap_or_default())
}

/// In what a server deviates from a configuration, `modern` or `intermediate`; a sentence each.
pub fn deviations(facts: &Facts, configuration: &str) -> Vec<String> {
    let Some(wanted) = guidelines().configurations.get(configuration) else { return Vec::new() };
    let mut found = Vec::new();
    for (version, seen) in &facts.versions {
        let key = version_key(*version);
        let listed = wanted.tls_versions.contains(&key);
        match seen {
            Ok(true) if !listed => found.push(format!("{key} is spoken")),
            Ok(false) if listed => found.push(format!("{key} is not spoken")),
            Err(why) => found.push(format!("{key} could not be judged: {why}")),
            Ok(_) => {}
        }
    }
    found.extend(
        facts
            .all_suites()
            .into_iter()
            .map(names::cipher_suite)
            .filter(|name| !wanted.cipher_suites.contains(name))
            .map(|name| format!("{name} is accepted")),
    );
    found.extend(
        facts
            .all_groups()
            .into_iter()
            // Hybrids came after these guidelines, and hold wherever their curve does.
            .filter(|code| crate::tls::groups::Group::of(*code).is_none_or(|group| !group.is_post_quantum()))
            .map(names::group)
            .filter(|name| !wanted.groups.contains(name) && !name.starts_with("ffdhe"))
            .map(|name| format!("{name} is accepted")),
    );
    if let Some(bits) = wanted.dh_parameter_size {
        found.extend(
            facts
                .dh
                .iter()
                .filter(|dh| dh.bits < bits)
                .map(|dh| format!("Diffie-Hellman has {} bits", dh.bits)),
        );
    }
    found.extend(certificate(facts, wanted));
    let client_decides = |version: &u16, preference: &super::facts::Preference| {
        *version < TLS_1_3 && *preference == super::facts::Preference::Client
    };
    if wanted.server_preferred_order && facts.preference.iter().any(|(v, p)| client_decides(v, p)) {
        found.push("the client decides between suites".to_owned());
    }
    found
}

fn certificate(facts: &Facts, wanted: &Configuration) -> Vec<String> {
    let Some(leaf) = facts.certificates.first() else {
        return vec!["no certificate was seen".to_owned()];
    };
    let mut found = Vec::new();
    let kind = &leaf.public_key.kind;
    let fits = match kind {
        PublicKeyKind::Rsa { modulus_bits, .. } => {
            wanted.certificate_types.iter().any(|kind| kind == "rsa")
                && wanted.rsa_key_size.is_none_or(|bits| *modulus_bits >= bits)
        }
        PublicKeyKind::Ec { curve } => wanted.certificate_curves.contains(curve),
        PublicKeyKind::Ed25519
        | PublicKeyKind::RsaPss { .. }
        | PublicKeyKind::Other(_)
        | PublicKeyKind::Unreadable => false,
    };
    if !fits {
        found.push(format!("the certificate's key is {kind}"));
    }
    let days = (leaf.not_after - leaf.not_before).whole_days();
    if days > wanted.maximum_certificate_lifespan {
        found.push(format!(
            "the certificate is valid for {days} days, longer than {}",
            wanted.maximum_certificate_lifespan
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::groups::Group;
    use crate::tls::suites::Suite;

    #[test]
    fn the_guidelines_name_what_the_registries_know() {
        for (name, configuration) in &guidelines().configurations {
            for suite in &configuration.cipher_suites {
                assert!(Suite::named(suite).is_some(), "{name}: {suite}");
            }
            for group in &configuration.groups {
                assert!(Group::all().iter().any(|known| known.name == group), "{name}: {group}");
            }
        }
        assert_eq!(guidelines().configurations.len(), 2);
    }
}

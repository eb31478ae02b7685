//! Certificates that other people made, as a measure: `just who-corpus DIR` reads what is in a folder, in place, has the
//! verifiers that are here judge each in live handshakes, and reports how often the predictions hold, by verifier and by
//! what is peculiar about the certificate.
//!
//! Nobody has their keys. So each is transplanted: it keeps its version, serial number, subject and extensions byte for
//! byte, and gets a key, an issuer and, where it has expired, a validity of ours; one of a CA as the intermediate above a
//! healthy server's, any other as the server's.

#![allow(clippy::print_stdout, reason = "a measure is printed as it is taken")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use tlslab::audit::catalogue::LAB_NAME;
use tlslab::audit::catalogue::workshop::Workshop;
use tlslab::pki::facts::{CertFacts, Extension, GeneralName};
use tlslab::pki::files::to_pem;
use tlslab::pki::issue::Plan;
use tlslab::pki::key::KeyAlgorithm;
use tlslab::pki::oid::{AUTHORITY_KEY_IDENTIFIER, SUBJECT_ALT_NAME, SUBJECT_KEY_IDENTIFIER};
use tlslab::pki::subject::Subject;
use tlslab::verify::Model;
use tlslab::who::own_name;

use super::bench::{Bench, Compared};

/// How many certificates that are peculiar in the same ways are asked about.
const ALIKE: usize = 3;

#[test]
#[ignore = "a measurement of a folder of certificates, which TLSLAB_CORPUS names: `just who-corpus DIR`"]
fn measured_agreement() {
    let folder = PathBuf::from(std::env::var_os("TLSLAB_CORPUS").expect("TLSLAB_CORPUS names a folder"));
    let most = std::env::var("TLSLAB_CORPUS_MOST").map_or(600, |most| most.parse().expect("a number"));
    let mut bench = Bench::new();
    let mut kinds: HashMap<String, BTreeSet<String>> = HashMap::new();
    let mut alike: BTreeMap<BTreeSet<String>, usize> = BTreeMap::new();
    let (mut found, mut unreadable) = (0, 0);
    for path in files(&folder) {
        for der in certificates(&path) {
            found += 1;
            let (Ok(facts), Ok(plan)) = (CertFacts::read(&der), Plan::from_certificate(&der)) else {
                unreadable += 1;
                continue;
            };
            let peculiar = peculiarities(&facts);
            let count = alike.entry(peculiar.clone()).or_default();
            *count += 1;
            if *count > ALIKE || bench.questions.len() >= most {
                continue;
            }
            let title = format!("{}, {found}", path.strip_prefix(&folder).unwrap_or(&path).display());
            for model in [Model::Ca, Model::Pinned] {
                if let Some(title) = ask(&mut bench, &title, &facts, &plan, model) {
                    kinds.insert(title, peculiar.clone());
                }
            }
        }
    }
    println!(
        "{found} certificates, {unreadable} of them unreadable; {} questions about those that are peculiar in {} ways",
        bench.questions.len(),
        alike.len()
    );
    let compared = bench.compare();
    report(&compared, &kinds);
}

/// How often predictions held: by verifier, then by peculiarity; and every one that did not.
fn report(compared: &[Compared<'_>], kinds: &HashMap<String, BTreeSet<String>>) {
    let mut verifiers: BTreeMap<_, [usize; 3]> = BTreeMap::new();
    let mut peculiar: BTreeMap<(&str, &str), [usize; 3]> = BTreeMap::new();
    for one in compared {
        let place = match one.held() {
            Some(true) => 0,
            Some(false) => 1,
            None => 2,
        };
        verifiers.entry(one.verifier).or_default()[place] += 1;
        for kind in kinds.get(&one.question.title).into_iter().flatten() {
            peculiar.entry((kind, one.verifier.as_str())).or_default()[place] += 1;
        }
    }
    println!("\n{:<60}{:>8}{:>8}{:>12}", "", "held", "wrong", "not known");
    for (verifier, [held, wrong, not_known]) in &verifiers {
        println!("{:<60}{held:>8}{wrong:>8}{not_known:>12}", verifier.as_str());
    }
    println!();
    for ((kind, verifier), [held, wrong, not_known]) in &peculiar {
        println!("{:<60}{held:>8}{wrong:>8}{not_known:>12}", format!("{kind}: {verifier}"));
    }
    println!();
    for one in compared.iter().filter(|one| one.held() == Some(false)) {
        println!("WRONG {}", one.words());
    }
}

/// Every file beneath, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The certificates of a file: DER, or PEM among whatever else there is, also within JSON and gzipped.
fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    let mut bytes = std::fs::read(path).expect("a file");
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).expect("a gzipped file");
        bytes = plain;
    }
    if bytes.first() == Some(&0x30) {
        return vec![CertificateDer::from(bytes)];
    }
    let text = String::from_utf8_lossy(&bytes).replace("\\n", "\n");
    CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok).collect()
}

/// Adds a question about it in this model; the question's title, where it can be asked.
fn ask(bench: &mut Bench, title: &str, theirs: &CertFacts, plan: &Plan, model: Model) -> Option<String> {
    // New keys for each: who has seen one certificate must not know another's issuer.
    let workshop = Workshop::new(KeyAlgorithm::EcP256);
    let is_ca = theirs.is_ca() == Some(true);
    let transplant = |healthy: &mut Plan| transplant(healthy, theirs, plan);
    let made = match model {
        Model::Pinned if is_ca => return None,
        Model::Pinned => workshop.pinned(|healthy| {
            transplant(healthy);
            healthy.issuer.clone_from(&healthy.subject);
        }),
        Model::Ca if is_ca => workshop.chain(|chain| {
            transplant(&mut chain.intermediate);
            chain.leaf.issuer.clone_from(&chain.intermediate.subject);
            point_at(&mut chain.leaf, chain.intermediate.subject_key_identifier());
        }),
        Model::Ca => workshop.chain(|chain| transplant(&mut chain.leaf)),
    };
    let made = made.ok()?;
    let judged = if is_ca { made.chain.get(1)? } else { made.chain.first()? };
    let facts = CertFacts::read(judged).ok()?;
    let name = if is_ca { None } else { own_name(&facts) };
    let name = name.map_or_else(|| LAB_NAME.to_owned(), |name| name.to_string());
    let key = to_pem("PRIVATE KEY", &made.key.to_pkcs8_der());
    bench.add(title, &name, model, [&made.chain, &made.trusted], &key);
    bench.questions.last().map(|question| question.title.clone())
}

/// Makes `healthy` say what theirs says, but for whose it is and until when.
fn transplant(healthy: &mut Plan, theirs: &CertFacts, plan: &Plan) {
    let authority = healthy.extension(AUTHORITY_KEY_IDENTIFIER).cloned();
    let now = OffsetDateTime::now_utc();
    if theirs.not_before < now && now < theirs.not_after {
        healthy.not_before.clone_from(&plan.not_before);
        healthy.not_after.clone_from(&plan.not_after);
    }
    healthy.version = plan.version;
    healthy.serial.clone_from(&plan.serial);
    healthy.subject.clone_from(&plan.subject);
    healthy.unique_identifiers.clone_from(&plan.unique_identifiers);
    healthy.extensions.clone_from(&plan.extensions);
    // What names their issuer's key has to name ours; what cannot be read is left.
    let names_a_key = theirs.extensions.iter().any(|extension| {
        matches!(&extension.decoded, Extension::AuthorityKeyIdentifier { key_id: Some(_), .. })
    });
    if let (true, Some(ours), Some(its)) =
        (names_a_key, authority, healthy.extension_mut(AUTHORITY_KEY_IDENTIFIER))
    {
        its.value = ours.value;
    }
    // Without a name that a server can have everybody refuses it, and nothing else is seen.
    let names = theirs.subject_alt_names().unwrap_or_default();
    let has_a_name = names.iter().any(|name| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)));
    let is_readable = theirs.subject_alt_names().is_some() || healthy.extension(SUBJECT_ALT_NAME).is_none();
    if !has_a_name && is_readable && theirs.version == 3 && theirs.is_ca() != Some(true) {
        let name = [&[0x30, 14, 0x82, 12][..], LAB_NAME.as_bytes()].concat();
        healthy.set_extension(SUBJECT_ALT_NAME, names.is_empty() && theirs.subject.is_empty(), name);
    }
}

/// Makes the authority key identifier of `below` name the key that the issuer says it has.
fn point_at(below: &mut Plan, key_id: Option<Vec<u8>>) {
    let Some(key_id) = key_id.filter(|id| id.len() < 100) else {
        below.remove_extension(AUTHORITY_KEY_IDENTIFIER);
        return;
    };
    let length = u8::try_from(key_id.len()).expect("under 100");
    below.set_extension(
        AUTHORITY_KEY_IDENTIFIER,
        false,
        [&[0x30, length + 2, 0x80, length][..], &key_id].concat(),
    );
}

/// What is peculiar about a certificate beside a healthy one, in words.
fn peculiarities(facts: &CertFacts) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if facts.is_ca() == Some(true) {
        found.insert("a CA's".to_owned());
    }
    if facts.version != 3 {
        found.insert(format!("version {}", facts.version));
    }
    found.extend(strings(&facts.subject));
    for extension in &facts.extensions {
        let critical = if extension.critical { "critical " } else { "" };
        match &extension.decoded {
            Extension::Malformed(_) => found.insert(format!("unreadable {critical}{}", extension.oid)),
            Extension::SubjectAltName(names) => {
                found.extend(names.iter().map(|name| format!("SAN with {}", kind_of(name))));
                extension.critical && found.insert("critical SAN".to_owned())
            }
            Extension::NameConstraints { permitted, excluded } => {
                found.extend(permitted.iter().map(|name| format!("permits {}", kind_of(name))));
                found.extend(excluded.iter().map(|name| format!("excludes {}", kind_of(name))));
                found.insert(format!("{critical}name constraints"))
            }
            Extension::ExtendedKeyUsage(purposes) => {
                found.extend(purposes.iter().map(|purpose| format!("purpose {purpose}")));
                extension.critical && found.insert("critical extended key usage".to_owned())
            }
            Extension::KeyUsage(usage) => {
                let bits: Vec<&str> = usage.names().collect();
                found.insert(format!("{critical}key usage {}", bits.join(" ")))
            }
            _ => found.insert(format!("{critical}{}", extension.oid)),
        };
    }
    if facts.extensions.iter().all(|extension| extension.oid != SUBJECT_KEY_IDENTIFIER) {
        found.insert("no subject key identifier".to_owned());
    }
    found
}

fn kind_of(name: &GeneralName) -> String {
    match name {
        GeneralName::Directory(_) => "a directory name".to_owned(),
        GeneralName::Dns(name) if name.is_ascii() => "a DNS name".to_owned(),
        GeneralName::Dns(_) => "a DNS name that is not ASCII".to_owned(),
        GeneralName::Email(_) => "an e-mail address".to_owned(),
        GeneralName::Ip(_) | GeneralName::IpRange { .. } => "an IP address".to_owned(),
        GeneralName::Uri(_) => "a URI".to_owned(),
        other @ GeneralName::Other { .. } => {
            format!("{}:…", other.to_string().split(':').next().unwrap_or_default())
        }
    }
}

/// What is peculiar about the strings of a name: types other than those that nearly everybody uses, and what cannot be
/// read.
fn strings(subject: &Subject) -> BTreeSet<String> {
    const PRINTABLE: u8 = 19;
    const UTF8: u8 = 12;
    const IA5: u8 = 22;
    let attributes = || subject.rdns.iter().flatten();
    let unread = attributes().filter(|attribute| attribute.text.is_none());
    let unread = unread
        .map(|attribute| format!("a string in the subject that cannot be read, of type {}", attribute.tag));
    let other = attributes().filter(|attribute| ![PRINTABLE, UTF8, IA5].contains(&attribute.tag));
    let other = other.map(|attribute| format!("a string in the subject of type {}", attribute.tag));
    let several =
        subject.rdns.iter().any(|rdn| rdn.len() > 1).then(|| "an RDN of several attributes".to_owned());
    unread.chain(other).chain(several).collect()
}

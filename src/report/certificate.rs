//! A certificate, as JSON for a machine and as lines for a person.
//!
//! The JSON's field names are a contract, the same wherever a certificate is shown. All text that comes from
//! the certificate is escaped: neither a line nor a terminal's escape code can be forged.

use std::fmt::Display;

use data_encoding::BASE64;
use serde::Serialize;
use time::OffsetDateTime;

use crate::crypto;
use crate::pki::facts::{CertFacts, Extension, ExtensionFacts, GeneralName, PublicKeyFacts, PublicKeyKind};
use crate::pki::oid::Oid;
use crate::verify::Examined;
use crate::words::{self, Escaped};

/// What JSON says of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateReport {
    /// The subject, in openssl's `-subj` syntax.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The serial number in lower-case hexadecimal, two digits a byte, without a sign byte; `-` before a
    /// negative one.
    pub serial: String,
    /// notBefore, RFC 3339; null where it cannot be read.
    pub not_before: Option<String>,
    /// notAfter, RFC 3339; null where it cannot be read.
    pub not_after: Option<String>,
    /// Subject alternative names, `DNS:www.test.org`; empty where there are none.
    pub san: Vec<String>,
    /// The key, such as `RSA 4096 bits`, `EC P-256`, `Ed25519`.
    pub public_key: String,
    /// The signature algorithm, by openssl's name.
    pub signature_algorithm: String,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub sha256: String,
    /// SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.
    pub spki_sha256: String,
    /// The same as a pin (RFC 7469 §2.4, as curl's `--pinnedpubkey`): `sha256/` and base64.
    pub spki_pin: String,
    /// 1, 2 or 3.
    pub version: u8,
    /// Whether subject and issuer are the same name.
    pub self_issued: bool,
    /// Whether its own key verifies its signature; null where the algorithm is unknown or too weak to be looked at.
    pub self_signed: Option<bool>,
    /// Every extension in order.
    pub extensions: Vec<ExtensionReport>,
    /// The fields that cannot be read, by their names in RFC 5280: what is said of them here says nothing. Absent where
    /// there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<&'static str>,
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExtensionReport {
    /// The OID in dotted form.
    pub oid: String,
    /// The name by which RFCs know it, such as `subjectAltName`; the OID again where it is unknown.
    pub name: String,
    /// Whether a verifier that does not know it must refuse.
    pub critical: bool,
    /// `decoded`, `malformed` or `unknown`.
    pub state: &'static str,
    /// What it says; for a malformed one what is wrong with it; for an unknown one its bytes in hexadecimal.
    pub value: String,
}

impl From<&Examined> for CertificateReport {
    fn from(Examined { facts, self_signed }: &Examined) -> Self {
        let spki = crypto::sha256(&facts.public_key.spki);
        Self {
            subject: escaped(&facts.subject),
            issuer: escaped(&facts.issuer),
            serial: serial(&facts.serial, ""),
            not_before: facts.can_read("notBefore").then(|| words::instant(facts.not_before)),
            not_after: facts.can_read("notAfter").then(|| words::instant(facts.not_after)),
            san: facts.subject_alt_names().unwrap_or_default().iter().map(escaped).collect(),
            public_key: key_name(&facts.public_key),
            signature_algorithm: facts.signature_algorithm.name.clone(),
            sha256: words::hex(&facts.sha256()),
            spki_sha256: words::hex(&spki),
            spki_pin: pin(&spki),
            version: facts.version,
            self_issued: facts.is_self_issued(),
            self_signed: *self_signed,
            extensions: facts.extensions.iter().map(ExtensionReport::from).collect(),
            unreadable: facts.unreadable.clone(),
        }
    }
}

impl From<&ExtensionFacts> for ExtensionReport {
    fn from(facts: &ExtensionFacts) -> Self {
        let state = match facts.decoded {
            Extension::Malformed(_) => "malformed",
            Extension::Unknown => "unknown",
            _ => "decoded",
        };
        Self {
            oid: facts.oid.to_string(),
            name: facts.oid.name_or_dotted(),
            critical: facts.critical,
            state,
            value: extension_value(facts),
        }
    }
}

/// Every field of a certificate, a label and a value a line, for a person who looks at the instant `at`.
///
/// ```text
/// subject        /C=AU/O=Test Organisation/CN=www.test.org
/// issuer         /C=AU/O=Test Organisation/CN=www.test.org
///                self-signed: its own key verifies its signature
/// serial         12:34:56:78:90:ab:cd:ef
/// not before     2026-11-23T12:00:00Z (3 days ago)
/// not after      2027-11-23T12:00:00Z (362 days left)
/// ```
pub fn lines(examined: &Examined, at: OffsetDateTime) -> Vec<String> {
    let (report, facts) = (CertificateReport::from(examined), &examined.facts);
    let mut lines = Vec::new();
    let mut put = |label: &str, value: String| lines.push(line(label, value));
    let readable = |field: &str, value: String| {
        if facts.can_read(field) { value } else { "cannot be read".to_owned() }
    };
    put("subject", readable("subject", report.subject.clone()));
    put("issuer", readable("issuer", report.issuer.clone()));
    put("", self_signed_words(&report));
    put("serial", readable("serialNumber", serial(&facts.serial, ":")));
    put("version", readable("version", report.version.to_string()));
    put("not before", readable("notBefore", not_before_words(facts.not_before, at)));
    put("not after", readable("notAfter", not_after_words(facts.not_after, at)));
    put("key", readable("subjectPublicKeyInfo", key_words(&facts.public_key)));
    put("signature", readable("signatureAlgorithm", signature_words(facts)));
    put("SHA-256", words::hex_colons(&facts.sha256()));
    put("SPKI SHA-256", report.spki_sha256.clone());
    put("SPKI pin", report.spki_pin.clone());
    if report.extensions.is_empty() {
        put("extensions", readable("extensions", "none".to_owned()));
    } else {
        put("extensions", report.extensions.len().to_string());
    }
    lines.extend(report.extensions.iter().map(extension_line));
    lines
}

/// A label and a value.
pub(super) fn line(label: &str, value: impl Display) -> String {
    format!("{label:<14} {value}")
}

pub(super) fn extension_line(extension: &ExtensionReport) -> String {
    let critical = if extension.critical { " (critical)" } else { "" };
    let state = match extension.state {
        "malformed" => "malformed: ",
        "unknown" => "unknown: ",
        _ => "",
    };
    format!("  {}{critical}: {state}{}", extension.name, shortened(&extension.value))
}

/// A long value's beginning: a person who wants all of it has `--json`.
fn shortened(value: &str) -> String {
    const MOST: usize = 1000;
    match value.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}… ({} bytes in all)", &value[..end], value.len()),
        None => value.to_owned(),
    }
}

fn self_signed_words(report: &CertificateReport) -> String {
    match (report.self_issued, report.self_signed) {
        (true, Some(true)) => "self-signed: its own key verifies its signature",
        (true, Some(false)) => "names itself as its issuer, but its own key does not verify its signature",
        (true, None) => "names itself as its issuer; its signature was not checked: unknown or too weak",
        (false, Some(true)) => "names another issuer, but its own key verifies its signature",
        (false, _) => "another issuer: not self-signed",
    }
    .to_owned()
}

fn not_before_words(not_before: OffsetDateTime, at: OffsetDateTime) -> String {
    let instant = words::instant(not_before);
    let relative = words::relative(not_before, at);
    if at < not_before {
        format!("{instant} (not valid yet: {relative})")
    } else {
        format!("{instant} ({relative})")
    }
}

fn not_after_words(not_after: OffsetDateTime, at: OffsetDateTime) -> String {
    let instant = words::instant(not_after);
    if at > not_after {
        return format!("{instant} (expired {})", words::relative(not_after, at));
    }
    let left = (not_after - at).whole_seconds().unsigned_abs();
    format!("{instant} ({} left)", words::span(left))
}

fn signature_words(facts: &CertFacts) -> String {
    let name = &facts.signature_algorithm.name;
    if facts.signature_algorithms_agree {
        name.clone()
    } else {
        format!("{name}, but the signed part names another algorithm")
    }
}

/// A key's kind, and what is odd about how it is written down.
pub(super) fn key_name(key: &PublicKeyFacts) -> String {
    match key.encoding_fault() {
        Some(fault) => format!("{}: {fault}", key.kind),
        None => key.kind.to_string(),
    }
}

/// A key in one line: kind, and an RSA key's exponent.
pub(super) fn key_words(key: &PublicKeyFacts) -> String {
    match &key.kind {
        PublicKeyKind::Rsa { .. } | PublicKeyKind::RsaPss { .. } if key.numbers_fault().is_some() => {
            key_name(key)
        }
        PublicKeyKind::Rsa { exponent, .. } | PublicKeyKind::RsaPss { exponent, .. } => {
            let exponent = match <[u8; 8]>::try_from(left_padded(exponent)) {
                Ok(bytes) => u64::from_be_bytes(bytes).to_string(),
                Err(_) => format!("0x{}", words::hex(exponent)),
            };
            let fault = key.parameters_fault().map_or_else(String::new, |fault| format!(": {fault}"));
            format!("{}, exponent {exponent}{fault}", key.kind)
        }
        _ => key_name(key),
    }
}

fn left_padded(bytes: &[u8]) -> Vec<u8> {
    [&vec![0; 8_usize.saturating_sub(bytes.len())], bytes].concat()
}

/// The pin of a SubjectPublicKeyInfo's SHA-256.
pub(super) fn pin(spki_sha256: &[u8; 32]) -> String {
    format!("sha256/{}", BASE64.encode(spki_sha256))
}

/// A serial number as openssl shows it: hexadecimal bytes of its magnitude, `-` before a negative one.
pub(super) fn serial(content: &[u8], separator: &str) -> String {
    let negative = content.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut magnitude = content.to_vec();
    if negative {
        // Two's complement: invert, add one.
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            let (sum, overflow) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, overflow);
        }
    }
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let digits = &magnitude[zeros.min(magnitude.len().saturating_sub(1))..];
    let digits = digits.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator);
    if negative { format!("-{digits}") } else { digits }
}

pub(super) fn escaped(text: &impl ToString) -> String {
    Escaped(&text.to_string()).to_string()
}

fn names(names: &[GeneralName]) -> String {
    names.iter().map(escaped).collect::<Vec<_>>().join(", ")
}

fn extension_value(facts: &ExtensionFacts) -> String {
    match &facts.decoded {
        Extension::AuthorityKeyIdentifier { key_id, has_issuer, serial: number } => {
            let mut parts = Vec::new();
            parts.extend(key_id.as_ref().map(|id| format!("key {}", words::hex_colons(id))));
            parts.extend(has_issuer.then(|| "issuer named".to_owned()));
            parts.extend(number.as_ref().map(|number| format!("serial {}", serial(number, ":"))));
            if parts.is_empty() { "empty".to_owned() } else { parts.join(", ") }
        }
        Extension::BasicConstraints { ca, path_length } => {
            let ca = if *ca { "CA:TRUE" } else { "CA:FALSE" };
            path_length.map_or_else(|| ca.to_owned(), |length| format!("{ca}, pathlen:{length}"))
        }
        Extension::ExtendedKeyUsage(purposes) => {
            purposes.iter().map(Oid::name_or_dotted).collect::<Vec<_>>().join(", ")
        }
        Extension::KeyUsage(usage) => match usage.names().collect::<Vec<_>>() {
            set if set.is_empty() => "none".to_owned(),
            set => set.join(", "),
        },
        Extension::NameConstraints { permitted, excluded } => {
            [("permitted", permitted), ("excluded", excluded)]
                .into_iter()
                .filter(|(_, subtrees)| !subtrees.is_empty())
                .map(|(kind, subtrees)| format!("{kind} {}", names(subtrees)))
                .collect::<Vec<_>>()
                .join("; ")
        }
        Extension::SubjectAltName(alternatives) => names(alternatives),
        Extension::SubjectKeyIdentifier(id) => words::hex_colons(id),
        Extension::TlsFeatures(features) => {
            let name = |feature: &u16| match feature {
                5 => "status_request (must staple)".to_owned(),
                17 => "status_request_v2".to_owned(),
                other => other.to_string(),
            };
            features.iter().map(name).collect::<Vec<_>>().join(", ")
        }
        Extension::Described(text) | Extension::Malformed(text) => escaped(text),
        Extension::Unknown => words::hex(&facts.value),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::pki::der::{sequence, tag, tlv};

    const RICH: &[u8] = include_bytes!("../pki/facts/rich.der");

    fn rich() -> CertFacts {
        CertFacts::read(RICH).unwrap()
    }

    /// Its own key verifies it.
    fn examined(facts: CertFacts) -> Examined {
        Examined { facts, self_signed: Some(true) }
    }

    #[test]
    fn every_field_has_its_line() {
        assert_eq!(
            lines(&examined(rich()), datetime!(2026-12-01 14:51:36 UTC)).join("\n"),
            "\
subject        /C=AU/O=Test Organisation/CN=www.test.org
issuer         /C=AU/O=Test Organisation/CN=www.test.org
               self-signed: its own key verifies its signature
serial         12:34:56:78:90:ab:cd:ef
version        3
not before     2026-11-23T14:51:36Z (8 days ago)
not after      2126-10-30T14:51:36Z (100 years left)
key            EC P-256
signature      ecdsa-with-SHA256
SHA-256        C8:37:D5:39:DD:A4:7A:37:C6:20:9C:42:9A:BE:66:AB:6B:7A:6F:0F:A0:C3:BF:7C:9A:97:3C:E6:9F:0F:7B:8C
SPKI SHA-256   2cfbac0032eaa0615b0e8d4a6dfc7ba84cf7cc47e6371a799a39e03475e91307
SPKI pin       sha256/LPusADLqoGFbDo1Kbfx7qEz3zEfmNxp5mjngNHXpEwc=
extensions     18
  basicConstraints (critical): CA:TRUE, pathlen:3
  keyUsage (critical): digitalSignature, keyAgreement, keyCertSign, cRLSign, decipherOnly
  extKeyUsage: serverAuth, clientAuth, 1.2.3.4
  subjectKeyIdentifier: 32:83:8E:B9:78:AF:2F:9B:FF:E0:C3:B1:13:FE:94:E7:3B:DA:22:3F
  authorityKeyIdentifier: issuer named, serial 12:34:56:78:90:ab:cd:ef
  subjectAltName: DNS:www.test.org, DNS:*.test.org, IP:127.0.0.1, IP:::1, email:a@test.org, \
URI:https://test.org/, DirName:/C=AU/CN=dir name, registeredID:1.2.3.4, otherName:1.2.3.4:hello
  issuerAltName: DNS:ca.test.org
  nameConstraints (critical): permitted DNS:.test.org, IP:10.0.0.0/8, IP:fe80::/64; \
excluded email:evil.test.org
  certificatePolicies: 1.2.3.4; domain-validated (2.23.140.1.2.1) CPS https://test.org/cps
  cRLDistributionPoints: URI:http://crl.test.org/a.crl
  authorityInfoAccess: OCSP URI:http://ocsp.test.org/; CA issuers URI:http://ca.test.org/ca.der
  policyConstraints: requireExplicitPolicy:0; inhibitPolicyMapping:1
  inhibitAnyPolicy: skipCerts:2
  tlsFeature: status_request (must staple), status_request_v2
  netscapeComment: a comment
  netscapeCertType: SSL client, SSL server
  1.2.3.4.5 (critical): unknown: 0500
  ocspNoCheck: present"
        );
    }

    #[test]
    fn validity_is_said_as_people_say_it() {
        let (not_before, not_after) = (datetime!(2026-11-23 12:00 UTC), datetime!(2027-11-23 12:00 UTC));
        let day = time::Duration::DAY;
        let cases = [
            (not_before - 3 * day, "(not valid yet: in 3 days)", "(368 days left)"),
            (not_before, "(now)", "(365 days left)"),
            (not_after, "(365 days ago)", "(0 seconds left)"),
            (not_after + 3 * day, "(368 days ago)", "(expired 3 days ago)"),
        ];
        for (at, before, after) in cases {
            assert_eq!(not_before_words(not_before, at), format!("2026-11-23T12:00:00Z {before}"));
            assert_eq!(not_after_words(not_after, at), format!("2027-11-23T12:00:00Z {after}"));
        }
    }

    #[test]
    fn serial_numbers_are_openssl_s() {
        let cases: [(&[u8], &str); 7] = [
            (&[0], "00"),
            (&[1], "01"),
            (&[0, 0xab, 0xcd], "ab:cd"),
            (&[0x7f, 1], "7f:01"),
            (&[0xff], "-01"),
            (&[0x80], "-80"),
            (&[0xff, 0x00], "-01:00"),
        ];
        for (content, expected) in cases {
            assert_eq!(serial(content, ":"), expected, "{content:02x?}");
        }
    }

    #[test]
    fn nothing_from_a_certificate_reaches_the_terminal_unescaped() {
        let mut facts = rich();
        facts.extensions[5].decoded =
            Extension::SubjectAltName(vec![GeneralName::Dns("a\n\u{1b}[31mb\u{202e}".to_owned())]);
        facts.extensions[14].decoded = Extension::Described("a\r\u{9b}b".to_owned());
        let shown = examined(facts);
        let lines = lines(&shown, shown.facts.not_before);
        assert_eq!(lines.len(), 31);
        assert_eq!(lines[18], "  subjectAltName: DNS:a\\n\\u{1b}[31mb\\u{202e}");
        assert_eq!(lines[27], "  netscapeComment: a\\r\\u{9b}b");
        let report = CertificateReport::from(&shown);
        assert_eq!(report.san, ["DNS:a\\n\\u{1b}[31mb\\u{202e}"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let mut facts = rich();
        facts.signature_algorithms_agree = false;
        facts.extensions.truncate(1);
        facts.extensions[0].decoded = Extension::Malformed("no name".to_owned());
        let forged = Examined { self_signed: Some(false), facts };
        let lines = lines(&forged, forged.facts.not_before);
        let names_itself = "names itself as its issuer, but its own key does not verify its signature";
        assert_eq!(lines[2], format!("               {names_itself}"));
        assert_eq!(lines[8], "signature      ecdsa-with-SHA256, but the signed part names another algorithm");
        assert_eq!(lines[13], "  basicConstraints (critical): malformed: no name");
        assert_eq!(CertificateReport::from(&forged).self_signed, Some(false));
    }

    #[test]
    fn long_values_are_cut_for_people_only() {
        assert_eq!(shortened(&"é".repeat(1000)), "é".repeat(1000));
        assert_eq!(shortened(&"é".repeat(1001)), format!("{}… (2002 bytes in all)", "é".repeat(1000)));
    }

    #[test]
    fn exponents_are_numbers_where_they_can_be() {
        let words = |exponent: &[u8]| {
            let kind = PublicKeyKind::Rsa { modulus_bits: 2048, exponent: exponent.to_vec() };
            let bits = sequence(&[&tlv(tag::INTEGER, &[3]), &tlv(tag::INTEGER, exponent)]);
            key_words(&PublicKeyFacts { kind, spki: vec![], algorithm_id: vec![], bits })
        };
        assert_eq!(words(&[1, 0, 1]), "RSA 2048 bits, exponent 65537");
        assert_eq!(words(&[1, 0, 0, 0, 0, 0, 0, 0, 1]), "RSA 2048 bits, exponent 0x010000000000000001");
    }
}

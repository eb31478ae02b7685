//! How an RSA key is written down, and what is wrong with that (RFC 8017 §A.1.1, RFC 3279 §2.3.1, RFC 4055).

use super::super::der::{self, Element, Walk, tag};
use super::super::oid;
use super::{PublicKeyFacts, PublicKeyKind};

impl PublicKeyFacts {
    /// What is wrong with how an RSA key is written down; `None` for what is sound, and for keys of other kinds.
    pub fn encoding_fault(&self) -> Option<String> {
        self.numbers_fault().or_else(|| self.parameters_fault().map(str::to_owned))
    }

    /// The same of its two numbers: RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }.
    pub fn numbers_fault(&self) -> Option<String> {
        matches!(self.kind, PublicKeyKind::Rsa { .. } | PublicKeyKind::RsaPss { .. })
            .then(|| numbers(&self.bits).err())
            .flatten()
    }

    /// The same of its algorithm's parameters: NULL for rsaEncryption, none or RSASSA-PSS-params for id-RSASSA-PSS.
    pub fn parameters_fault(&self) -> Option<&'static str> {
        let mut walk = Walk(&self.algorithm_id);
        walk.oid().ok()?;
        let parameters = walk.any().ok()?;
        match (&self.kind, parameters.map(|parameters| (parameters.tag, parameters.content))) {
            (PublicKeyKind::Rsa { .. }, None) => Some("no parameters, where RFC 3279 §2.3.1 has NULL"),
            (PublicKeyKind::Rsa { .. }, Some((tag::NULL, []))) => None,
            (PublicKeyKind::Rsa { .. }, Some(_)) => Some("other parameters than NULL (RFC 3279 §2.3.1)"),
            (PublicKeyKind::RsaPss { .. }, Some((other, _))) if other != tag::SEQUENCE => {
                Some("parameters that are no RSASSA-PSS-params (RFC 4055 §3.1)")
            }
            (PublicKeyKind::Other(oid::X500_RSA), _) => {
                Some("RSA by X.500's old identifier 2.5.8.1.1, where RFC 3279 §2.3.1 has rsaEncryption")
            }
            _ => None,
        }
    }
}

fn numbers(key: &[u8]) -> Result<(), String> {
    let outer = match der::only(key, tag::SEQUENCE) {
        Ok(outer) => outer,
        Err(_) if key.is_empty() => return Err("no bytes at all".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    let mut walk = Walk(outer.content);
    for what in ["modulus", "exponent"] {
        let number = walk.expect(tag::INTEGER).map_err(|error| format!("no {what}: {error}"))?;
        if let Some(fault) = integer(number) {
            return Err(format!("{} {what} {fault}", if what == "modulus" { "a" } else { "an" }));
        }
    }
    walk.end().map_err(|_| "more than modulus and exponent".to_owned())
}

/// X.690 §8.3.
fn integer(number: Element<'_>) -> Option<&'static str> {
    match number.content {
        [] => Some("of no bytes (X.690 §8.3.1)"),
        [0x80..=0xff, ..] => Some("below zero (X.690 §8.3.3)"),
        [0, 0..=0x7f, ..] => Some("with leading zeros (X.690 §8.3.2)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::der::{bit_string, sequence, tlv};
    use crate::pki::oid::Oid;

    const NULL: &[u8] = &[tag::NULL, 0];

    fn key(algorithm: Oid, parameters: &[u8], bits: &[u8]) -> PublicKeyFacts {
        let algorithm = sequence(&[&der::oid(algorithm), parameters]);
        PublicKeyFacts::read(&sequence(&[&algorithm, &bit_string(bits)])).unwrap()
    }

    fn numbers(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        sequence(&[&tlv(tag::INTEGER, modulus), &tlv(tag::INTEGER, exponent)])
    }

    #[test]
    fn odd_numbers_are_named() {
        let modulus = [&[0][..], &[0xd5; 256]].concat();
        let good = numbers(&modulus, &[1, 0, 1]);
        assert_eq!(key(oid::RSA, NULL, &good).encoding_fault(), None);
        let third = [tag::INTEGER, 1, 1];
        for (bits, fault) in [
            (numbers(&modulus[1..], &[3]), "a modulus below zero (X.690 §8.3.3)"),
            (numbers(&[&[0][..], &modulus].concat(), &[3]), "a modulus with leading zeros (X.690 §8.3.2)"),
            (numbers(&modulus, &[0x81, 0, 1]), "an exponent below zero (X.690 §8.3.3)"),
            (numbers(&modulus, &[0, 1]), "an exponent with leading zeros (X.690 §8.3.2)"),
            (numbers(&modulus, &[]), "an exponent of no bytes (X.690 §8.3.1)"),
            (sequence(&[]), "no modulus: expected tag 0x02, found nothing"),
            (sequence(&[&tlv(tag::INTEGER, &modulus)]), "no exponent: expected tag 0x02, found nothing"),
            (sequence(&[&tlv(tag::INTEGER, &modulus), &third, &third]), "more than modulus and exponent"),
            ([&good[..], &[0, 0]].concat(), "bytes left over at the end"),
            (tlv(tag::OCTET_STRING, &good), "expected tag 0x30, found 0x04"),
            (Vec::new(), "no bytes at all"),
        ] {
            assert_eq!(key(oid::RSA, NULL, &bits).encoding_fault().as_deref(), Some(fault));
            assert_eq!(key(oid::RSA_PSS, &[], &bits).encoding_fault().as_deref(), Some(fault));
        }
    }

    #[test]
    fn odd_parameters_are_named() {
        let good = numbers(&[3], &[3]);
        let list = sequence(&[]);
        for (algorithm, parameters, fault) in [
            (oid::RSA, NULL, None),
            (oid::RSA, &[], Some("no parameters, where RFC 3279 §2.3.1 has NULL")),
            (oid::RSA, &list, Some("other parameters than NULL (RFC 3279 §2.3.1)")),
            (oid::RSA, &[tag::NULL, 1, 0], Some("other parameters than NULL (RFC 3279 §2.3.1)")),
            (oid::RSA_PSS, &[], None),
            (oid::RSA_PSS, &list, None),
            (oid::RSA_PSS, NULL, Some("parameters that are no RSASSA-PSS-params (RFC 4055 §3.1)")),
            (
                oid::X500_RSA,
                &[tag::INTEGER, 2, 8, 0],
                Some("RSA by X.500's old identifier 2.5.8.1.1, where RFC 3279 §2.3.1 has rsaEncryption"),
            ),
            (oid::RSA_OAEP, &[], None),
        ] {
            assert_eq!(key(algorithm, parameters, &good).encoding_fault().as_deref(), fault);
        }
    }
}

//! Signatures that nobody made, and that a careless verifier takes: the attacker has no key of any CA's.

use num_bigint::BigUint;
use rustls::pki_types::CertificateDer;

use super::super::edit::CA_FALSE;
use super::super::fault::Fault;
use super::super::workshop::{Made, Role, Workshop};
use crate::crypto::sha256;
use crate::pki::issue::{IssueError, Plan, SignatureEdit};
use crate::pki::oid;
use crate::verify::Reason::{BadSignature, Untrusted};

const FORGED: &str = "anybody makes a certificate for any name, with no key but one of their own";
const VERIFY: &str =
    "verify signatures with a maintained library of today, and let nothing that it refuses pass";

pub(super) fn faults() -> Vec<Fault> {
    let fault = |name, title, citation| {
        Fault::under_ca(name, title, citation, FORGED).fix(VERIFY).refused(&[Untrusted, BadSignature])
    };
    vec![
        fault(
            "ecdsa-zero-signature",
            "an ECDSA signature of r = 0 and s = 0",
            "RFC 5280 §6.1.3 (a)(1), FIPS 186-5 §6.4.2; CVE-2022-21449",
        )
        // SEQUENCE { INTEGER 0, INTEGER 0 }
        .leaf(|plan, _| plan.signature_edit = SignatureEdit::Replace(vec![0x30, 6, 2, 1, 0, 2, 1, 0])),
        fault("ecdsa-empty-digest", "an ECDSA signature over a digest of nothing", "RFC 5280 §6.1.3 (a)(1)")
            .made(empty_digest),
        fault(
            "rsa-e3-padding",
            "an RSA signature under the exponent 3, its padding cut short and the rest made to fit",
            "RFC 8017 §8.2.2; CVE-2006-4339",
        )
        .made(cube_root),
        fault(
            "issuer-ca-false-leaf-unsigned",
            "a CA:FALSE intermediate, and a leaf that it did not sign",
            "RFC 5280 §6.1.3 (a)(1), §6.1.4 (k)",
        )
        .refused(&[Untrusted, BadSignature])
        .chain(|chain, _| {
            chain.intermediate.set_extension(oid::BASIC_CONSTRAINTS, true, CA_FALSE);
            chain.leaf.signature_edit = SignatureEdit::FlipBit(0);
        }),
    ]
}

/// The trusted CA of these two entries: a certificate whose private key is gone. What it "signs" is forged.
fn issued_by(
    workshop: &Workshop,
    trusted: &'static [u8],
    sign: impl FnOnce(&Plan) -> Result<CertificateDer<'static>, IssueError>,
) -> Result<Made, IssueError> {
    let trusted = CertificateDer::from(trusted);
    let issuer = Plan::from_certificate(&trusted).map_err(IssueError::Malformed)?;
    let key = workshop.key(Role::Server)?;
    let mut leaf = workshop.leaf(&trusted, &key)?;
    leaf.inner_signature_algorithm.clone_from(&issuer.outer_signature_algorithm);
    leaf.outer_signature_algorithm.clone_from(&issuer.outer_signature_algorithm);
    Ok(Made { chain: vec![sign(&leaf)?], key, trusted: vec![trusted] })
}

/// A signature that is valid for this CA's key and 32 bytes of zero in place of a digest: it is the same for every
/// message, and was made before the key was thrown away.
fn empty_digest(workshop: &Workshop) -> Result<Made, IssueError> {
    issued_by(workshop, include_bytes!("forged/empty-digest.der"), |leaf| {
        leaf.sign_with(|_| Ok(include_bytes!("forged/empty-digest.sig").to_vec()))
    })
}

/// Bleichenbacher's: under the exponent 3 a signature is a cube root, and where a verifier does not look at what follows
/// the digest, the root of `00 01 ff … 00 DigestInfo` and anything after it will do.
fn cube_root(workshop: &Workshop) -> Result<Made, IssueError> {
    const MODULUS: usize = 3072 / 8;
    // DigestInfo of SHA-256 (RFC 8017 §9.2 note 1), without the digest.
    const DIGEST_INFO: [u8; 19] =
        [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    issued_by(workshop, include_bytes!("forged/exponent-3.der"), |leaf| {
        leaf.sign_with(|tbs| {
            let mut message = [&[0, 1][..], &[0xff; 8], &[0], &DIGEST_INFO, &sha256(tbs)].concat();
            message.resize(MODULUS, 0);
            // The next greater root, whose cube differs in what was left free only.
            let root = BigUint::from_bytes_be(&message).cbrt() + 1u8;
            let bytes = root.to_bytes_be();
            let mut signature = vec![0; MODULUS - bytes.len()];
            signature.extend(bytes);
            Ok(signature)
        })
    })
}

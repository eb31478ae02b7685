//! Signatures by hashes that nobody should take any more, and a key on a curve that is spelt out: made for a client that
//! is put to them, by throw-away RSA keys, in arithmetic that keeps no secret.

use md5::Md5;
use num_bigint::BigUint;
use rustls::pki_types::CertificateDer;
use sha1::Sha1;
use sha1::digest::Digest as _;

use super::super::workshop::{Made, Role, Workshop};
use crate::pki::der::{self, tag, tlv};
use crate::pki::issue::{IssueError, Issuer, Plan};
use crate::pki::key::{KeyAlgorithm, PrivateKey};
use crate::pki::oid::{self, Oid};

/// The kind of key that signs by them.
const SIGNER: KeyAlgorithm = KeyAlgorithm::Rsa2048;

/// A hash that is broken, or breaking.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hash {
    Md5,
    Sha1,
}

impl Hash {
    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(bytes).to_vec(),
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
        }
    }

    /// id-md5 and id-sha1 (RFC 8017 appendix B.1).
    fn oid(self) -> Oid {
        match self {
            Self::Md5 => Oid::dotted("1.2.840.113549.2.5"),
            Self::Sha1 => Oid::dotted("1.3.14.3.2.26"),
        }
    }

    /// With RSA, as a certificate names it.
    fn signature_algorithm(self) -> Vec<u8> {
        let algorithm = match self {
            Self::Md5 => oid::MD5_WITH_RSA,
            Self::Sha1 => oid::SHA1_WITH_RSA,
        };
        der::sequence(&[&der::oid(algorithm), &NULL])
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.1).
    fn sign(self, key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, der::Error> {
        let pkcs8 = key.to_pkcs8_der();
        // OneAsymmetricKey: version, algorithm, and the RSAPrivateKey in an OCTET STRING (RFC 5958 §2).
        let mut fields = der::Walk(der::only(&pkcs8, tag::SEQUENCE)?.content);
        fields.some()?;
        fields.some()?;
        let key = fields.expect(tag::OCTET_STRING)?.content;
        // RSAPrivateKey: version, modulus, public and private exponent, … (RFC 8017 appendix A.1.2).
        let mut fields = der::Walk(der::only(key, tag::SEQUENCE)?.content);
        fields.some()?;
        let modulus = BigUint::from_bytes_be(fields.expect(tag::INTEGER)?.content);
        fields.some()?;
        let exponent = BigUint::from_bytes_be(fields.expect(tag::INTEGER)?.content);
        let length = usize::try_from(modulus.bits().div_ceil(8)).unwrap_or_default();
        let algorithm = der::sequence(&[&der::oid(self.oid()), &NULL]);
        let info = der::sequence(&[&algorithm, &tlv(tag::OCTET_STRING, &self.digest(message))]);
        let padding = vec![0xff; length.saturating_sub(info.len() + 3)];
        let padded = [&[0, 1][..], &padding, &[0], &info].concat();
        let signature = BigUint::from_bytes_be(&padded).modpow(&exponent, &modulus).to_bytes_be();
        Ok([vec![0; length.saturating_sub(signature.len())], signature].concat())
    }

    fn certify(self, mut plan: Plan, key: &PrivateKey) -> Result<CertificateDer<'static>, IssueError> {
        plan.inner_signature_algorithm = self.signature_algorithm();
        plan.outer_signature_algorithm.clone_from(&plan.inner_signature_algorithm);
        plan.sign_with(|tbs| self.sign(key, tbs).map_err(IssueError::Malformed))
    }
}

const NULL: [u8; 2] = [5, 0];

/// A pinned certificate.
pub(super) fn self_signed(workshop: &Workshop, hash: Hash) -> Result<Made, IssueError> {
    let workshop = workshop.of(SIGNER);
    let key = workshop.key(Role::Server)?;
    let certificate = hash.certify(workshop.plan(Role::Server)?, &key)?;
    Ok(Made { chain: vec![certificate.clone()], key, trusted: vec![certificate] })
}

/// A leaf, under a CA that is itself healthy.
pub(super) fn issued(workshop: &Workshop, hash: Hash) -> Result<Made, IssueError> {
    let authority = workshop.of(SIGNER);
    let root_key = authority.key(Role::Root)?;
    let root = authority.root()?.sign(&root_key)?;
    let leaf = hash.certify(workshop.leaf(&root, &root_key)?, &root_key)?;
    Ok(Made { chain: vec![leaf], key: workshop.key(Role::Server)?, trusted: vec![root] })
}

/// An intermediate, between a CA and a leaf that are both healthy.
pub(super) fn intermediate(workshop: &Workshop, hash: Hash) -> Result<Made, IssueError> {
    let authority = workshop.of(SIGNER);
    let (root_key, key) = (authority.key(Role::Root)?, workshop.key(Role::Intermediate)?);
    let root = authority.root()?.sign(&root_key)?;
    let issuer = Issuer::Ca { certificate: &root, key: &root_key };
    let plan = Plan::draft(&workshop.intermediate_request(), key.public_key_info(), &issuer)?;
    let between = hash.certify(plan, &root_key)?;
    let leaf = workshop.leaf(&between, &key)?.sign(&key)?;
    Ok(Made { chain: vec![leaf, between], key: workshop.key(Role::Server)?, trusted: vec![root] })
}

/// A healthy leaf but for the name of its key's curve: P-256, spelt out.
pub(super) fn explicit_curve(workshop: &Workshop) -> Result<Made, IssueError> {
    workshop.of(KeyAlgorithm::EcP256).issued(|plan| {
        // SubjectPublicKeyInfo: algorithm, and the point.
        let point = der::only(&plan.public_key_info, tag::SEQUENCE)
            .and_then(|info| der::children(info.content))
            .ok()
            .and_then(|fields| fields.last().map(|point| point.encoded.to_vec()));
        let algorithm = der::sequence(&[&der::oid(oid::EC), &p256()]);
        plan.public_key_info = der::sequence(&[&algorithm, &point.unwrap_or_default()]);
    })
}

/// SpecifiedECDomain of P-256 (SEC 1 §C.2, SEC 2 §2.4.2).
fn p256() -> Vec<u8> {
    const PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    const A: &str = "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc";
    const B: &str = "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b";
    const BASE: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                        4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    // Literals, which are hexadecimal.
    let bytes = |hex: &str| data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap_or_default();
    // The highest bit is set: a zero goes before, for it is not negative.
    let integer = |hex: &str| tlv(tag::INTEGER, &[&[0][..], &bytes(hex)].concat());
    let field = der::sequence(&[&der::oid(Oid::dotted("1.2.840.10045.1.1")), &integer(PRIME)]);
    let curve = der::sequence(&[&tlv(tag::OCTET_STRING, &bytes(A)), &tlv(tag::OCTET_STRING, &bytes(B))]);
    let (version, cofactor) = (tlv(tag::INTEGER, &[1]), tlv(tag::INTEGER, &[1]));
    der::sequence(&[
        &version,
        &field,
        &curve,
        &tlv(tag::OCTET_STRING, &bytes(BASE)),
        &integer(ORDER),
        &cofactor,
    ])
}

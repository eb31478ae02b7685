//! Can this public key prove anything? Whether it can be read at all, whether it is strong, and whether TLS has a
//! signature scheme for it.
//!
//! Nobody who uses a key later looks so closely: an implementation of one curve does not see that another's point is off
//! it, and offline nobody uses the leaf's key. So every key of a path is looked at here, byte by byte.

use der::Decode;
use der::asn1::UintRef;
use graviola::signing::eddsa::Ed25519VerifyingKey;
use num_bigint::BigUint;

use super::verdict::Reason;
use crate::pki::facts::{PublicKeyFacts, PublicKeyKind};
use crate::pki::oid::{self, Oid};
use crate::words;

/// The shortest RSA modulus that counts as strong (RFC 9325 §4.5), in bits.
pub(super) const MIN_RSA_BITS: u64 = 2048;

/// Why a hash or a key proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weakness {
    /// [`Reason::Malformed`], [`Reason::WeakKey`] or [`Reason::WeakSignature`].
    pub(crate) reason: Reason,
    /// What is weak, as a noun.
    pub(crate) words: String,
}

/// Why the key is unreadable, too weak, or none that can sign a TLS 1.2 or 1.3 handshake; `None` where it is fit.
pub(crate) fn weak_key(key: &PublicKeyFacts) -> Option<Weakness> {
    let odd = || key.parameters_fault().map(|fault| malformed(format!("{} with {fault}", noun(&key.kind))));
    weak_numbers(key).or_else(odd)
}

/// The same without the parameters of an RSA key's algorithm, which many do not look at.
pub(crate) fn weak_numbers(key: &PublicKeyFacts) -> Option<Weakness> {
    match &key.kind {
        PublicKeyKind::Rsa { .. } | PublicKeyKind::RsaPss { .. } => weak_rsa(key),
        PublicKeyKind::Ec { curve } => weak_ec(curve, &key.bits),
        PublicKeyKind::Ed25519 => odd_length(key, 32).or_else(|| {
            let point = Ed25519VerifyingKey::from_bytes(&key.bits);
            if point.is_err() {
                return Some(malformed("an Ed25519 key that is no point of its curve".to_owned()));
            }
            // With the neutral element, and nearly with the others, anybody's signature is the key's.
            has_small_order(key)
                .then(|| weak("an Ed25519 key of small order, for which anybody can sign".to_owned()))
        }),
        PublicKeyKind::Other(oid) => weak_other(*oid, key),
        PublicKeyKind::Unreadable => Some(malformed("a key that cannot be read".to_owned())),
    }
}

/// An RSA key with its article; RSA-PSS is one for signatures of that kind only (RFC 4055 §1.2).
fn noun(kind: &PublicKeyKind) -> &'static str {
    if matches!(kind, PublicKeyKind::RsaPss { .. }) { "an RSA-PSS key" } else { "an RSA key" }
}

/// Whether it is one of the eight points of Ed25519 whose order divides the cofactor (RFC 8032 §5.1), in the encodings
/// of which there is no other: the sign of x is the highest bit.
pub(crate) fn has_small_order(key: &PublicKeyFacts) -> bool {
    const ORDINATES: [&str; 5] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ];
    let mut ordinate = key.bits.clone();
    if let (PublicKeyKind::Ed25519, Some(last)) = (&key.kind, ordinate.last_mut()) {
        *last &= 0x7f;
    }
    key.kind == PublicKeyKind::Ed25519 && ORDINATES.contains(&words::hex(&ordinate).as_str())
}

fn malformed(words: String) -> Weakness {
    Weakness { reason: Reason::Malformed, words }
}

fn weak(words: String) -> Weakness {
    Weakness { reason: Reason::WeakKey, words }
}

fn weak_other(kind: Oid, key: &PublicKeyFacts) -> Option<Weakness> {
    if NOT_FOR_TLS.contains(&kind) {
        return Some(weak(format!("a key of the kind {}, which cannot sign a handshake", key.kind)));
    }
    if kind == oid::X500_RSA {
        return key.parameters_fault().map(|fault| malformed(format!("a key that is {fault}")));
    }
    match FIXED_LENGTHS.iter().find(|(known, _)| *known == kind) {
        Some((_, length)) => odd_length(key, *length),
        None => Some(malformed(format!("a key of the kind {}, which tlslab cannot read", key.kind))),
    }
}

/// A key of another length than its algorithm's, or one that comes with parameters, of which it has none.
fn odd_length(key: &PublicKeyFacts, length: usize) -> Option<Weakness> {
    let kind = &key.kind;
    // The content of the algorithm identifier is the object identifier and nothing else.
    let header = 2;
    let alone =
        key.algorithm_id.get(1).is_some_and(|bytes| usize::from(*bytes) + header == key.algorithm_id.len());
    if !alone {
        Some(malformed(format!("a key of the kind {kind} with parameters, of which it has none")))
    } else if key.bits.len() != length {
        Some(malformed(format!("a key of the kind {kind} of {} bytes, not {length}", key.bits.len())))
    } else {
        None
    }
}

/// Signature algorithms whose keys have one length and no parameters (RFC 8410 §3, RFC 9881 §4): the bytes.
const FIXED_LENGTHS: [(Oid, usize); 4] =
    [(oid::ED448, 57), (oid::ML_DSA_44, 1312), (oid::ML_DSA_65, 1952), (oid::ML_DSA_87, 2592)];

/// Keys that have no signature scheme in TLS 1.3: DSA (removed, RFC 8446 §1.2), and those that agree on secrets or
/// encrypt them and sign nothing.
const NOT_FOR_TLS: [Oid; 6] =
    [oid::DSA, oid::DIFFIE_HELLMAN, oid::DIFFIE_HELLMAN_X9_42, oid::RSA_OAEP, oid::X25519, oid::X448];

/// RFC 8017 §A.1.1.
#[derive(der::Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

/// RFC 8017 §3.1: the modulus is a product of odd primes; the exponent is odd, and at least 3.
fn weak_rsa(key: &PublicKeyFacts) -> Option<Weakness> {
    let what = noun(&key.kind);
    let Ok(numbers) = RsaPublicKey::from_der(&key.bits) else {
        let fault = key.numbers_fault().unwrap_or_else(|| "numbers that cannot be read".to_owned());
        return Some(malformed(format!("{what} that is no RSAPublicKey (RFC 8017 §A.1.1): {fault}")));
    };
    let modulus = BigUint::from_bytes_be(numbers.modulus.as_bytes());
    let exponent = BigUint::from_bytes_be(numbers.public_exponent.as_bytes());
    if modulus.bits() < MIN_RSA_BITS {
        Some(weak(format!("{what} of {} bits", modulus.bits())))
    } else if !modulus.bit(0) {
        Some(weak(format!("{what} whose modulus is even")))
    } else if !exponent.bit(0) || exponent.bits() < 2 {
        // With 1, every message is its own signature.
        Some(weak(format!("{what} whose exponent is not an odd number from 3 up")))
    } else {
        None
    }
}

fn weak_ec(curve: &str, point: &[u8]) -> Option<Weakness> {
    // RFC 8422 §5.1.1, RFC 8446 §4.2.3: P-192, secp256k1 and most others are gone; explicit parameters choose
    // their own arithmetic and have never been allowed (RFC 5480 §2.1.1).
    if curve.ends_with("parameters") {
        return Some(weak(format!("an EC key with {curve}, and TLS knows curves by name")));
    }
    let Some(known) = CURVES.iter().find(|known| known.name == curve) else {
        return Some(weak(format!("a key on the curve {curve}, which TLS does not have")));
    };
    let fault = match known.holds(point) {
        Ok(()) => return None,
        Err(fault) => fault,
    };
    Some(malformed(format!("a key on the curve {curve} that is {fault}")))
}

/// A short Weierstrass curve over a prime field: y² = x³ + ax + b modulo p. In hexadecimal.
struct Curve {
    name: &'static str,
    p: &'static str,
    a: &'static str,
    b: &'static str,
}

impl Curve {
    /// Whether `point` is one of this curve's, uncompressed or compressed (SEC 1 §2.3.4, RFC 5480 §2.2), and which
    /// else it is. All curves here have the cofactor 1, so a point on the curve is one of the group.
    fn holds(&self, point: &[u8]) -> Result<(), &'static str> {
        let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or_default();
        let (prime, a, b) = (number(self.p), number(self.a), number(self.b));
        let width = usize::try_from(prime.bits().div_ceil(8)).unwrap_or(usize::MAX);
        let (form, abscissa, ordinate) = match point.split_first() {
            None => return Err("absent"),
            Some((0, [])) => return Err("the point at infinity"),
            Some((form @ 4, rest)) if rest.len() == 2 * width => {
                let (abscissa, ordinate) = rest.split_at(width);
                (*form, abscissa, Some(ordinate))
            }
            Some((form @ (2 | 3), abscissa)) if abscissa.len() == width => (*form, abscissa, None),
            Some((2..=4, _)) => return Err("a point of the wrong length"),
            Some(_) => return Err("no point in a form that is known"),
        };
        let x = BigUint::from_bytes_be(abscissa);
        if x >= prime {
            return Err("no point of its curve: a coordinate is too large");
        }
        let right = (&x * &x * &x + &a * &x + &b) % &prime;
        let on_curve = match ordinate.map(BigUint::from_bytes_be) {
            Some(y) if y >= prime => return Err("no point of its curve: a coordinate is too large"),
            Some(y) => &y * &y % &prime == right,
            // Euler's criterion: a number has a square root where its power to (p - 1) / 2 is 1, or it is 0.
            None => {
                let root = right.modpow(&((&prime - 1u8) >> 1), &prime);
                root == BigUint::from(1u8) || (right == BigUint::ZERO && form == 2)
            }
        };
        if on_curve { Ok(()) } else { Err("no point of its curve") }
    }
}

/// The curves of RFC 8446 §4.2.3 (SEC 2 §2.4.2, §2.5.1, §2.6.1), and those of RFC 8734 (RFC 5639 §3).
const CURVES: [Curve; 6] = [
    Curve {
        name: "P-256",
        p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        a: "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
        b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    },
    Curve {
        name: "P-384",
        p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        a: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
        b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    },
    Curve {
        name: "P-521",
        p: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
            ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
            fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc",
        b: "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1\
            56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    },
    Curve {
        name: "brainpoolP256r1",
        p: "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
        a: "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
        b: "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
    },
    Curve {
        name: "brainpoolP384r1",
        p: "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
        a: "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
        b: "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
    },
    Curve {
        name: "brainpoolP512r1",
        p: "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d\
            4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3",
        a: "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2d\
            ed5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
        b: "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72b\
            f2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::der::{sequence, tlv};
    use crate::pki::key::{KeyAlgorithm, PrivateKey};

    const EC: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    const PSS: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    const ED25519: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];

    fn spki(algorithm: &[&[u8]], bits: &[u8]) -> Vec<u8> {
        sequence(&[&sequence(algorithm), &tlv(3, &[&[0][..], bits].concat())])
    }

    /// What is wrong with the key, and the reason's name before it.
    fn fault(spki: &[u8]) -> Option<String> {
        let key = PublicKeyFacts::read(spki).unwrap();
        weak_key(&key).map(|weakness| format!("{}: {}", weakness.reason, weakness.words))
    }

    /// An RSAPublicKey of a modulus of so many bytes, the first and last as given.
    fn rsa(bytes: usize, first: u8, last: u8, exponent: &[u8]) -> Vec<u8> {
        let mut modulus = vec![0x55; bytes];
        modulus[0] = first;
        modulus[bytes - 1] = last;
        // A number is positive (X.690 §8.3.3), and has no byte too many (§8.3.2).
        let sign: &[u8] = if first >= 0x80 { &[0] } else { &[] };
        sequence(&[&tlv(2, &[sign, &modulus].concat()), &tlv(2, exponent)])
    }

    fn point(key: &PrivateKey) -> Vec<u8> {
        PublicKeyFacts::read(key.public_key_info()).unwrap().bits
    }

    #[test]
    fn keys_that_are_made_here_are_fit() {
        for algorithm in
            [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048]
        {
            let key = PrivateKey::generate(algorithm).unwrap();
            assert_eq!(fault(key.public_key_info()), None, "{algorithm}");
        }
    }

    #[test]
    fn rsa_keys() {
        let good = rsa(256, 0x80, 1, &[1, 0, 1]);
        for algorithm in [RSA, PSS] {
            assert_eq!(fault(&spki(&[algorithm], &good)), None);
        }
        // 3070 bits are an odd length, and as strong as any of their neighbours.
        assert_eq!(fault(&spki(&[RSA], &rsa(384, 0x20, 1, &[3]))), None);
        for (algorithm, key, found) in [
            (RSA, rsa(255, 0xff, 1, &[3]), "weak-key: an RSA key of 2040 bits"),
            (PSS, rsa(128, 0x80, 1, &[3]), "weak-key: an RSA-PSS key of 1024 bits"),
            (RSA, rsa(256, 0x80, 2, &[3]), "weak-key: an RSA key whose modulus is even"),
            (
                RSA,
                rsa(256, 0x80, 1, &[1]),
                "weak-key: an RSA key whose exponent is not an odd number from 3 up",
            ),
            (
                RSA,
                rsa(256, 0x80, 1, &[2]),
                "weak-key: an RSA key whose exponent is not an odd number from 3 up",
            ),
            (RSA, vec![], "malformed: an RSA key that is no RSAPublicKey (RFC 8017 §A.1.1): no bytes at all"),
            (
                PSS,
                b"no key".to_vec(),
                "malformed: an RSA-PSS key that is no RSAPublicKey (RFC 8017 §A.1.1): \
                 the bytes end too soon",
            ),
            (
                &RSA[..11],
                good.clone(),
                "malformed: an RSA key with no parameters, where RFC 3279 §2.3.1 has NULL",
            ),
        ] {
            assert_eq!(fault(&spki(&[algorithm], &key)).as_deref(), Some(found));
        }
    }

    #[test]
    fn points_are_on_their_curve() {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let good = point(&key);
        let compressed = [&[2 + (good[64] & 1)][..], &good[1..33]].concat();
        assert_eq!(fault(&spki(&[EC, P256], &compressed)), None);
        let mut off = good.clone();
        off[64] ^= 1;
        let other = point(&PrivateKey::generate(KeyAlgorithm::EcP384).unwrap());
        for (bits, found) in [
            (off, "no point of its curve"),
            ([&[4][..], &[0xff; 64]].concat(), "no point of its curve: a coordinate is too large"),
            (other, "a point of the wrong length"),
            (good[..64].to_vec(), "a point of the wrong length"),
            (vec![], "absent"),
            (vec![0], "the point at infinity"),
            ([&[9][..], &good[1..]].concat(), "no point in a form that is known"),
        ] {
            let found = format!("malformed: a key on the curve P-256 that is {found}");
            assert_eq!(fault(&spki(&[EC, P256], &bits)), Some(found));
        }
        // Of the numbers x, about half have a point.
        let mut halves = [0, 0];
        for x in 1..=64 {
            let mut bits = vec![0; 33];
            (bits[0], bits[32]) = (2, x);
            halves[usize::from(fault(&spki(&[EC, P256], &bits)).is_some())] += 1;
        }
        assert!(halves.iter().all(|half| *half > 8), "{halves:?}");
    }

    /// SEC 2 and RFC 5639 give each curve its base point.
    #[test]
    fn every_curve_holds_its_base_point() {
        for (name, x, y) in BASE_POINTS {
            let curve = CURVES.iter().find(|curve| curve.name == name).unwrap();
            let bytes = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap().to_bytes_be();
            let width = bytes(curve.p).len();
            let padded = |hex: &str| {
                let bytes = bytes(hex);
                [vec![0; width - bytes.len()], bytes].concat()
            };
            let point = [vec![4], padded(x), padded(y)].concat();
            assert_eq!(curve.holds(&point), Ok(()), "{name}");
        }
    }

    #[test]
    fn other_kinds() {
        let good = point(&PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap());
        let unknown: &[u8] = &[6, 3, 0x2a, 3, 4];
        let ml_dsa_44: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17];
        for (algorithm, bits, found) in [
            (&[ED25519][..], &good[..31], "malformed: a key of the kind Ed25519 of 31 bytes, not 32"),
            (
                &[ED25519, &[5, 0]],
                &good,
                "malformed: a key of the kind Ed25519 with parameters, of which it has none",
            ),
            (&[EC], &good, "weak-key: an EC key with no parameters, and TLS knows curves by name"),
            (
                &[EC, &[5, 0]],
                &good,
                "weak-key: an EC key with implicit parameters, and TLS knows curves by name",
            ),
            (&[ED25519], &[0; 32], "weak-key: an Ed25519 key of small order, for which anybody can sign"),
            (
                &[ED25519],
                &[&[1][..], &[0; 31]].concat(),
                "weak-key: an Ed25519 key of small order, for which anybody can sign",
            ),
            (
                &[ED25519],
                &data_encoding::HEXLOWER
                    .decode(b"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")
                    .unwrap(),
                "weak-key: an Ed25519 key of small order, for which anybody can sign",
            ),
            (&[ED25519], &[0xff; 32], "malformed: an Ed25519 key that is no point of its curve"),
            (&[unknown], &good, "malformed: a key of the kind 1.2.3.4, which tlslab cannot read"),
            (&[ml_dsa_44], &good, "malformed: a key of the kind ML-DSA-44 of 32 bytes, not 1312"),
            (
                &[&[6, 3, 0x2b, 0x65, 0x6e]],
                &good,
                "weak-key: a key of the kind X25519, which cannot sign a handshake",
            ),
            (
                &[EC, &[6, 5, 0x2b, 0x81, 4, 0, 10]],
                &good,
                "weak-key: a key on the curve secp256k1, which TLS does not have",
            ),
            (
                &[EC, &[0x30, 0]],
                &good,
                "weak-key: an EC key with explicit parameters, and TLS knows curves by name",
            ),
        ] {
            assert_eq!(fault(&spki(algorithm, bits)).as_deref(), Some(found));
        }
        assert_eq!(fault(&spki(&[ml_dsa_44], &[7; 1312])), None);
    }

    const BASE_POINTS: [(&str, &str, &str); 6] = [
        (
            "P-256",
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        ),
        (
            "P-384",
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ),
        (
            "P-521",
            "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3d\
             baa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
            "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e66\
             2c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
        ),
        (
            "brainpoolP256r1",
            "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
            "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
        ),
        (
            "brainpoolP384r1",
            "1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
            "8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
        ),
        (
            "brainpoolP512r1",
            "81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff\
             3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
            "7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2\
             dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
        ),
    ];
}

//! Groups of supported_groups and key_share: numbers, names, and what kind each is of.

/// A group, or what takes a group's place in TLS 1.3's key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub code: u16,
    /// IANA's name for it: `X25519MLKEM768`.
    pub name: &'static str,
    /// What kind it is of.
    pub kind: GroupKind,
    /// Its strength in bits against a computer of today: the classical part's, where there is one.
    pub security_bits: u16,
    /// The bytes of a client's and a server's key share; `None` where it has no place in TLS 1.3.
    pub key_share: Option<(usize, usize)>,
}

/// What kind a group is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// A curve over a field of characteristic 2.
    BinaryCurve,
    /// Numbers modulo a prime (RFC 7919).
    FiniteField,
    /// A key encapsulation with a curve beside it: holds as long as either does.
    Hybrid,
    /// A key encapsulation.
    KeyEncapsulation,
    /// A curve over a prime field.
    PrimeCurve,
}

impl Group {
    /// By its number.
    pub fn of(code: u16) -> Option<&'static Self> {
        GROUPS.iter().find(|group| group.code == code)
    }

    /// All that are known, in the order of their numbers.
    pub fn all() -> &'static [Self] {
        GROUPS
    }

    /// Whether it withstands a quantum computer, as far as anybody knows.
    pub fn is_post_quantum(&self) -> bool {
        matches!(self.kind, GroupKind::Hybrid | GroupKind::KeyEncapsulation)
    }
}

const fn group(
    code: u16,
    name: &'static str,
    kind: GroupKind,
    security_bits: u16,
    key_share: Option<(usize, usize)>,
) -> Group {
    Group { code, name, kind, security_bits, key_share }
}

/// One that TLS 1.3 does not have (RFC 8446 §4.2.7).
const fn old(code: u16, name: &'static str, kind: GroupKind, security_bits: u16) -> Group {
    group(code, name, kind, security_bits, None)
}

/// One whose shares are of the same size both ways.
const fn even(code: u16, name: &'static str, kind: GroupKind, security_bits: u16, bytes: usize) -> Group {
    group(code, name, kind, security_bits, Some((bytes, bytes)))
}

use GroupKind::{BinaryCurve, FiniteField, Hybrid, KeyEncapsulation, PrimeCurve};

/// Bits: half a curve's order (RFC 7748 §5 for the two of its own), RFC 7919 §A for finite fields, FIPS 203 table 2 for
/// ML-KEM.
#[rustfmt::skip]
const GROUPS: &[Group] = &[
    old(0x0001, "sect163k1", BinaryCurve, 80),
    old(0x0002, "sect163r1", BinaryCurve, 80),
    old(0x0003, "sect163r2", BinaryCurve, 80),
    old(0x0004, "sect193r1", BinaryCurve, 96),
    old(0x0005, "sect193r2", BinaryCurve, 96),
    old(0x0006, "sect233k1", BinaryCurve, 112),
    old(0x0007, "sect233r1", BinaryCurve, 112),
    old(0x0008, "sect239k1", BinaryCurve, 112),
    old(0x0009, "sect283k1", BinaryCurve, 128),
    old(0x000a, "sect283r1", BinaryCurve, 128),
    old(0x000b, "sect409k1", BinaryCurve, 192),
    old(0x000c, "sect409r1", BinaryCurve, 192),
    old(0x000d, "sect571k1", BinaryCurve, 256),
    old(0x000e, "sect571r1", BinaryCurve, 256),
    old(0x000f, "secp160k1", PrimeCurve, 80),
    old(0x0010, "secp160r1", PrimeCurve, 80),
    old(0x0011, "secp160r2", PrimeCurve, 80),
    old(0x0012, "secp192k1", PrimeCurve, 96),
    old(0x0013, "secp192r1", PrimeCurve, 96),
    old(0x0014, "secp224k1", PrimeCurve, 112),
    old(0x0015, "secp224r1", PrimeCurve, 112),
    old(0x0016, "secp256k1", PrimeCurve, 128),
    even(0x0017, "secp256r1", PrimeCurve, 128, 65),
    even(0x0018, "secp384r1", PrimeCurve, 192, 97),
    even(0x0019, "secp521r1", PrimeCurve, 256, 133),
    old(0x001a, "brainpoolP256r1", PrimeCurve, 128),
    old(0x001b, "brainpoolP384r1", PrimeCurve, 192),
    old(0x001c, "brainpoolP512r1", PrimeCurve, 256),
    even(0x001d, "x25519", PrimeCurve, 128, 32),
    even(0x001e, "x448", PrimeCurve, 224, 56),
    even(0x001f, "brainpoolP256r1tls13", PrimeCurve, 128, 65),
    even(0x0020, "brainpoolP384r1tls13", PrimeCurve, 192, 97),
    even(0x0021, "brainpoolP512r1tls13", PrimeCurve, 256, 129),
    old(0x0022, "GC256A", PrimeCurve, 128),
    old(0x0023, "GC256B", PrimeCurve, 128),
    old(0x0024, "GC256C", PrimeCurve, 128),
    old(0x0025, "GC256D", PrimeCurve, 128),
    old(0x0026, "GC512A", PrimeCurve, 256),
    old(0x0027, "GC512B", PrimeCurve, 256),
    old(0x0028, "GC512C", PrimeCurve, 256),
    even(0x0029, "curveSM2", PrimeCurve, 128, 65),
    even(0x0100, "ffdhe2048", FiniteField, 103, 256),
    even(0x0101, "ffdhe3072", FiniteField, 125, 384),
    even(0x0102, "ffdhe4096", FiniteField, 150, 512),
    even(0x0103, "ffdhe6144", FiniteField, 175, 768),
    even(0x0104, "ffdhe8192", FiniteField, 192, 1024),
    group(0x0200, "MLKEM512", KeyEncapsulation, 128, Some((800, 768))),
    group(0x0201, "MLKEM768", KeyEncapsulation, 192, Some((1184, 1088))),
    group(0x0202, "MLKEM1024", KeyEncapsulation, 256, Some((1568, 1568))),
    group(0x11eb, "SecP256r1MLKEM768", Hybrid, 128, Some((1249, 1153))),
    group(0x11ec, "X25519MLKEM768", Hybrid, 128, Some((1216, 1120))),
    group(0x11ed, "SecP384r1MLKEM1024", Hybrid, 192, Some((1665, 1665))),
    group(0x11ee, "curveSM2MLKEM768", Hybrid, 128, Some((1249, 1153))),
    group(0x6399, "X25519Kyber768Draft00", Hybrid, 128, Some((1216, 1120))),
    group(0x639a, "SecP256r1Kyber768Draft00", Hybrid, 128, Some((1249, 1153))),
    old(0xff01, "arbitrary_explicit_prime_curves", PrimeCurve, 0),
    old(0xff02, "arbitrary_explicit_char2_curves", BinaryCurve, 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_order_and_shares_add_up() {
        for pair in GROUPS.windows(2) {
            assert!(pair[0].code < pair[1].code, "{}", pair[1].name);
        }
        let share = |code| Group::of(code).and_then(|group| group.key_share).unwrap();
        for (hybrid, curve, kem) in [(0x11ec, 0x1d, 0x201), (0x11eb, 0x17, 0x201), (0x11ed, 0x18, 0x202)] {
            let ((a, b), (c, d)) = (share(curve), share(kem));
            assert_eq!(share(hybrid), (a + c, b + d));
        }
        assert!(Group::of(0x11ec).unwrap().is_post_quantum() && !Group::of(0x1d).unwrap().is_post_quantum());
    }
}

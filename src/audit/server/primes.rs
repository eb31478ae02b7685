//! Primes of finite-field Diffie-Hellman that many servers share: whoever has computed enough for one has broken all of
//! them (<https://weakdh.org>), which counts where the prime is short.

use crate::crypto::sha256;
use crate::words::hex;

/// SHA-256 of a prime, big-endian without leading zeros, and its name.
#[rustfmt::skip]
const KNOWN: &[(&str, &str)] = &[
    ("b52ba6a3026520a6c49d37e4587601801bee500123b3259b6bf03e7cecc3e63d", "Oakley group 1 (RFC 2409)"),
    ("3f35a3f5f6c4376a744acad409bb22f8d897f949d2311d885adaa890981b67a0", "Oakley group 2 (RFC 2409)"),
    ("64fcc83ec403930bf18393dbc883ccaa1fbb08ac876f77f7aa99748ca945019b", "MODP group 5 (RFC 3526)"),
    ("d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e", "MODP group 14 (RFC 3526)"),
    ("48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c", "MODP group 15 (RFC 3526)"),
    ("4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33", "MODP group 16 (RFC 3526)"),
    ("d1bfe6d0925ce7e4da262b62861514a7755e35831e429f343e7b864848657efd", "MODP group 17 (RFC 3526)"),
    ("39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf", "MODP group 18 (RFC 3526)"),
    ("9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966", "ffdhe2048 (RFC 7919)"),
    ("0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17", "ffdhe3072 (RFC 7919)"),
    ("4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e", "ffdhe4096 (RFC 7919)"),
    ("227ac9066b3ddd9e193670cda2388fa884f65ba0cf98b742d1fe77a6687c79c7", "ffdhe6144 (RFC 7919)"),
    ("770b14efaf6f049929c523113b3fa99a8d11dab1b18af3609590122075d19833", "ffdhe8192 (RFC 7919)"),
    ("44c55cfee5c075927cf682da5b681bdecbd5c3eb0784c14f5dce7610f0ef133d", "1024-bit group of RFC 5114"),
    ("bfe545862ca102ad1eeddb5fbfa5bf855ac4995c56a8b408ce3fe099dce93a9d", "2048-bit group with a subgroup of 224 bits (RFC 5114)"),
    ("0b7835722cb619827610c2549fdda5587421686c4409a13865e76225522ddcc9", "2048-bit group with a subgroup of 256 bits (RFC 5114)"),
];

/// A number's bits.
pub(super) fn bits(number: &[u8]) -> u32 {
    let number = trimmed(number);
    let first = number.first().map_or(0, |byte| 8 - byte.leading_zeros());
    // A vector of a handshake message is far shorter than 2^32 bits.
    first + u32::try_from(number.len().saturating_sub(1) * 8).unwrap_or(u32::MAX)
}

/// The name of a prime that is in a standard.
pub(super) fn known(prime: &[u8]) -> Option<&'static str> {
    let digest = hex(&sha256(trimmed(prime)));
    KNOWN.iter().find(|(known, _)| *known == digest).map(|(_, name)| *name)
}

fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oakley_group_2_is_known_however_it_is_padded() {
        let prime = data_encoding::HEXUPPER
            .decode(
                b"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404\
DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117\
C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
            )
            .unwrap();
        assert_eq!((bits(&prime), known(&prime)), (1024, Some("Oakley group 2 (RFC 2409)")));
        assert_eq!(known(&[&[0][..], &prime].concat()), known(&prime));
        assert_eq!((bits(&[0, 1]), known(b"other")), (1, None));
    }
}

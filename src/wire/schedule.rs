//! From a session's secrets to its plaintext: the key schedules of TLS 1.3 and 1.2, step by step.
//!
//! # TLS 1.3 (RFC 8446)
//!
//! The handshake ends in *traffic secrets*, one per direction and phase (§7.1); a key log has them. From there:
//!
//! 1. `key = HKDF-Expand-Label(secret, "key", "", key_length)` and
//!    `iv = HKDF-Expand-Label(secret, "iv", "", 12)` (§7.3), where HKDF-Expand-Label is HKDF-Expand (RFC 5869 §2.3)
//!    with a structured info (§7.1).
//! 2. Each direction counts its records from 0; the count, XORed into the iv, is the nonce (§5.3). A new key starts
//!    a new count.
//! 3. A record's header is the additional data, its fragment ciphertext and tag (§5.2).
//! 4. The plaintext is content, the real content type, and zeros that hide the length (§5.2, §5.4).
//! 5. The handshake secrets serve until the sender's Finished, then the application secrets (§4.4.4); after a
//!    KeyUpdate the sender goes on with `HKDF-Expand-Label(secret, "traffic upd", "", hash_length)` (§7.2).
//!
//! # TLS 1.2 (RFC 5246) with AEAD suites
//!
//! 1. The key log has the *master secret* (§8.1). `PRF(master, "key expansion", server_random + client_random)`
//!    gives a block of bytes (§6.3), the PRF being P_hash over HMAC (§5).
//! 2. It is cut into client key, server key, client IV, server IV; AEAD suites have no MAC keys (RFC 5288 §3,
//!    RFC 7905 §2).
//! 3. From ChangeCipherSpec on, each direction counts its records from 0 (§6.1).
//! 4. With GCM and CCM the nonce is the 4-byte IV and 8 bytes that stand before the ciphertext (RFC 5288 §3,
//!    RFC 6655 §3); with ChaCha20-Poly1305 it is the count XORed into the 12-byte IV (RFC 7905 §2).
//! 5. The additional data are count, type, version and the plaintext's length (§6.2.3.3).
//! 6. A renegotiation (§7.4.1.1) is the same again inside the session: new hellos, a new master secret.
//!
//! The other way round a [`RecordCipher`] seals, so that what was opened can be changed and sent on, and
//! [`KeySchedule`] goes from what the key exchange agreed on to the traffic secrets: what a server needs that breaks the
//! rules on purpose.
//!
//! Not here: CBC and stream suites, ARIA and Camellia, 0-RTT data.

use zeroize::Zeroizing;

use super::record::Header;
use super::{Both, Side};
use crate::crypto::{AeadAlgorithm, AeadKey, DoesNotOpen, KeyScheduleHash};
use crate::tls::registry::content_type;
use crate::tls::registry::version::{TLS_1_2, TLS_1_3};
use crate::tls::suites::{Cipher, Hash, Mode, Suite};

/// What a cipher suite says about the protection of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// The cipher.
    pub aead: AeadAlgorithm,
    /// The hash of HKDF or PRF.
    pub hash: KeyScheduleHash,
}

impl Protection {
    /// By the suite's code; `None` where it is none of those that can be followed.
    pub fn of(code: u16) -> Option<Self> {
        // The drafts of ChaCha20-Poly1305 made their nonces otherwise.
        let suite = Suite::of(code).filter(|suite| suite.registered)?;
        let aead = match (suite.cipher, suite.mode) {
            (Cipher::Aes128, Mode::Ccm8) => AeadAlgorithm::Aes128Ccm8,
            (Cipher::Aes128, Mode::Ccm) => AeadAlgorithm::Aes128Ccm,
            (Cipher::Aes128, Mode::Gcm) => AeadAlgorithm::Aes128Gcm,
            (Cipher::Aes256, Mode::Ccm8) => AeadAlgorithm::Aes256Ccm8,
            (Cipher::Aes256, Mode::Ccm) => AeadAlgorithm::Aes256Ccm,
            (Cipher::Aes256, Mode::Gcm) => AeadAlgorithm::Aes256Gcm,
            (Cipher::ChaCha20, Mode::Poly1305) => AeadAlgorithm::ChaCha20Poly1305,
            _ => return None,
        };
        let hash = match suite.key_schedule_hash() {
            Hash::Sha256 => KeyScheduleHash::Sha256,
            Hash::Sha384 => KeyScheduleHash::Sha384,
            _ => return None,
        };
        Some(Self { aead, hash })
    }
}

/// HKDF-Expand-Label (RFC 8446 §7.1). `length` is at most one hash output, as all that TLS 1.3 expands is: then
/// HKDF-Expand (RFC 5869 §2.3) is its first block.
fn expand_label(
    hash: KeyScheduleHash,
    secret: &[u8],
    label: &str,
    context: &[u8],
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let byte = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    // struct { uint16 length; opaque label<7..255> = "tls13 " + Label; opaque context<0..255>; } HkdfLabel
    let label = [b"tls13 ", label.as_bytes()].concat();
    let info = [&[0, byte(length), byte(label.len())][..], &label, &[byte(context.len())], context].concat();
    // T(1) = HMAC-Hash(PRK, info | 0x01)
    let mut block = Zeroizing::new(hash.hmac(secret, &[&info, &[1]]));
    block.truncate(length);
    block
}

/// TLS 1.3's secrets, from the first to the last (RFC 8446 §7.1). `transcript` are the handshake's messages so far, one
/// after the other; with a HelloRetryRequest the first of them is replaced (§4.4.1), which is the caller's business.
#[derive(Clone, Debug)]
pub struct KeySchedule {
    hash: KeyScheduleHash,
    secret: Zeroizing<Vec<u8>>,
}

impl KeySchedule {
    /// The early secret, from a pre-shared key if there is one.
    pub fn early(hash: KeyScheduleHash, pre_shared_key: Option<&[u8]>) -> Self {
        let zeros = vec![0; hash.length()];
        // HKDF-Extract(salt, IKM) is HMAC(salt, IKM) (RFC 5869 §2.2).
        let secret = Zeroizing::new(hash.hmac(&zeros, &[pre_shared_key.unwrap_or(&zeros)]));
        Self { hash, secret }
    }

    /// The handshake secret, from what the key exchange agreed on.
    #[must_use]
    pub fn handshake(&self, shared: &[u8]) -> Self {
        self.next(shared)
    }

    /// The master secret.
    #[must_use]
    pub fn master(&self) -> Self {
        self.next(&vec![0; self.hash.length()])
    }

    fn next(&self, input: &[u8]) -> Self {
        let salt = self.derive("derived", &[]);
        Self { hash: self.hash, secret: Zeroizing::new(self.hash.hmac(&salt, &[input])) }
    }

    /// Derive-Secret: `c hs traffic`, `s hs traffic`, `c ap traffic`, `s ap traffic` and the like.
    pub fn derive(&self, label: &str, transcript: &[u8]) -> Zeroizing<Vec<u8>> {
        expand_label(self.hash, &self.secret, label, &self.hash.digest(transcript), self.hash.length())
    }
}

/// The verify_data of a TLS 1.3 Finished (RFC 8446 §4.4.4): of the side whose handshake traffic secret this is, over
/// the messages before it.
pub fn finished(hash: KeyScheduleHash, traffic_secret: &[u8], transcript: &[u8]) -> Vec<u8> {
    let key = expand_label(hash, traffic_secret, "finished", &[], hash.length());
    hash.hmac(&key, &[&hash.digest(transcript)])
}

/// PRF (RFC 5246 §5): P_hash(secret, label + seed), as far as `length`.
fn prf(
    hash: KeyScheduleHash,
    secret: &[u8],
    label: &str,
    seed: &[&[u8]],
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let seed = [&[label.as_bytes()], seed].concat().concat();
    let mut out = Zeroizing::new(Vec::with_capacity(length + hash.length()));
    let mut a = Zeroizing::new(hash.hmac(secret, &[&seed])); // A(1) = HMAC_hash(secret, A(0)), A(0) = seed
    while out.len() < length {
        out.extend_from_slice(&Zeroizing::new(hash.hmac(secret, &[&a, &seed])));
        a = Zeroizing::new(hash.hmac(secret, &[&a]));
    }
    out.truncate(length);
    out
}

/// TLS 1.2's master secret (RFC 5246 §8.1).
pub fn master_secret(
    hash: KeyScheduleHash,
    premaster: &[u8],
    randoms: &Both<[u8; 32]>,
) -> Zeroizing<Vec<u8>> {
    prf(hash, premaster, "master secret", &[&randoms.client, &randoms.server], MASTER_SECRET)
}

/// The same where both ends agreed on the extended one (RFC 7627 §4): over the messages up to ClientKeyExchange.
pub fn extended_master_secret(
    hash: KeyScheduleHash,
    premaster: &[u8],
    transcript: &[u8],
) -> Zeroizing<Vec<u8>> {
    prf(hash, premaster, "extended master secret", &[&hash.digest(transcript)], MASTER_SECRET)
}

/// The verify_data of a TLS 1.2 Finished (RFC 5246 §7.4.9): of `from`, over the messages before it.
pub fn finished_1_2(hash: KeyScheduleHash, master: &[u8], from: Side, transcript: &[u8]) -> Vec<u8> {
    let label = match from {
        Side::Client => "client finished",
        Side::Server => "server finished",
    };
    prf(hash, master, label, &[&hash.digest(transcript)], 12).to_vec()
}

/// A master secret's bytes (RFC 5246 §8.1).
const MASTER_SECRET: usize = 48;

/// What opens, or seals, one direction's records, in order.
///
/// Opening and sealing count alike, and a cipher does the one or the other: a man in the middle who changes what passes
/// has two of each direction, and goes on counting on both sides when he drops a record or puts one in.
#[derive(Debug)]
pub struct RecordCipher {
    suite: Protection,
    key: AeadKey,
    iv: Iv,
    /// The count of the next record.
    sequence: u64,
    /// TLS 1.3's traffic secret, for the next one (§7.2).
    secret: Zeroizing<Vec<u8>>,
}

#[derive(Debug)]
enum Iv {
    /// XORed with the count.
    Xored { iv: [u8; 12], tls_1_3: bool },
    /// Followed by what stands in the record.
    Explicit([u8; 4]),
}

/// What was in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The real content type's code.
    pub content_type: u8,
    /// Where in the buffer the content ends.
    pub length: usize,
}

impl RecordCipher {
    /// TLS 1.3, from a traffic secret. `None` where it is not as long as the suite's hash.
    pub fn tls_1_3(suite: Protection, secret: &[u8]) -> Option<Self> {
        if secret.len() != suite.hash.length() {
            return None;
        }
        let key = expand_label(suite.hash, secret, "key", &[], suite.aead.key_length());
        let iv = expand_label(suite.hash, secret, "iv", &[], 12).as_slice().try_into().ok()?;
        Some(Self {
            suite,
            key: AeadKey::new(suite.aead, &key)?,
            iv: Iv::Xored { iv, tls_1_3: true },
            sequence: 0,
            secret: Zeroizing::new(secret.to_vec()),
        })
    }

    /// TLS 1.2, from the master secret: what opens what `from` sends. `None` where it is not 48 bytes.
    pub fn tls_1_2(suite: Protection, master: &[u8], randoms: &Both<[u8; 32]>, from: Side) -> Option<Self> {
        if master.len() != MASTER_SECRET {
            return None;
        }
        let explicit = suite.aead != AeadAlgorithm::ChaCha20Poly1305;
        let (key_length, iv_length) = (suite.aead.key_length(), if explicit { 4 } else { 12 });
        let seed: [&[u8]; 2] = [&randoms.server, &randoms.client];
        let block = prf(suite.hash, master, "key expansion", &seed, 2 * (key_length + iv_length));
        let (keys, ivs) = block.split_at(2 * key_length);
        let half = usize::from(from == Side::Server);
        let (key, iv) = (&keys[half * key_length..][..key_length], &ivs[half * iv_length..][..iv_length]);
        let iv = if explicit {
            Iv::Explicit(iv.try_into().ok()?)
        } else {
            Iv::Xored { iv: iv.try_into().ok()?, tls_1_3: false }
        };
        let key = AeadKey::new(suite.aead, key)?;
        Some(Self { suite, key, iv, sequence: 0, secret: Zeroizing::default() })
    }

    /// The cipher after a KeyUpdate (RFC 8446 §7.2).
    pub fn updated(&self) -> Option<Self> {
        Self::tls_1_3(
            self.suite,
            &expand_label(self.suite.hash, &self.secret, "traffic upd", &[], self.suite.hash.length()),
        )
    }

    /// A record went by that could not be looked at.
    pub fn pass(&mut self) {
        self.sequence += 1;
    }

    /// The count of the next record.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The same key at another count.
    pub fn go_to(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    /// The next record's nonce, which carries these bytes where the suite wants some of it in the record.
    fn nonce(&self, explicit: [u8; 8]) -> [u8; 12] {
        match &self.iv {
            Iv::Xored { iv, .. } => {
                // RFC 8446 §5.3: the count in network order, padded to the left with zeros, XOR the iv.
                let mut nonce = *iv;
                nonce[4..]
                    .iter_mut()
                    .zip(self.sequence.to_be_bytes())
                    .for_each(|(byte, count)| *byte ^= count);
                nonce
            }
            Iv::Explicit(salt) => {
                let mut nonce = [0; 12];
                nonce[..4].copy_from_slice(salt);
                nonce[4..].copy_from_slice(&explicit);
                nonce
            }
        }
    }

    /// Seals the next record, header and all, whatever its type and content: in TLS 1.3 with so many zeros behind
    /// (RFC 8446 §5.4), in TLS 1.2 the count is the explicit nonce.
    pub fn seal(&mut self, content_type: u8, content: &[u8], padding: usize) -> Vec<u8> {
        let sequence = self.sequence.to_be_bytes();
        let nonce = self.nonce(sequence);
        let tag = self.suite.aead.tag_length();
        let mut sealed = content.to_vec();
        let mut out;
        if let Iv::Xored { tls_1_3: true, .. } = self.iv {
            sealed.push(content_type);
            sealed.resize(sealed.len() + padding, 0);
            let [high, low] = length(sealed.len() + tag);
            out = vec![content_type::APPLICATION_DATA, 3, 3, high, low];
            let tag = self.key.seal(&nonce, &out, &mut sealed);
            out.extend([sealed, tag].concat());
        } else {
            let explicit: &[u8] = if matches!(self.iv, Iv::Explicit(_)) { &sequence } else { &[] };
            let additional = [&sequence[..], &[content_type, 3, 3], &length(content.len())].concat();
            let tag = self.key.seal(&nonce, &additional, &mut sealed);
            out = vec![content_type, 3, 3];
            out.extend(length(explicit.len() + sealed.len() + tag.len()));
            out.extend([explicit, &sealed, &tag].concat());
        }
        self.sequence += 1;
        out
    }

    /// Opens the next record: `plain` holds its content afterwards. A record that does not open does not count.
    pub fn open(
        &mut self,
        header: Header,
        fragment: &[u8],
        plain: &mut Vec<u8>,
    ) -> Result<Opened, DoesNotOpen> {
        plain.clear();
        let sequence = self.sequence.to_be_bytes();
        let (explicit, sealed) = match &self.iv {
            Iv::Xored { .. } => ([0; 8], fragment),
            Iv::Explicit(_) => {
                fragment.split_first_chunk().map(|(nonce, sealed)| (*nonce, sealed)).ok_or(DoesNotOpen)?
            }
        };
        let nonce = self.nonce(explicit);
        let end = sealed.len().checked_sub(self.suite.aead.tag_length()).ok_or(DoesNotOpen)?;
        let (ciphertext, tag) = sealed.split_at(end);
        let [major, minor] = header.version.to_be_bytes();
        let kind = header.content_type.code();
        plain.extend_from_slice(ciphertext);
        if let Iv::Xored { tls_1_3: true, .. } = self.iv {
            let [high, low] = length(fragment.len());
            self.key.open(&nonce, &[kind, major, minor, high, low], plain, tag)?;
            self.sequence += 1;
            // RFC 8446 §5.4: the last byte that is not zero is the type; without any the record is malformed.
            let end = plain.iter().rposition(|byte| *byte != 0).ok_or(DoesNotOpen)?;
            let content_type = plain[end];
            plain.truncate(end);
            Ok(Opened { content_type, length: end })
        } else {
            let additional = [&sequence[..], &[kind, major, minor], &length(ciphertext.len())].concat();
            self.key.open(&nonce, &additional, plain, tag)?;
            self.sequence += 1;
            Ok(Opened { content_type: kind, length: plain.len() })
        }
    }
}

/// Lengths in records are below 2^15.
fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}

/// Whether a version's sessions can be opened at all.
pub fn knows(version: u16, suite: u16) -> bool {
    matches!(version, TLS_1_2 | TLS_1_3) && Protection::of(suite).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::record::ContentType;

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            text.chars().filter_map(|c| c.to_digit(16)).map(|d| d.try_into().unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn traffic_keys_are_rfc_8448_s() {
        // RFC 8448 §3, "Simple 1-RTT Handshake": the server's and the client's handshake traffic secrets.
        let cases = [
            (
                "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
                "3fce516009c21727d0f2e4e86ee403bc",
                "5d313eb2671276ee13000b30",
            ),
            (
                "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
                "dbfaa693d1762c5b666af5d950258d01",
                "5bd3c71b836e0b76bb73265f",
            ),
        ];
        for (secret, key, iv) in cases {
            let secret = unhex(secret);
            let expand =
                |label, length| expand_label(KeyScheduleHash::Sha256, &secret, label, &[], length).to_vec();
            assert_eq!(expand("key", 16), unhex(key));
            assert_eq!(expand("iv", 12), unhex(iv));
        }
    }

    #[test]
    fn a_record_of_rfc_8448_opens() {
        // RFC 8448 §3: the client's Finished.
        let secret = unhex("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
        let record = unhex(
            "17030300 35 75ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeac\
             ab6867d726c40546",
        );
        let mut opener = RecordCipher::tls_1_3(Protection::of(0x1301).unwrap(), &secret).unwrap();
        let header = Header { content_type: ContentType::ApplicationData, version: 0x0303, length: 53 };
        let mut plain = Vec::new();
        let content = opener.open(header, &record[5..], &mut plain).unwrap();
        assert_eq!(content, Opened { content_type: 22, length: 36 });
        assert_eq!(plain, unhex("14000020 a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61"));
        assert_eq!(
            opener.open(header, &record[5..], &mut plain),
            Err(DoesNotOpen),
            "its count is another now"
        );
        let mut updated =
            RecordCipher::tls_1_3(Protection::of(0x1301).unwrap(), &secret).unwrap().updated().unwrap();
        assert_eq!(updated.open(header, &record[5..], &mut plain), Err(DoesNotOpen));
    }

    #[test]
    fn a_man_in_the_middle_opens_changes_and_seals_again() {
        let randoms = Both { client: [1; 32], server: [2; 32] };
        for code in [0x1301, 0x1302, 0x1303, 0x1304, 0x1305, 0xc02f, 0xc030, 0xcca8, 0xc0ac, 0xc0ae] {
            let protection = Protection::of(code).unwrap();
            let new = || {
                if Suite::of(code).unwrap().is_tls_1_3() {
                    RecordCipher::tls_1_3(protection, &vec![9; protection.hash.length()]).unwrap()
                } else {
                    RecordCipher::tls_1_2(protection, &[9; 48], &randoms, Side::Server).unwrap()
                }
            };
            let (mut server, mut arriving, mut leaving, mut client) = (new(), new(), new(), new());
            let mut plain = Vec::new();
            let read = |cipher: &mut RecordCipher, record: &[u8], plain: &mut Vec<u8>| {
                let header = Header::read(*record.first_chunk().unwrap()).unwrap();
                assert_eq!(header.length, record.len() - 5);
                cipher.open(header, &record[5..], plain)
            };
            for (index, text) in [&b"first"[..], b"", &[7; 16_000]].into_iter().enumerate() {
                let sent = server.seal(22, text, 0);
                let opened = read(&mut arriving, &sent, &mut plain).unwrap();
                assert_eq!((opened.content_type, plain.as_slice()), (22, text), "{code:04x}");
                let changed = [&plain, &b"!"[..]].concat();
                let passed_on = leaving.seal(opened.content_type, &changed, 3);
                assert_eq!(read(&mut client, &passed_on, &mut plain).unwrap().length, text.len() + 1);
                assert_eq!(plain, changed);
                assert_eq!((leaving.sequence(), client.sequence()), (index as u64 + 1, index as u64 + 1));
            }
            let mut broken = server.seal(23, b"text", 0);
            *broken.last_mut().unwrap() ^= 1;
            assert_eq!(read(&mut arriving, &broken, &mut plain), Err(DoesNotOpen), "{code:04x}");
        }
    }

    #[test]
    fn the_secrets_are_rfc_8448_s() {
        // RFC 8448 §3: what x25519 agreed on, and the messages' hash at each step.
        let shared = unhex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
        let early = KeySchedule::early(KeyScheduleHash::Sha256, None);
        let expected = unhex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
        assert_eq!(early.secret.to_vec(), expected);
        let handshake = early.handshake(&shared);
        let expected = unhex("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac");
        assert_eq!(handshake.secret.to_vec(), expected);
        let expected = unhex("18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919");
        assert_eq!(handshake.master().secret.to_vec(), expected);
        // With the hash of ClientHello...ServerHello in the place of the messages themselves.
        let hashed = unhex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
        let secret = expand_label(handshake.hash, &handshake.secret, "s hs traffic", &hashed, 32);
        let expected = unhex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        assert_eq!(secret.to_vec(), expected);
        assert_eq!(finished(KeyScheduleHash::Sha384, &[1; 48], b"messages").len(), 48);
    }

    #[test]
    fn the_prf_is_the_known_one() {
        // The test vector that the TLS working group's list circulated for P_SHA256.
        let secret = unhex("9bbe436ba940f017b17652849a71db35");
        let seed = unhex("a0ba9f936cda311827a6f796ffd5198c");
        let expected =
            unhex("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9");
        let out = prf(KeyScheduleHash::Sha256, &secret, "test label", &[&seed], 40);
        assert_eq!(out.to_vec(), expected);
    }

    #[test]
    fn suites_are_known_by_what_they_name() {
        let sha256 = KeyScheduleHash::Sha256;
        assert_eq!(
            Protection::of(0x1303),
            Some(Protection { aead: AeadAlgorithm::ChaCha20Poly1305, hash: sha256 })
        );
        assert_eq!(Protection::of(0xc02f), Some(Protection { aead: AeadAlgorithm::Aes128Gcm, hash: sha256 }));
        assert_eq!(Protection::of(0xc030).map(|suite| suite.hash), Some(KeyScheduleHash::Sha384));
        for (code, aead) in [
            (0x1304, AeadAlgorithm::Aes128Ccm),
            (0x1305, AeadAlgorithm::Aes128Ccm8),
            (0xc09d, AeadAlgorithm::Aes256Ccm),
            (0xc0af, AeadAlgorithm::Aes256Ccm8),
        ] {
            assert_eq!(Protection::of(code), Some(Protection { aead, hash: sha256 }), "{code:04x}");
        }
        // CBC, ARIA and Camellia in GCM, RC4, GREASE.
        for code in [0xc013, 0xc051, 0xc07b, 0x0005, 0x0a0a] {
            assert_eq!(Protection::of(code), None, "{code:04x}");
        }
    }

    #[test]
    fn short_records_and_wrong_lengths_do_not_open() {
        let suite = Protection::of(0xc02f).unwrap();
        let randoms = Both { client: [1; 32], server: [2; 32] };
        assert!(RecordCipher::tls_1_2(suite, &[0; 47], &randoms, Side::Client).is_none());
        assert!(RecordCipher::tls_1_3(suite, &[0; 48]).is_none());
        let mut opener = RecordCipher::tls_1_2(suite, &[0; 48], &randoms, Side::Client).unwrap();
        let header = Header { content_type: ContentType::ApplicationData, version: 0x0303, length: 0 };
        for length in 0..40 {
            assert_eq!(opener.open(header, &vec![0; length], &mut Vec::new()), Err(DoesNotOpen));
        }
    }
}

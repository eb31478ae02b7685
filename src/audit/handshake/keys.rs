//! The server's side of the key schedules, from the shared secret on, and the keys that seal.
//!
//! [`crate::wire::schedule`] begins where a key log does, at the traffic secrets; a server begins at the key exchange.
//! One hash is enough here, SHA-256: every TLS 1.3 implementation has TLS_AES_128_GCM_SHA256 (RFC 8446 §9.1).

use zeroize::Zeroizing;

use crate::crypto::{self, AeadAlgorithm, AeadKey, KeyScheduleHash};

const HASH: KeyScheduleHash = KeyScheduleHash::Sha256;
/// A hash's octets.
pub(super) const LENGTH: usize = 32;

/// A secret of the schedule.
pub(super) type Secret = Zeroizing<Vec<u8>>;

/// HKDF-Expand-Label (RFC 8446 §7.1), up to one hash's octets, which is all that a server needs: the first block of
/// HKDF-Expand (RFC 5869 §2.3).
pub(super) fn expand_label(secret: &[u8], label: &str, context: &[u8], length: u8) -> Secret {
    let label = [b"tls13 ", label.as_bytes()].concat();
    let octet = |length: usize| u8::try_from(length).unwrap_or(u8::MAX); // labels and contexts are short
    let info = [&[0, length, octet(label.len())][..], &label, &[octet(context.len())], context].concat();
    let mut block = Zeroizing::new(HASH.hmac(secret, &[&info, &[1]]));
    block.truncate(usize::from(length));
    block
}

/// Derive-Secret (RFC 8446 §7.1) over the messages so far.
fn derive(secret: &[u8], label: &str, messages: &[u8]) -> Secret {
    expand_label(secret, label, &crypto::sha256(messages), 32)
}

/// TLS 1.3's secrets after ServerHello (RFC 8446 §7.1).
pub(super) struct Handshake13 {
    /// client_handshake_traffic_secret.
    pub(super) client: Secret,
    /// server_handshake_traffic_secret.
    pub(super) server: Secret,
    master: Secret,
}

impl Handshake13 {
    /// From the key exchange's shared secret and the messages up to ServerHello.
    pub(super) fn new(shared: &[u8], messages: &[u8]) -> Self {
        let early = HASH.hmac(&[0; LENGTH], &[&[0; LENGTH]]);
        let handshake = Zeroizing::new(HASH.hmac(&derive(&early, "derived", b""), &[shared]));
        let master = Zeroizing::new(HASH.hmac(&derive(&handshake, "derived", b""), &[&[0; LENGTH]]));
        Self {
            client: derive(&handshake, "c hs traffic", messages),
            server: derive(&handshake, "s hs traffic", messages),
            master,
        }
    }

    /// The application traffic secrets, client's and server's: over the messages up to the server's Finished.
    pub(super) fn application(&self, messages: &[u8]) -> (Secret, Secret) {
        (derive(&self.master, "c ap traffic", messages), derive(&self.master, "s ap traffic", messages))
    }
}

/// A Finished's verify_data in TLS 1.3 (RFC 8446 §4.4.4).
pub(super) fn verify_data_13(traffic_secret: &[u8], messages: &[u8]) -> Vec<u8> {
    HASH.hmac(&expand_label(traffic_secret, "finished", b"", 32), &[&crypto::sha256(messages)])
}

/// The traffic secret after a KeyUpdate (RFC 8446 §7.2).
pub(super) fn updated(traffic_secret: &[u8]) -> Secret {
    expand_label(traffic_secret, "traffic upd", b"", 32)
}

/// TLS 1.2's PRF with SHA-256 (RFC 5246 §5).
pub(super) fn prf(secret: &[u8], label: &str, seed: &[u8], length: usize) -> Secret {
    let seed = [label.as_bytes(), seed].concat();
    let mut out = Zeroizing::new(Vec::with_capacity(length + LENGTH));
    let mut a = HASH.hmac(secret, &[&seed]);
    while out.len() < length {
        out.extend(HASH.hmac(secret, &[&a, &seed]));
        a = HASH.hmac(secret, &[&a]);
    }
    out.truncate(length);
    out
}

/// One direction's record protection, AES-128-GCM in either version's manner.
pub(super) struct Protection {
    key: AeadKey,
    iv: Iv,
    sequence: u64,
}

enum Iv {
    /// TLS 1.3's, XORed with the count (RFC 8446 §5.3).
    Xored([u8; 12]),
    /// TLS 1.2's, before the count (RFC 5288 §3).
    Salt([u8; 4]),
}

/// A record did not open, or a secret has another length than it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unusable;

impl Protection {
    /// TLS 1.3's, from a traffic secret (RFC 8446 §7.3).
    pub(super) fn tls_1_3(traffic_secret: &[u8]) -> Result<Self, Unusable> {
        let key = expand_label(traffic_secret, "key", b"", 16);
        let iv = expand_label(traffic_secret, "iv", b"", 12);
        Self::new(&key, Iv::Xored(iv.as_slice().try_into().map_err(|_| Unusable)?))
    }

    /// TLS 1.2's, client's and server's, from the master secret and both randoms (RFC 5246 §6.3).
    pub(super) fn tls_1_2(
        master: &[u8],
        client: &[u8; 32],
        server: &[u8; 32],
    ) -> Result<(Self, Self), Unusable> {
        let block = prf(master, "key expansion", &[*server, *client].concat(), 40);
        let half = |key: usize, iv: usize| {
            let salt = block[iv..iv + 4].try_into().map_err(|_| Unusable)?;
            Self::new(&block[key..key + 16], Iv::Salt(salt))
        };
        Ok((half(0, 32)?, half(16, 36)?))
    }

    fn new(key: &[u8], iv: Iv) -> Result<Self, Unusable> {
        let key = AeadKey::new(AeadAlgorithm::Aes128Gcm, key).ok_or(Unusable)?;
        Ok(Self { key, iv, sequence: 0 })
    }

    /// Seals `content` into the record that goes on the wire. In TLS 1.3 the type is inside (RFC 8446 §5.2).
    pub(super) fn seal(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        let sequence = self.sequence.to_be_bytes();
        self.sequence += 1;
        match self.iv {
            Iv::Xored(iv) => {
                let mut sealed = [content, &[content_type]].concat();
                let header = header(23, sealed.len() + 16);
                let tag = self.tag(&xored(iv, sequence), &header, &mut sealed);
                [&header[..], &sealed, &tag].concat()
            }
            Iv::Salt(salt) => {
                let mut sealed = content.to_vec();
                let [kind, major, minor, high, low] = header(content_type, content.len());
                let additional = [&sequence[..], &[kind, major, minor, high, low]].concat();
                let tag = self.tag(&salted(salt, sequence), &additional, &mut sealed);
                [&header(content_type, sealed.len() + 24)[..], &sequence, &sealed, &tag].concat()
            }
        }
    }

    fn tag(&self, nonce: &[u8; 12], additional: &[u8], octets: &mut [u8]) -> Vec<u8> {
        self.key.seal(nonce, additional, octets)
    }

    /// Opens a record's fragment: the real content type and the content.
    pub(super) fn open(&mut self, content_type: u8, fragment: &[u8]) -> Result<(u8, Vec<u8>), Unusable> {
        let sequence = self.sequence.to_be_bytes();
        self.sequence += 1;
        let (nonce, sealed, explicit) = match self.iv {
            Iv::Xored(iv) => (xored(iv, sequence), fragment, 0),
            Iv::Salt(salt) => {
                let (explicit, sealed) = fragment.split_first_chunk().ok_or(Unusable)?;
                (salted(salt, *explicit), sealed, 8)
            }
        };
        let end = sealed.len().checked_sub(16).ok_or(Unusable)?;
        let (ciphertext, tag) = sealed.split_at(end);
        let mut content = ciphertext.to_vec();
        let additional = if explicit == 0 {
            header(content_type, fragment.len()).to_vec()
        } else {
            [&sequence[..], &header(content_type, content.len())].concat()
        };
        self.key.open(&nonce, &additional, &mut content, tag).map_err(|_| Unusable)?;
        if explicit != 0 {
            return Ok((content_type, content));
        }
        // RFC 8446 §5.4: zeros pad the type that stands last.
        let end = content.iter().rposition(|octet| *octet != 0).ok_or(Unusable)?;
        let real = content[end];
        content.truncate(end);
        Ok((real, content))
    }
}

/// A record's header as TLS 1.2 and 1.3 have it.
pub(super) fn header(content_type: u8, length: usize) -> [u8; 5] {
    let [high, low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    [content_type, 3, 3, high, low]
}

fn xored(iv: [u8; 12], sequence: [u8; 8]) -> [u8; 12] {
    let mut nonce = iv;
    nonce[4..].iter_mut().zip(sequence).for_each(|(octet, count)| *octet ^= count);
    nonce
}

fn salted(salt: [u8; 4], explicit: [u8; 8]) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&salt);
    nonce[4..].copy_from_slice(&explicit);
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_schedule_is_rfc_8448_s() {
        // RFC 8448 §3: the shared secret, and the early and handshake secrets that follow from it.
        let shared = hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
        let early = HASH.hmac(&[0; LENGTH], &[&[0; LENGTH]]);
        assert_eq!(early, hex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"));
        let derived = derive(&early, "derived", b"");
        assert_eq!(derived.to_vec(), hex("6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"));
        let handshake = HASH.hmac(&derived, &[&shared]);
        assert_eq!(handshake, hex("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"));
        let secrets = Handshake13::new(&shared, b"");
        assert_eq!(
            secrets.master.to_vec(),
            hex("18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919")
        );
    }

    #[test]
    fn what_is_sealed_opens_and_what_was_changed_does_not() {
        let (mut seal, mut open) =
            (Protection::tls_1_3(&[5; 32]).unwrap(), Protection::tls_1_3(&[5; 32]).unwrap());
        let (_, mut seal_12) = Protection::tls_1_2(&[6; 48], &[1; 32], &[2; 32]).unwrap();
        let (_, mut open_12) = Protection::tls_1_2(&[6; 48], &[1; 32], &[2; 32]).unwrap();
        for _ in 0..2 {
            let record = seal.seal(22, b"hello");
            assert_eq!(open.open(23, &record[5..]), Ok((22, b"hello".to_vec())));
            let record = seal_12.seal(22, b"hello");
            assert_eq!(open_12.open(22, &record[5..]), Ok((22, b"hello".to_vec())));
        }
        let mut record = seal.seal(23, b"x");
        record[5] ^= 1;
        assert_eq!(open.open(23, &record[5..]), Err(Unusable));
    }
}

//! The faults of handshakes and records, one [`Script`] each.
//!
//! Names are BoGo's and TLS-Anvil's ideas under tlslab's ids. A case says which alerts fit: a client that aborts with one
//! of them is strict, one that aborts otherwise is right all the same.

use super::message::{Message, Proof};
use super::{Exchange, Material, Moment, Offer, Opening, Reply, Script, Version};
use crate::audit::about::About;
use crate::audit::catalogue::Grade;
use crate::pki::key::{KeyAlgorithm, SignatureHash};

use crate::tls::registry::alert::{
    BAD_CERTIFICATE, BAD_RECORD_MAC, DECODE_ERROR, DECRYPT_ERROR, HANDSHAKE_FAILURE, ILLEGAL_PARAMETER,
    INSUFFICIENT_SECURITY, MISSING_EXTENSION, PROTOCOL_VERSION, RECORD_OVERFLOW, UNEXPECTED_MESSAGE,
    UNSUPPORTED_CERTIFICATE, UNSUPPORTED_EXTENSION,
};
use crate::tls::registry::{extension, handshake};
use crate::wire::hello::{Extension, ServerHello};
use crate::wire::vector::{vector8, vector16, vector24};
use crate::wire::write;

/// A fault of a handshake, as data.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is told of it.
    pub about: About,
    /// The alerts that fit.
    pub alerts: &'static [u8],
    /// The versions in which the fault exists.
    pub versions: &'static [Version],
    /// Whether the fault comes after the client's message, so that only what the client reports counts.
    pub after_message: bool,
    /// How it is served.
    pub script: fn(Version) -> Script,
}

const BOTH: &[Version] = &[Version::Tls13, Version::Tls12];
const ONLY_13: &[Version] = &[Version::Tls13];
const ONLY_12: &[Version] = &[Version::Tls12];

const LIBRARY: &str = "This is the TLS library's to check: update it, and use no home-made or patched one";
const MINIMUM: &str = "Set the minimum version: Python `context.minimum_version = ssl.TLSVersion.TLSv1_2`, Java \
    `setEnabledProtocols`, Go `MinVersion: tls.VersionTLS12`, Node `minVersion: 'TLSv1.2'`, OpenSSL \
    `SSL_CTX_set_min_proto_version`; rustls speaks nothing older";

impl Case {
    /// A fault that a client must not tolerate, in both versions.
    const fn new(
        id: &'static str,
        title: &'static str,
        citation: &'static str,
        attack: &'static str,
        alerts: &'static [u8],
        script: fn(Version) -> Script,
    ) -> Self {
        Self {
            about: About { id, title, citation, attack, fix: LIBRARY, grade: Grade::MustReject },
            alerts,
            versions: BOTH,
            after_message: false,
            script,
        }
    }

    const fn only(self, versions: &'static [Version]) -> Self {
        Self { versions, ..self }
    }

    const fn grade(self, grade: Grade) -> Self {
        Self { about: About { grade, ..self.about }, ..self }
    }

    const fn fix(self, fix: &'static str) -> Self {
        Self { about: About { fix, ..self.about }, ..self }
    }

    const fn after_message(self) -> Self {
        Self { after_message: true, ..self }
    }
}

/// Every case, in the order in which a handshake goes.
pub fn all() -> impl Iterator<Item = &'static Case> {
    [BEFORE, VERSIONS, HELLOS, RETRIES, SHARES, CERTIFICATES, PROOFS, FLIGHTS, LENGTHS, RECORDS]
        .into_iter()
        .flatten()
}

const IMPERSONATION: &str = "Whoever is on the way answers in the server's name, without its key";
const TAMPERING: &str = "Whoever is on the way changes what the ends say without either noticing";
const CONFUSION: &str = "A client that goes on is in a state its library's authors did not foresee: such states have \
    skipped authentication before";

/// Before TLS, or instead of it.
const BEFORE: &[Case] = &[
    Case::new(
        "hs-plaintext",
        "the server answers in the clear, not in TLS",
        "RFC 8446 §5.1",
        "Whoever is on the way answers in the clear, and the client takes it for the server's answer",
        &[UNEXPECTED_MESSAGE, RECORD_OVERFLOW, PROTOCOL_VERSION, DECODE_ERROR, HANDSHAKE_FAILURE],
        |version| Script {
            opening: Opening::AnswersInTheClear("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"),
            ..Script::healthy(version)
        },
    )
    .fix("Never read from or write to the plain socket; never fall back to it where the handshake fails"),
    Case::new(
        "hs-bytes-before-tls",
        "bytes in the clear stand before the ServerHello",
        "RFC 8446 §5.1",
        "Bytes that anybody can put there are taken for something that the server said (CVE-2023-40217)",
        &[UNEXPECTED_MESSAGE, RECORD_OVERFLOW, PROTOCOL_VERSION, DECODE_ERROR, HANDSHAKE_FAILURE],
        |version| Script { opening: Opening::Says("HTTP/1.1 200 OK\r\n\r\n"), ..Script::healthy(version) },
    ),
    Case::new(
        "hs-close",
        "the server closes the connection after the ClientHello",
        "RFC 8446 §6.1",
        "A connection that was never secured counts as a success",
        &[],
        |version| Script { opening: Opening::Closes, ..Script::healthy(version) },
    )
    .fix("Report a handshake that did not complete as a failure, with an exit status that says so"),
    Case::new(
        "hs-close-in-handshake",
        "close_notify comes in the place of the ServerHello, and the connection ends",
        "RFC 8446 §6.1",
        "A connection that was never secured counts as one that ended well",
        &[],
        |version| Script { opening: Opening::Notifies, ..Script::healthy(version) },
    )
    .fix("Report a handshake that did not complete as a failure, with an exit status that says so"),
    Case::new(
        "hs-silent",
        "the server says nothing after the ClientHello",
        "RFC 8446 §2 (no clause sets a time limit)",
        "One silent server, or anybody who swallows its packets, stops the client for ever",
        &[],
        |version| Script { opening: Opening::Silent, ..Script::healthy(version) },
    )
    .grade(Grade::ShouldReject)
    .fix("Set a time limit: Python `socket.settimeout`, Java `setSoTimeout`, Go `SetDeadline`, Node `setTimeout`"),
];

const fn old(
    id: &'static str,
    title: &'static str,
    citation: &'static str,
    script: fn(Version) -> Script,
) -> Case {
    Case::new(
        id,
        title,
        citation,
        "An attacker makes both ends speak a version whose protection is broken (POODLE, BEAST, SLOTH)",
        &[PROTOCOL_VERSION, HANDSHAKE_FAILURE, ILLEGAL_PARAMETER, INSUFFICIENT_SECURITY],
        script,
    )
    .only(ONLY_12)
    .fix(MINIMUM)
}

const fn speaking(version: u16) -> Script {
    Script { opening: Opening::Old(version), key: KeyAlgorithm::Rsa2048, ..Script::healthy(Version::Tls12) }
}

/// Versions.
const VERSIONS: &[Case] = &[
    old("hs-ssl3", "the server speaks SSL 3 only", "RFC 7568 §3", |_| speaking(0x0300)),
    old("hs-tls10", "the server speaks TLS 1.0 only", "RFC 8996 §4", |_| speaking(0x0301)),
    old("hs-tls11", "the server speaks TLS 1.1 only", "RFC 8996 §5", |_| speaking(0x0302)),
    Case::new(
        "hs-downgrade-sentinel",
        "a TLS 1.3 server's random says that the version was lowered on the way",
        "RFC 8446 §4.1.3",
        "An attacker lowers the version that both ends would have spoken",
        &[ILLEGAL_PARAMETER],
        |version| Script {
            unsuited: |offer| {
                (!offer.offers_version(0x0304))
                    .then_some("the client does not offer TLS 1.3: it has no downgrade to notice")
            },
            hello: |hello, _| hello.random[24..].copy_from_slice(b"DOWNGRD\x01"),
            ..Script::healthy(version)
        },
    )
    .only(ONLY_12),
    Case::new(
        "hs-legacy-0304",
        "TLS 1.3 stands in legacy_version, and there is no supported_versions",
        "RFC 8446 §4.2.1",
        CONFUSION,
        &[PROTOCOL_VERSION, ILLEGAL_PARAMETER, DECODE_ERROR, MISSING_EXTENSION, HANDSHAKE_FAILURE],
        |version| Script {
            hello: |hello, _| {
                hello.legacy_version = 0x0304;
                hello.remove(extension::SUPPORTED_VERSIONS);
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
];

/// Suites that are not offered by most: TLS 1.3's with a short tag; TLS 1.2's without encryption and with CCM.
const UNUSUAL_13: [u16; 4] = [0x1305, 0x1304, 0x1303, 0x1302];
const UNUSUAL_12: [u16; 5] = [0xc006, 0xc010, 0xc0ae, 0xc0ac, 0xc02c];

/// ServerHello and EncryptedExtensions.
const HELLOS: &[Case] = &[
    Case::new(
        "hs-suite-not-offered",
        "the server chooses a cipher suite that the client did not offer",
        "RFC 8446 §4.1.3",
        "The server, or who speaks for it, chooses a cipher that the client meant to rule out",
        &[ILLEGAL_PARAMETER, HANDSHAKE_FAILURE],
        |version| Script {
            unsuited: |offer| {
                offer.first_suite_not_offered(&UNUSUAL_13).is_none().then_some("the client offers every TLS 1.3 suite")
            },
            hello: |hello, offer| hello.cipher_suite = offer.first_suite_not_offered(&UNUSUAL_13).unwrap_or_default(),
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
    Case::new(
        "hs-tls12-unoffered-suite",
        "the server chooses a TLS 1.2 cipher suite that the client did not offer",
        "RFC 5246 §7.4.1.3",
        "The server, or who speaks for it, chooses a cipher that the client meant to rule out, even none (CVE-2024-5814)",
        &[ILLEGAL_PARAMETER, HANDSHAKE_FAILURE],
        |version| Script {
            unsuited: |offer| {
                offer.first_suite_not_offered(&UNUSUAL_12).is_none().then_some("the client offers every suite that is tried")
            },
            hello: |hello, offer| hello.cipher_suite = offer.first_suite_not_offered(&UNUSUAL_12).unwrap_or_default(),
            ..Script::healthy(version)
        },
    )
    .only(ONLY_12),
    Case::new(
        "hs-grease-chosen",
        "the server chooses a GREASE value as the cipher suite",
        "RFC 8701 §3.1",
        CONFUSION,
        &[ILLEGAL_PARAMETER, HANDSHAKE_FAILURE],
        |version| Script { hello: |hello, _| hello.cipher_suite = 0x2a2a, ..Script::healthy(version) },
    ),
    Case::new(
        "hs-compression-chosen",
        "the server chooses compression, which was not offered",
        "RFC 8446 §4.1.3; RFC 9325 §3.3",
        "Compressed secrets leak through the length of what is sent (CRIME)",
        &[ILLEGAL_PARAMETER, DECODE_ERROR, HANDSHAKE_FAILURE],
        |version| Script { hello: |hello, _| hello.compression_method = 1, ..Script::healthy(version) },
    ),
    Case::new(
        "hs-session-id-not-echoed",
        "the ServerHello echoes another session id than the client's",
        "RFC 8446 §4.1.3",
        CONFUSION,
        &[ILLEGAL_PARAMETER],
        |version| Script {
            hello: |hello, _| hello.session_id = vec![0x5a; 32],
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
    Case::new(
        "hs-unsolicited-extension",
        "the server answers an extension that the client did not send",
        "RFC 8446 §4.2; RFC 5246 §7.4.1.4",
        CONFUSION,
        &[UNSUPPORTED_EXTENSION, ILLEGAL_PARAMETER],
        |version| Script {
            // In TLS 1.3 answers stand in EncryptedExtensions, but for those that keys need.
            hello: match version {
                Version::Tls12 => |hello, _| hello.set(Extension::empty(UNASSIGNED)),
                Version::Tls13 => |_, _| {},
            },
            messages: |moment, messages, _, _| {
                if moment == Moment::EncryptedExtensions {
                    messages[0].body = write::extensions(&[Extension::empty(UNASSIGNED)]);
                }
            },
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-duplicate-extension",
        "the ServerHello has an extension twice",
        "RFC 8446 §4.2; RFC 5246 §7.4.1.4",
        CONFUSION,
        &[DECODE_ERROR, ILLEGAL_PARAMETER, UNSUPPORTED_EXTENSION],
        |version| Script {
            hello: |hello, _| {
                if let Some(first) = hello.extensions.first().cloned() {
                    hello.extensions.push(first);
                }
            },
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-raw-public-key-unsolicited",
        "the server shows a raw public key, which the client did not ask for",
        "RFC 7250 §4.2; RFC 8446 §4.2",
        "A key that nobody certified is taken for the server's (CVE-2024-12797)",
        &[UNSUPPORTED_EXTENSION, ILLEGAL_PARAMETER, UNSUPPORTED_CERTIFICATE, BAD_CERTIFICATE, DECODE_ERROR],
        |version| Script {
            messages: |moment, messages, _, material| match moment {
                Moment::EncryptedExtensions => {
                    // server_certificate_type: RawPublicKey
                    messages[0].body = write::extensions(&[Extension::new(extension::SERVER_CERTIFICATE_TYPE, [2])]);
                }
                Moment::Certificate => {
                    let entry = [vector24(material.public_key_info()), vector16(&[])].concat();
                    messages[0].body = [vector8(&[]), vector24(&entry)].concat();
                }
                _ => {}
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
];

/// A code that IANA has not assigned and that is no GREASE.
const UNASSIGNED: u16 = 0xff5a;

/// X448, secp521r1, ffdhe3072, brainpoolP512r1tls13: groups of which few clients offer every one.
const UNUSUAL_GROUPS: [u16; 4] = [0x001e, 0x0019, 0x0101, 0x0021];

fn unusual_group(offer: &Offer) -> u16 {
    offer.first_group_not_offered(&UNUSUAL_GROUPS).unwrap_or(UNUSUAL_GROUPS[3])
}

/// A group for which the client has sent a share.
fn group_with_share(offer: &Offer) -> u16 {
    offer.shares.first().map_or(0x001d, |(group, _)| *group)
}

const RETRY: &str = "A client that can be sent back again and again, or into a group it does not want, is stopped or \
    weakened by whoever is on the way";

/// HelloRetryRequests.
const RETRIES: &[Case] = &[
    Case::new(
        "hs-hrr-unoffered-group",
        "a HelloRetryRequest asks for a group that the client did not offer",
        "RFC 8446 §4.1.4, §4.2.8",
        RETRY,
        &[ILLEGAL_PARAMETER],
        |version| Script { retries: &[unusual_group], ..Script::healthy(version) },
    )
    .only(ONLY_13),
    Case::new(
        "hs-hrr-no-change",
        "a HelloRetryRequest asks for the group of which the client has sent a share",
        "RFC 8446 §4.1.4",
        RETRY,
        &[ILLEGAL_PARAMETER],
        |version| Script { retries: &[group_with_share], ..Script::healthy(version) },
    )
    .only(ONLY_13),
    Case::new(
        "hs-hrr-twice",
        "a second HelloRetryRequest follows the first",
        "RFC 8446 §4.1.4",
        RETRY,
        &[UNEXPECTED_MESSAGE, ILLEGAL_PARAMETER],
        |version| Script {
            unsuited: |offer| {
                retriable(offer)
                    .is_none()
                    .then_some("the client has sent a share of every group that it offers")
            },
            retries: &[|offer| retriable(offer).unwrap_or(0x0017), |_| 0x001d],
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
];

/// A group that the client offers and has sent no share of.
fn retriable(offer: &Offer) -> Option<u16> {
    let offered = offer.hello.groups();
    offered.into_iter().find(|group| {
        matches!(group, 0x0017 | 0x0018 | 0x0019 | 0x001d | 0x001e)
            && !offer.shares.iter().any(|(other, _)| other == group)
    })
}

fn shareless(hello: &mut ServerHello, _: &Offer) {
    hello.remove(extension::KEY_SHARE);
}

/// Whoever knows the secret without the client's key.
const KNOWN_SECRET: &str =
    "The secret is known beforehand: whoever is on the way reads and changes everything";

/// x and y of a point that is not on P-256, of order 2 on the curve it is on: half of all multiples have its own x.
fn off_curve(exchange: &mut Exchange, _: &Offer) {
    exchange.group = 0x0017;
    exchange.public = [&[4][..], &[0x11; 32], &[0; 32]].concat();
    exchange.secret = vec![0x11; 32].into();
}

fn zero_share(exchange: &mut Exchange, _: &Offer) {
    exchange.group = 0x001d;
    exchange.public = vec![0; 32];
    exchange.secret = vec![0; 32].into();
}

fn without_group(offer: &Offer, group: u16, words: &'static str) -> Option<&'static str> {
    (!offer.hello.groups().contains(&group)).then_some(words)
}

/// A 512-bit prime, such as export suites had (RFC 2246's times); 2 generates.
const SMALL_PRIME: [u8; 64] = [
    0xfc, 0xa6, 0x82, 0xce, 0x8e, 0x12, 0xca, 0xba, 0x26, 0xef, 0xcc, 0xf7, 0x11, 0x0e, 0x52, 0x6d, 0xb0,
    0x78, 0xb0, 0x5e, 0xde, 0xcb, 0xcd, 0x1e, 0xb4, 0xa2, 0x08, 0xf3, 0xae, 0x16, 0x17, 0xae, 0x01, 0xf3,
    0x5b, 0x91, 0xa4, 0x7e, 0x6d, 0xf6, 0x34, 0x13, 0xc5, 0xe1, 0x2e, 0xd0, 0x89, 0x9b, 0xcd, 0x13, 0x2a,
    0xcd, 0x50, 0xd9, 0x91, 0x51, 0xbd, 0xc4, 0x3e, 0xe7, 0x37, 0x59, 0x2e, 0x17,
];

/// Key exchange.
const SHARES: &[Case] = &[
    Case::new(
        "hs-no-key-share",
        "a TLS 1.3 ServerHello has no key share",
        "RFC 8446 §4.2.8, §9.2",
        "Without a key exchange the secret is a constant (CVE-2023-3724): whoever is on the way reads everything",
        &[MISSING_EXTENSION, ILLEGAL_PARAMETER, HANDSHAKE_FAILURE, UNEXPECTED_MESSAGE],
        |version| Script {
            exchange: |exchange, _| exchange.secret = vec![0; 32].into(),
            hello: shareless,
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
    Case::new(
        "hs-group-not-offered",
        "the server's key share is of a group that the client did not offer",
        "RFC 8446 §4.2.8; RFC 8422 §5.4",
        "The server, or who speaks for it, chooses a group that the client meant to rule out",
        &[ILLEGAL_PARAMETER, HANDSHAKE_FAILURE, DECODE_ERROR],
        |version| Script {
            unsuited: |offer| {
                offer.first_group_not_offered(&UNUSUAL_GROUPS).is_none().then_some("the client offers every group that is tried")
            },
            exchange: |exchange, offer| {
                exchange.group = unusual_group(offer);
                exchange.public = vec![4; 133];
                exchange.secret = vec![0; 66].into();
            },
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-x25519-zero",
        "the server's X25519 share is zero, and so is every secret with it",
        "RFC 8446 §7.4.2; RFC 7748 §6.1",
        KNOWN_SECRET,
        &[ILLEGAL_PARAMETER, DECODE_ERROR, HANDSHAKE_FAILURE],
        |version| Script {
            unsuited: |offer| without_group(offer, 0x001d, "the client does not offer X25519"),
            exchange: zero_share,
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-point-off-curve",
        "the server's point is not on P-256",
        "RFC 8446 §4.2.8.2; RFC 8422 §5.11",
        "A point of small order on another curve makes the secret known, or the client's key (invalid curve attack)",
        &[ILLEGAL_PARAMETER, DECODE_ERROR, HANDSHAKE_FAILURE],
        |version| Script {
            unsuited: |offer| without_group(offer, 0x0017, "the client does not offer secp256r1"),
            // In TLS 1.3 the answer must be in a group of which the client has sent a share.
            retries: match version {
                Version::Tls12 => &[],
                Version::Tls13 => &[|_| 0x0017],
            },
            exchange: off_curve,
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-dh-small",
        "Diffie-Hellman with a prime of 512 bits",
        "RFC 9325 §4.2; RFC 7919 §1",
        "The prime's logarithms can be computed: a passive observer reads everything (Logjam)",
        &[INSUFFICIENT_SECURITY, HANDSHAKE_FAILURE, ILLEGAL_PARAMETER],
        |version| Script {
            key: KeyAlgorithm::Rsa2048,
            unsuited: |offer| (!offer.offers_suite(0x009e)).then_some("the client offers no finite-field Diffie-Hellman with AES-128-GCM"),
            hello: |hello, _| hello.cipher_suite = 0x009e, // TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
            exchange: |exchange, _| {
                exchange.finite_field = Some((SMALL_PRIME.to_vec(), vec![2]));
                exchange.public = vec![2];
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_12)
    .fix("Offer no finite-field Diffie-Hellman, or set a security level that refuses small primes: OpenSSL `@SECLEVEL=2`"),
];

/// The Certificate message.
const CERTIFICATES: &[Case] = &[
    Case::new(
        "hs-empty-certificate",
        "the server's Certificate message holds no certificate",
        "RFC 8446 §4.4.2.4; RFC 5246 §7.4.2",
        IMPERSONATION,
        &[DECODE_ERROR, BAD_CERTIFICATE, HANDSHAKE_FAILURE, ILLEGAL_PARAMETER],
        |version| Script {
            messages: match version {
                Version::Tls12 => |moment, messages, _, _| emptied::<0>(moment, messages),
                Version::Tls13 => |moment, messages, _, _| emptied::<1>(moment, messages),
            },
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-skip-certificate",
        "the server leaves its Certificate message out",
        "RFC 8446 §4.4; RFC 5246 §7.4.2",
        IMPERSONATION,
        &[UNEXPECTED_MESSAGE, HANDSHAKE_FAILURE],
        |version| Script {
            messages: |moment, messages, _, _| {
                if moment == Moment::Certificate {
                    messages.clear();
                }
            },
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-compression-bomb",
        "a compressed certificate that is said to be 16 MiB long",
        "RFC 8879 §4, §5",
        "A small message makes the client use a lot of memory",
        &[BAD_CERTIFICATE, UNEXPECTED_MESSAGE, DECODE_ERROR, ILLEGAL_PARAMETER],
        |version| Script {
            messages: |moment, messages, offer, _| {
                if moment == Moment::Certificate {
                    *messages = vec![bomb(offer)];
                }
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
];

/// A Certificate message without certificates. Its list stands behind a context of `CONTEXT` bytes, length included:
/// one in TLS 1.3, none in TLS 1.2.
fn emptied<const CONTEXT: usize>(moment: Moment, messages: &mut [Message]) {
    if moment == Moment::Certificate {
        messages[0].body = [&[0; CONTEXT][..], &vector24(&[])].concat();
    }
}

/// Its list is said to be longer by one; see [`emptied`].
fn longer_list<const CONTEXT: usize>(moment: Moment, messages: &mut [Message]) {
    if moment == Moment::Certificate {
        one_more(&mut messages[0].body, CONTEXT + 2);
    }
}

/// Its first certificate is said to be longer than the list; see [`emptied`].
fn longer_certificate<const CONTEXT: usize>(moment: Moment, messages: &mut [Message]) {
    if moment == Moment::Certificate {
        messages[0].body[CONTEXT + 3] = 0xff;
    }
}

/// CompressedCertificate (RFC 8879 §4): algorithm, the length it will have, and the compressed bytes.
fn bomb(offer: &Offer) -> Message {
    let offered =
        offer.hello.extensions.iter().find(|extension| extension.code == extension::COMPRESS_CERTIFICATE);
    let algorithm = offered.and_then(|extension| extension.data.get(1..3)).unwrap_or(&[0, 1]);
    let compressed = [0x5a; 64];
    let body = [algorithm, &[0xff, 0xff, 0xff], &vector24(&compressed)].concat();
    Message::new(handshake::COMPRESSED_CERTIFICATE, body)
}

fn stranger(proof: &mut Proof, signed: &[u8], _: &Offer, material: &Material) {
    // Both keys are of one kind, and what one signs the other can.
    proof.signature = material.sign_as_stranger(proof.scheme, signed).unwrap_or_default();
}

fn zero(proof: &mut Proof, _: &[u8], _: &Offer, _: &Material) {
    // SEQUENCE { INTEGER 0, INTEGER 0 }
    proof.signature = vec![0x30, 6, 2, 1, 0, 2, 1, 0];
}

/// A scheme that the client does not take, and that the server's key can sign by.
fn unoffered_scheme(offer: &Offer) -> Option<(u16, SignatureHash)> {
    let offered = offer.hello.signature_schemes();
    [(0x0603, SignatureHash::Sha512), (0x0503, SignatureHash::Sha384), (0x0403, SignatureHash::Sha256)]
        .into_iter()
        .find(|(scheme, _)| !offered.contains(scheme))
}

/// CertificateVerify, and ServerKeyExchange's signature.
const PROOFS: &[Case] = &[
    Case::new(
        "hs-wrong-key",
        "the handshake is signed with another key than the certificate's",
        "RFC 8446 §4.4.3; RFC 8422 §5.4",
        "Anybody shows the server's certificate, which is public, and signs with a key of their own",
        &[DECRYPT_ERROR],
        |version| Script { proof: stranger, ..Script::healthy(version) },
    ),
    Case::new(
        "hs-bad-signature",
        "a bit of the handshake's signature is not what it was",
        "RFC 8446 §4.4.3; RFC 8422 §5.4",
        "Anybody shows the server's certificate, which is public, with a signature that was never one (CVE-2014-1266)",
        &[DECRYPT_ERROR, DECODE_ERROR, ILLEGAL_PARAMETER],
        |version| Script {
            proof: |proof, _, _, _| {
                if let Some(last) = proof.signature.last_mut() {
                    *last ^= 1;
                }
            },
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-cv-zero-signature",
        "the handshake's ECDSA signature is r = s = 0",
        "RFC 8446 §4.4.3; FIPS 186-5 §6.4.2",
        "A signature that fits every key (CVE-2022-21449)",
        &[DECRYPT_ERROR, DECODE_ERROR, ILLEGAL_PARAMETER],
        |version| Script { proof: zero, ..Script::healthy(version) },
    ),
    Case::new(
        "hs-signature-empty",
        "the handshake's signature has no bytes",
        "RFC 8446 §4.4.3; RFC 8422 §5.4",
        IMPERSONATION,
        &[DECRYPT_ERROR, DECODE_ERROR, ILLEGAL_PARAMETER],
        |version| Script { proof: |proof, _, _, _| proof.signature.clear(), ..Script::healthy(version) },
    ),
    Case::new(
        "hs-signature-missing",
        "ServerKeyExchange ends before its signature",
        "RFC 8422 §5.4",
        IMPERSONATION,
        &[DECODE_ERROR, DECRYPT_ERROR, ILLEGAL_PARAMETER, HANDSHAKE_FAILURE],
        |version| Script {
            messages: |moment, messages, _, _| {
                if moment == Moment::ServerKeyExchange {
                    let parameters = 4 + usize::from(messages[0].body[3]);
                    messages[0].body.truncate(parameters);
                }
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_12),
    Case::new(
        "hs-signature-anonymous",
        "ServerKeyExchange names an anonymous signature algorithm, and has no signature",
        "RFC 5246 §7.4.1.4.1",
        IMPERSONATION,
        &[ILLEGAL_PARAMETER, HANDSHAKE_FAILURE, DECODE_ERROR, DECRYPT_ERROR],
        |version| Script {
            proof: |proof, _, _, _| *proof = Proof { scheme: 0x0400, signature: Vec::new() },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_12),
    Case::new(
        "hs-ske-unoffered-algorithm",
        "ServerKeyExchange is signed by an algorithm that the client did not offer",
        "RFC 5246 §7.4.3",
        "The server, or who speaks for it, signs by an algorithm that the client meant to rule out (CVE-2026-25834)",
        &[ILLEGAL_PARAMETER, HANDSHAKE_FAILURE, DECRYPT_ERROR],
        |version| Script {
            unsuited: |offer| {
                unoffered_scheme(offer).is_none().then_some("the client offers ECDSA with every hash that there is to sign by")
            },
            proof: |proof, signed, offer, material| {
                if let Some((scheme, hash)) = unoffered_scheme(offer) {
                    let signature = material.sign_hashed(hash, signed).unwrap_or_default();
                    *proof = Proof { scheme, signature };
                }
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_12),
    Case::new(
        "hs-cv-other-algorithm",
        "CertificateVerify is by an algorithm that is not the key's: P-384's scheme with a key on P-256",
        "RFC 8446 §4.2.3",
        "Who may choose the algorithm may choose one that is easier to forge (CVE-2022-25638)",
        &[ILLEGAL_PARAMETER, DECRYPT_ERROR, HANDSHAKE_FAILURE],
        |version| Script {
            proof: |proof, signed, _, material| {
                let signature = material.sign_hashed(SignatureHash::Sha384, signed).unwrap_or_default();
                *proof = Proof { scheme: 0x0503, signature };
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
    Case::new(
        "hs-cv-pkcs1",
        "CertificateVerify is signed with PKCS#1 v1.5, which TLS 1.3 does not have",
        "RFC 8446 §4.4.3",
        "Padding that TLS 1.3 has left behind for its attacks is taken again",
        &[ILLEGAL_PARAMETER, HANDSHAKE_FAILURE, DECRYPT_ERROR],
        |version| Script {
            key: KeyAlgorithm::Rsa2048,
            proof: |proof, signed, _, material| {
                let signature = material.sign_hashed(SignatureHash::Sha256, signed).unwrap_or_default();
                *proof = Proof { scheme: 0x0401, signature };
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
    Case::new(
        "hs-skip-certificate-verify",
        "the server leaves CertificateVerify out",
        "RFC 8446 §4.4",
        "Anybody shows the server's certificate, which is public, and proves nothing (CVE-2020-24613)",
        &[UNEXPECTED_MESSAGE, HANDSHAKE_FAILURE],
        |version| Script {
            messages: |moment, messages, _, _| {
                if moment == Moment::CertificateVerify {
                    messages.clear();
                }
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
];

/// What comes when.
const FLIGHTS: &[Case] = &[
    Case::new(
        "hs-flight-in-plaintext-record",
        "the encrypted flight begins in the ServerHello's own record, in the clear",
        "RFC 8446 §5.1",
        "Bytes that anybody can put there are taken for the server's (CVE-2023-6937, CVE-2025-61730)",
        &[UNEXPECTED_MESSAGE, DECODE_ERROR, HANDSHAKE_FAILURE],
        |version| Script {
            messages: |moment, messages, _, _| match moment {
                Moment::ServerHello => {
                    messages.push(Message::new(handshake::ENCRYPTED_EXTENSIONS, vector16(&[])));
                }
                Moment::EncryptedExtensions => messages.clear(),
                _ => {}
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
    Case::new(
        "hs-tls12-flow-in-13",
        "a TLS 1.3 server goes on with TLS 1.2's messages",
        "RFC 8446 §4",
        CONFUSION,
        &[UNEXPECTED_MESSAGE],
        |version| Script {
            messages: |moment, messages, _, _| {
                if moment == Moment::CertificateVerify {
                    *messages = vec![Message::new(handshake::SERVER_HELLO_DONE, Vec::new())];
                }
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
    Case::new(
        "hs-ccs-early",
        "ChangeCipherSpec comes before the key exchange",
        "RFC 5246 §7.1",
        "Both ends use keys that whoever is on the way knows (CVE-2014-0224)",
        &[UNEXPECTED_MESSAGE, HANDSHAKE_FAILURE],
        |version| Script {
            bytes: |moment, bytes| {
                if moment == Moment::ServerHello {
                    bytes.extend([20, 3, 3, 0, 1, 1]);
                }
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_12),
    Case::new(
        "hs-bad-finished",
        "a bit of the server's Finished is not what it was",
        "RFC 8446 §4.4.4; RFC 5246 §7.4.9",
        TAMPERING,
        &[DECRYPT_ERROR],
        |version| Script {
            messages: |moment, messages, _, _| {
                if moment == Moment::Finished {
                    messages[0].body[0] ^= 1;
                }
            },
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-skip-finished",
        "application data comes in the place of the server's Finished",
        "RFC 8446 §4.4.4; RFC 5246 §7.4.9",
        TAMPERING,
        &[UNEXPECTED_MESSAGE, BAD_RECORD_MAC, HANDSHAKE_FAILURE],
        |version| Script {
            messages: |moment, messages, _, _| {
                if moment == Moment::Finished {
                    // A ticket, which may come at any time once the handshake is complete.
                    *messages = vec![Message::new(handshake::KEY_UPDATE, vec![0])];
                }
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_13),
];

/// Declares a length that is one too large in a message of a moment.
macro_rules! too_long {
    ($id:literal, $field:literal, $clause:literal, $versions:expr, $change:expr) => {
        too_long!($id, $field, $clause, $versions, $change, $change)
    };
    ($id:literal, $field:literal, $clause:literal, $versions:expr, $change_12:expr, $change_13:expr) => {
        Case::new(
            $id,
            concat!("the length of ", $field, " is more than there is"),
            $clause,
            "Bytes beyond the end are read: memory leaks, or is overwritten",
            &[DECODE_ERROR, ILLEGAL_PARAMETER, HANDSHAKE_FAILURE, BAD_CERTIFICATE],
            |version| Script {
                messages: match version {
                    Version::Tls12 => $change_12,
                    Version::Tls13 => $change_13,
                },
                ..Script::healthy(version)
            },
        )
        .only($versions)
    };
}

/// Adds one to the number whose last byte stands at `index`.
fn one_more(body: &mut [u8], index: usize) {
    if let Some(byte) = body.get_mut(index) {
        *byte = byte.wrapping_add(1);
    }
}

/// Where a ServerHello's list of extensions has its length's last byte: behind version, random, session id, suite and
/// compression.
fn extensions_length(body: &[u8]) -> usize {
    34 + 1 + usize::from(body.get(34).copied().unwrap_or_default()) + 3 + 1
}

/// Length fields, each one too large, the message's own length as it should be.
const LENGTHS: &[Case] = &[
    too_long!(
        "hs-length-session-id",
        "the ServerHello's session id",
        "RFC 8446 §4.1.3",
        BOTH,
        |moment, messages, _, _| {
            if moment == Moment::ServerHello {
                // Longer than the message, whatever follows.
                messages[0].body[34] = 0xff;
            }
        }
    ),
    too_long!(
        "hs-length-extensions",
        "the ServerHello's extensions",
        "RFC 8446 §4.1.3",
        BOTH,
        |moment, messages, _, _| {
            if moment == Moment::ServerHello {
                let index = extensions_length(&messages[0].body);
                one_more(&mut messages[0].body, index);
            }
        }
    ),
    too_long!(
        "hs-length-extension",
        "the ServerHello's last extension",
        "RFC 8446 §4.2",
        ONLY_13,
        |moment, messages, _, _| {
            if moment == Moment::ServerHello {
                // key_share stands last: code, length, group, length, 32 or 65 bytes.
                let share =
                    messages[0].body.len() - if messages[0].body.len() > 120 { 65 + 4 } else { 32 + 4 };
                one_more(&mut messages[0].body, share - 1);
            }
        }
    ),
    too_long!(
        "hs-length-key-share",
        "the server's key share",
        "RFC 8446 §4.2.8",
        ONLY_13,
        |moment, messages, _, _| {
            if moment == Moment::ServerHello {
                let share = messages[0].body.len() - if messages[0].body.len() > 120 { 65 } else { 32 };
                one_more(&mut messages[0].body, share - 1);
            }
        }
    ),
    too_long!(
        "hs-length-encrypted-extensions",
        "EncryptedExtensions' list",
        "RFC 8446 §4.3.1",
        ONLY_13,
        |moment, messages, _, _| {
            if moment == Moment::EncryptedExtensions {
                one_more(&mut messages[0].body, 1);
            }
        }
    ),
    too_long!(
        "hs-length-certificate-context",
        "the certificate request context",
        "RFC 8446 §4.4.2",
        ONLY_13,
        |moment, messages, _, _| {
            if moment == Moment::Certificate {
                one_more(&mut messages[0].body, 0);
            }
        }
    ),
    too_long!(
        "hs-length-certificate-list",
        "the list of certificates",
        "RFC 8446 §4.4.2; RFC 5246 §7.4.2",
        BOTH,
        |moment, messages, _, _| longer_list::<0>(moment, messages),
        |moment, messages, _, _| longer_list::<1>(moment, messages)
    ),
    too_long!(
        "hs-length-certificate",
        "the certificate",
        "RFC 8446 §4.4.2; RFC 5246 §7.4.2",
        BOTH,
        |moment, messages, _, _| longer_certificate::<0>(moment, messages),
        |moment, messages, _, _| longer_certificate::<1>(moment, messages)
    ),
    too_long!(
        "hs-length-certificate-extensions",
        "a certificate entry's extensions",
        "RFC 8446 §4.4.2",
        ONLY_13,
        |moment, messages, _, _| {
            if moment == Moment::Certificate {
                let last = messages[0].body.len() - 1;
                one_more(&mut messages[0].body, last);
            }
        }
    ),
    too_long!(
        "hs-length-signature",
        "the handshake's signature",
        "RFC 8446 §4.4.3",
        ONLY_13,
        |moment, messages, _, _| {
            if moment == Moment::CertificateVerify {
                one_more(&mut messages[0].body, 3);
            }
        }
    ),
    too_long!(
        "hs-length-public",
        "the server's public value",
        "RFC 8422 §5.4",
        ONLY_12,
        |moment, messages, _, _| {
            if moment == Moment::ServerKeyExchange {
                messages[0].body[3] = 0xff;
            }
        }
    ),
    too_long!(
        "hs-length-ske-signature",
        "ServerKeyExchange's signature",
        "RFC 8422 §5.4",
        ONLY_12,
        |moment, messages, _, _| {
            if moment == Moment::ServerKeyExchange {
                let signature = 4 + usize::from(messages[0].body[3]) + 3;
                one_more(&mut messages[0].body, signature);
            }
        }
    ),
    Case::new(
        "hs-length-finished",
        "the server's Finished has a byte too few",
        "RFC 8446 §4.4.4; RFC 5246 §7.4.9",
        TAMPERING,
        &[DECODE_ERROR, DECRYPT_ERROR, ILLEGAL_PARAMETER, HANDSHAKE_FAILURE],
        |version| Script {
            messages: |moment, messages, _, _| {
                if moment == Moment::Finished {
                    messages[0].body.pop();
                }
            },
            ..Script::healthy(version)
        },
    ),
    Case::new(
        "hs-length-done",
        "ServerHelloDone has a body",
        "RFC 5246 §7.4.5",
        CONFUSION,
        &[DECODE_ERROR, ILLEGAL_PARAMETER, HANDSHAKE_FAILURE],
        |version| Script {
            messages: |moment, messages, _, _| {
                if moment == Moment::ServerHelloDone {
                    messages[0].body.push(0);
                }
            },
            ..Script::healthy(version)
        },
    )
    .only(ONLY_12),
];

/// Once the handshake is complete.
const RECORDS: &[Case] = &[
    Case::new(
        "hs-flipped-record",
        "a bit of the server's answer is not what it was",
        "RFC 8446 §5.2; RFC 5246 §6.2.3.3",
        TAMPERING,
        &[BAD_RECORD_MAC],
        |version| Script { reply: Reply::Flipped, ..Script::healthy(version) },
    )
    .after_message(),
    Case::new(
        "hs-oversized-record",
        "the server's answer comes in a record of more than 2^14 bytes",
        "RFC 8446 §5.1; RFC 5246 §6.2.1",
        "A client that takes what it has no room for is overrun",
        &[RECORD_OVERFLOW],
        |version| Script { reply: Reply::Oversized, ..Script::healthy(version) },
    )
    .after_message(),
    Case::new(
        "hs-truncated",
        "the connection ends in the midst of the server's answer, without close_notify",
        "RFC 8446 §6.1; RFC 9112 §8",
        "Whoever is on the way cuts the answer short, and the client takes the half for the whole",
        &[],
        |version| Script { reply: Reply::Truncated, ..Script::healthy(version) },
    )
    .after_message()
    .fix("Treat an end without close_notify as an error, and check what was promised: Content-Length, the line's end"),
    Case::new(
        "hs-one-record-many-messages",
        "two key updates share a record",
        "RFC 8446 §5.1",
        "A client that does not end the record with the key waits for ever, or reads with the wrong key (CVE-2026-32283)",
        &[UNEXPECTED_MESSAGE],
        |version| Script {
            together: true,
            messages: |moment, messages, _, _| {
                if moment == Moment::Established {
                    *messages = vec![Message::new(handshake::KEY_UPDATE, vec![0]); 2];
                }
            },
            ..Script::healthy(version)
        },
    )
    // It comes with the handshake's end, when a client may have sent its message already.
    .after_message()
    .only(ONLY_13)
    .grade(Grade::ShouldReject),
    Case::new(
        "hs-keyupdate-flood",
        "the server updates its key a thousand times in a row",
        "RFC 8446 §4.6.3",
        "A client that answers each of them, or keeps them, is stopped by a server that costs nothing",
        &[UNEXPECTED_MESSAGE],
        |version| Script {
            messages: |moment, messages, _, _| {
                if moment == Moment::Established {
                    *messages = vec![Message::new(handshake::KEY_UPDATE, vec![0]); 1000];
                }
            },
            ..Script::healthy(version)
        },
    )
    // It comes with the handshake's end, when a client may have sent its message already.
    .after_message()
    .only(ONLY_13)
    .grade(Grade::Policy),
];

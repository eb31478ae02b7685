//! The heart: is this the server that was meant?
//!
//! [`judge`] is a pure function of the presented chain, the trusted set, the expected name and an instant.
//! It runs every check, also after the first has failed, and returns a [`Verdict`]. [`live`] puts the same
//! function inside a TLS handshake, so that offline and live never disagree.
//!
//! # What is checked
//!
//! | check | policy `lab` | policy `webpki` |
//! | --- | --- | --- |
//! | trust | it is a trusted certificate byte for byte, or a path leads to one (RFC 5280 §6.1): signatures, CA:TRUE, keyCertSign, path lengths, name constraints, extended key usage of issuers, key identifiers; at most 10 certificates | the same, and a trusted leaf must be its own path: self-signed and no CA |
//! | name | exactly one CN, equal to the name; and an alternative name matches, if there are any | an alternative name matches (RFC 9525 §6) |
//! | name | no CN that can be taken for another name or address (a host name in another script that nobody asked for, an address misspelt) | the same, and no underscore in the dNSName that matches (RFC 5280 §4.2.1.6) |
//! | names of issuers | compared by RFC 5280 §7.1 | compared byte for byte |
//! | not-before, not-after | of every certificate of the path, the trusted one included | the same |
//! | usage | extended key usage, digitalSignature, no keyCertSign without CA:TRUE (RFC 5280 §4.2.1.3, §4.2.1.12); version 3, or version 1 where the leaf is pinned; no unknown critical extension (§4.2) | the same, and version 3 |
//! | usage | no CA:TRUE, unless the leaf is pinned | no CA:TRUE |
//! | usage; trust, where it is an issuer's | the form of RFC 5280 §4: serial numbers, names, criticality, what only a CA may have, key identifiers along a path, nothing unreadable or repeated | the same |
//! | strength | keys that can be read, RSA of 2048 bits or more, a curve that TLS has, no MD5 or SHA-1, along the path | the same |
//! | signature | the certificate's own (one that cannot be verified proves nothing) or its issuer's; in a handshake, the peer's proof that it holds the key | the same |
//! | revocation | by the lists that are given, of every certificate of their issuers: scope, freshness, signature, deltas (RFC 5280 §6.3); by OCSP responses that are given or stapled: which certificate, responder, signature, freshness (RFC 6960 §3.2); a staple that the certificate promises is there (RFC 7633) | the same |
//! | all | rustls-webpki accepts it too, asked about what the two have in common | rustls-webpki accepts it too, but for name constraints of kinds that it does not know |
//!
//! So what `lab` accepts, `webpki` accepts, but for what the lab sheet wants: a pinned leaf that a path could not end at,
//! because it is CA:TRUE or of version 1 (or because somebody else issued it, who is not trusted); a name that is in the
//! CN only; and, each with a note, names in a form that no certificate should have, and issuers' names that are the same
//! for RFC 5280 §7.1 only.
//!
//! Not checked, by either policy: revocation where neither a list nor an OCSP response is given or stapled
//! (nothing is fetched), Certificate Transparency, certificate policies, the
//! public suffix list. Not demanded: a key usage and an extended key usage, and what only the CA/Browser Forum asks of
//! public CAs.
//!
//! A chain costs a bounded number of signatures and comparisons, and of the intermediates whose names lead up from the leaf
//! at most 100 of 1 MiB in all are looked at.

mod checks;
pub(crate) mod constraints;
mod criteria;
mod examined;
mod expected_name;
pub(crate) mod form;
pub(crate) mod issuer;
mod issuing;
mod judge;
pub(crate) mod keys;
pub mod live;
mod model;
mod names;
mod path;
mod policy;
mod presented;
pub(crate) mod repeated;
mod revocation;
mod second_opinion;
pub(crate) mod signature;
mod verdict;

#[cfg(test)]
mod tests;

pub use criteria::{Criteria, TrustSet, Usage};
pub use examined::Examined;
pub use expected_name::{BadExpectedName, ExpectedName};
pub use issuing::{
    BadRequest, NotTheirs, UnfitIssuer, check_issued, check_issuer, check_list, check_lister, check_request,
};
pub use judge::{judge, judge_presuming_trust, judge_stapled};
pub use model::{Model, UnknownModel};
pub use policy::{Policy, UnknownPolicy};
pub use revocation::{Demand, Revocation, Staple, UnknownDemand};
pub use signature::self_signed;
pub use verdict::{Check, CheckKind, Reason, TrustPath, Verdict};

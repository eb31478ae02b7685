//! The verifier over certificates made for it.

mod bounds;
mod faults;
mod kinds;
mod stores;

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use time::macros::datetime;

use super::{Criteria, ExpectedName, Policy, Revocation, TrustSet, Usage, Verdict, judge};
use crate::pki::issue::{Issuer, Plan, Profile, Request, Validity};
use crate::pki::key::{KeyAlgorithm, PrivateKey};
use crate::pki::subject::{SanName, Subject};

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
const YEAR: Validity =
    Validity { not_before: datetime!(2026-06-01 0:00 UTC), not_after: datetime!(2027-06-01 0:00 UTC) };
const NAME: &str = "www.test.org";

/// How the leaf comes to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// It is the trusted certificate, and self-signed.
    Pinned,
    /// The trusted root issued it.
    Root,
    /// An intermediate CA issued it, which the trusted root issued.
    Intermediate,
}

const MODELS: [Model; 3] = [Model::Pinned, Model::Root, Model::Intermediate];

/// Which certificate of a chain an edit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Leaf,
    /// The leaf's issuer.
    Issuer,
    /// The trusted certificate at the end.
    Root,
}

pub(super) type Edit<'a> = &'a dyn Fn(&mut Plan);

/// Keys of one kind, made once.
pub(super) struct Keys {
    pub(super) leaf: PrivateKey,
    pub(super) intermediate: PrivateKey,
    pub(super) root: PrivateKey,
}

impl Keys {
    pub(super) fn new(algorithm: KeyAlgorithm) -> Self {
        let key = || PrivateKey::generate(algorithm).unwrap();
        Self { leaf: key(), intermediate: key(), root: key() }
    }

    /// A healthy chain with one edit: what is presented, and what is trusted.
    pub(super) fn chain(
        &self,
        model: Model,
        place: Place,
        edit: Edit<'_>,
    ) -> (Vec<CertificateDer<'static>>, CertificateDer<'static>) {
        let edit_at = |at: &[Place]| -> Edit<'_> { if at.contains(&place) { edit } else { &|_| {} } };
        let made = |request: &Request, key: &PrivateKey, issuer: Issuer<'_>, edit: Edit<'_>| {
            let mut plan = Plan::draft(request, key.public_key_info(), &issuer).unwrap();
            edit(&mut plan);
            plan.sign(issuer.key()).unwrap()
        };
        let server = server_request();
        if model == Model::Pinned {
            let leaf = made(&server, &self.leaf, Issuer::SelfSigned(&self.leaf), edit_at(&[Place::Leaf]));
            return (vec![leaf.clone()], leaf);
        }
        let root_places: &[Place] =
            if model == Model::Root { &[Place::Root, Place::Issuer] } else { &[Place::Root] };
        let self_signed = Issuer::SelfSigned(&self.root);
        let root = made(&ca_request("Test Root CA"), &self.root, self_signed, edit_at(root_places));
        let by_root = Issuer::Ca { certificate: &root, key: &self.root };
        let chain = if model == Model::Root {
            vec![made(&server, &self.leaf, by_root, edit_at(&[Place::Leaf]))]
        } else {
            let request = ca_request("Test Intermediate CA");
            let intermediate = made(&request, &self.intermediate, by_root, edit_at(&[Place::Issuer]));
            let issuer = Issuer::Ca { certificate: &intermediate, key: &self.intermediate };
            vec![made(&server, &self.leaf, issuer, edit_at(&[Place::Leaf])), intermediate]
        };
        (chain, root)
    }
}

pub(super) fn server_request() -> Request {
    Request {
        subject: Subject::lab(),
        names: vec![SanName::Dns(NAME.to_owned())],
        validity: YEAR,
        profile: Profile::Server,
    }
}

fn ca_request(name: &str) -> Request {
    Request {
        subject: Subject::lab().with_common_name(name).unwrap(),
        names: Vec::new(),
        validity: YEAR,
        profile: Profile::Ca { path_length: None },
    }
}

pub(super) fn criteria(trusted: &[CertificateDer<'_>], policy: Policy) -> Criteria {
    Criteria {
        trusted: Arc::new(TrustSet::new(trusted).unwrap()),
        name: Some(ExpectedName::Dns(NAME.to_owned())),
        usage: Usage::Server,
        policy,
        revocation: Revocation::default(),
    }
}

fn verdict(chain: &[CertificateDer<'_>], trusted: &CertificateDer<'_>, policy: Policy) -> Verdict {
    judge(chain, &criteria(std::slice::from_ref(trusted), policy), NOW)
}

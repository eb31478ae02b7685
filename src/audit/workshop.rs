//! Where faulty certificates are made: keys, a private CA, and healthy plans to edit.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::macros::datetime;

use crate::pki::issue::{IssueError, Issuer, Plan, Profile, Request, Validity, extension};
use crate::pki::key::{KeyAlgorithm, KeyError, PrivateKey};
use crate::pki::subject::{SanName, Subject};

/// The name that every healthy certificate proves.
pub const LAB_NAME: &str = "www.test.org";

/// Valid for a century, so that no fixture rots.
pub const CENTURY: Validity =
    Validity { not_before: datetime!(2020-01-01 0:00 UTC), not_after: datetime!(2120-01-01 0:00 UTC) };

/// What a maker hands over: a server's certificate chain and key, and what a client is to trust.
#[derive(Debug)]
pub struct Made {
    /// As it is served, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: Arc<PrivateKey>,
    /// As it is trusted.
    pub trusted: Vec<CertificateDer<'static>>,
}

/// Who is meant by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The intermediate CA.
    Intermediate,
    /// Somebody who is not the server.
    Other,
    /// The root CA.
    Root,
    /// The server.
    Server,
}

/// Makes certificates with keys of one kind, each made once.
#[derive(Debug)]
pub struct Workshop {
    algorithm: KeyAlgorithm,
    keys: HashMap<Role, Arc<PrivateKey>>,
}

impl Workshop {
    /// A workshop whose keys are of the kind `algorithm`.
    pub fn new(algorithm: KeyAlgorithm) -> Self {
        Self { algorithm, keys: HashMap::new() }
    }

    /// The key of `role`, always the same.
    pub fn key(&mut self, role: Role) -> Result<Arc<PrivateKey>, KeyError> {
        if let Some(key) = self.keys.get(&role) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(PrivateKey::generate(self.algorithm)?);
        self.keys.insert(role, Arc::clone(&key));
        Ok(key)
    }

    /// The healthy self-signed server plan, for the key of `role`.
    pub fn plan(&mut self, role: Role) -> Result<Plan, IssueError> {
        let key = self.key(role)?;
        Plan::draft(&server_request(LAB_NAME), key.public_key_info(), &Issuer::SelfSigned(&key))
    }

    /// The value of a subjectAltName extension with this one DNS name.
    pub fn alternative_name(&mut self, name: &str) -> Result<Vec<u8>, IssueError> {
        let key = self.key(Role::Server)?;
        let plan = Plan::draft(&server_request(name), key.public_key_info(), &Issuer::SelfSigned(&key))?;
        Ok(plan.extension(extension::SUBJECT_ALT_NAME).map(|found| found.value.clone()).unwrap_or_default())
    }

    /// Direct trust: a healthy self-signed certificate with one edit, which is also what the client trusts.
    pub fn pinned(&mut self, edit: impl FnOnce(&mut Plan)) -> Result<Made, IssueError> {
        let key = self.key(Role::Server)?;
        let mut plan = self.plan(Role::Server)?;
        edit(&mut plan);
        let certificate = plan.sign(&key)?;
        Ok(Made { chain: vec![certificate.clone()], key, trusted: vec![certificate] })
    }

    /// A private CA: a healthy leaf, intermediate and root, with one edit to the intermediate.
    pub fn chain(&mut self, edit_intermediate: impl FnOnce(&mut Plan)) -> Result<Made, IssueError> {
        let (root_key, intermediate_key) = (self.key(Role::Root)?, self.key(Role::Intermediate)?);
        let key = self.key(Role::Server)?;

        let request = ca_request("Test Root CA", None)?;
        let root = Plan::draft(&request, root_key.public_key_info(), &Issuer::SelfSigned(&root_key))?
            .sign(&root_key)?;

        let request = ca_request("Test Intermediate CA", Some(0))?;
        let issuer = Issuer::Ca { certificate: &root, key: &root_key };
        let mut plan = Plan::draft(&request, intermediate_key.public_key_info(), &issuer)?;
        edit_intermediate(&mut plan);
        let intermediate = plan.sign(&root_key)?;

        let issuer = Issuer::Ca { certificate: &intermediate, key: &intermediate_key };
        let leaf = Plan::draft(&server_request(LAB_NAME), key.public_key_info(), &issuer)?
            .sign(&intermediate_key)?;
        Ok(Made { chain: vec![leaf, intermediate], key, trusted: vec![root] })
    }
}

fn server_request(name: &str) -> Request {
    Request {
        subject: Subject::lab(),
        names: vec![SanName::Dns(name.to_owned())],
        validity: CENTURY,
        profile: Profile::Server,
    }
}

fn ca_request(name: &str, path_length: Option<u8>) -> Result<Request, IssueError> {
    Ok(Request {
        subject: Subject::lab().with_common_name(name)?,
        names: Vec::new(),
        validity: CENTURY,
        profile: Profile::Ca { path_length },
    })
}

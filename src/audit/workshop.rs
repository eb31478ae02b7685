//! Where faulty certificates are made: keys, a private CA, and healthy plans to edit.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::pki::issue::{IssueError, Issuer, Plan, Profile, Request, Validity};
use crate::pki::key::{KeyAlgorithm, KeyError, PrivateKey};
use crate::pki::subject::{SanName, Subject};
use crate::verify::Usage;

/// The name that every healthy certificate proves.
pub const LAB_NAME: &str = "www.test.org";

/// Valid for a century, so that no fixture rots.
pub const CENTURY: Validity =
    Validity { not_before: datetime!(2020-01-01 0:00 UTC), not_after: datetime!(2120-01-01 0:00 UTC) };

/// When the catalogue is judged. Only what is about the first and last second of validity depends on it.
pub const JUDGED_AT: OffsetDateTime = datetime!(2040-06-01 12:00 UTC);

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
    others: HashMap<KeyAlgorithm, Workshop>,
}

impl Workshop {
    /// A workshop whose keys are of the kind `algorithm`.
    pub fn new(algorithm: KeyAlgorithm) -> Self {
        Self { algorithm, keys: HashMap::new(), others: HashMap::new() }
    }

    /// The same with a key of `role` that was made elsewhere.
    #[must_use]
    pub fn with_key(mut self, role: Role, key: Arc<PrivateKey>) -> Self {
        self.keys.insert(role, key);
        self
    }

    /// The workshop next door, whose keys are of another kind; always the same.
    pub fn of(&mut self, algorithm: KeyAlgorithm) -> &mut Self {
        self.others.entry(algorithm).or_insert_with(|| Self::new(algorithm))
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

    /// Direct trust: a healthy self-signed certificate with one edit, which is also what the client trusts.
    pub fn pinned(&mut self, edit: impl FnOnce(&mut Plan)) -> Result<Made, IssueError> {
        let key = self.key(Role::Server)?;
        let mut plan = self.plan(Role::Server)?;
        edit(&mut plan);
        let certificate = plan.sign(&key)?;
        Ok(Made { chain: vec![certificate.clone()], key, trusted: vec![certificate] })
    }

    /// A private CA: a healthy leaf with one edit, issued by the root that the client trusts.
    pub fn issued(&mut self, edit: impl FnOnce(&mut Plan)) -> Result<Made, IssueError> {
        self.issued_to(Usage::Server, edit, Plan::sign)
    }

    /// The same for a server or a client, and signed as one likes.
    pub fn issued_to(
        &mut self,
        usage: Usage,
        edit: impl FnOnce(&mut Plan),
        sign: impl FnOnce(&Plan, &PrivateKey) -> Result<CertificateDer<'static>, IssueError>,
    ) -> Result<Made, IssueError> {
        let (root_key, key) = (self.key(Role::Root)?, self.key(Role::Server)?);
        let root = self.root()?.sign(&root_key)?;
        let issuer = Issuer::Ca { certificate: &root, key: &root_key };
        let request = match usage {
            Usage::Client => Request { profile: Profile::Client, ..server_request(LAB_NAME) },
            Usage::Server => server_request(LAB_NAME),
        };
        let mut plan = Plan::draft(&request, key.public_key_info(), &issuer)?;
        edit(&mut plan);
        Ok(Made { chain: vec![sign(&plan, &root_key)?], key, trusted: vec![root] })
    }

    /// A private CA with an intermediate: a healthy leaf, intermediate and root, with one edit to any of them. What
    /// they say of each other is as it was before the edit.
    pub fn chain(&mut self, edit: impl FnOnce(&mut Chain)) -> Result<Made, IssueError> {
        let (root_key, intermediate_key) = (self.key(Role::Root)?, self.key(Role::Intermediate)?);
        let key = self.key(Role::Server)?;
        let root = self.root()?;
        let (certificate, request) = (root.sign(&root_key)?, ca_request("Test Intermediate CA", Some(0)));
        let issuer = Issuer::Ca { certificate: &certificate, key: &root_key };
        let intermediate = Plan::draft(&request, intermediate_key.public_key_info(), &issuer)?;
        let certificate = intermediate.sign(&root_key)?;
        let issuer = Issuer::Ca { certificate: &certificate, key: &intermediate_key };
        let leaf = Plan::draft(&server_request(LAB_NAME), key.public_key_info(), &issuer)?;
        let mut chain = Chain { leaf, intermediate, root };
        edit(&mut chain);
        let sent = vec![chain.leaf.sign(&intermediate_key)?, chain.intermediate.sign(&root_key)?];
        Ok(Made { chain: sent, key, trusted: vec![chain.root.sign(&root_key)?] })
    }

    /// A chain of a leaf, `count` intermediates and a root, with an edit to each of them: the root is number 0, and the
    /// leaf follows the last intermediate.
    pub fn long_chain(
        &mut self,
        count: usize,
        mut edit: impl FnMut(usize, &mut Plan),
    ) -> Result<Made, IssueError> {
        let (root_key, key) = (self.key(Role::Root)?, self.key(Role::Server)?);
        let mut root = self.root()?;
        edit(0, &mut root);
        let root = root.sign(&root_key)?;
        let (mut above, mut above_key) = (root.clone(), Arc::clone(&root_key));
        let mut sent = Vec::new();
        for number in 1..=count {
            let own = Arc::new(PrivateKey::generate(self.algorithm)?);
            let issuer = Issuer::Ca { certificate: &above, key: &above_key };
            let request = ca_request(&format!("Test Intermediate CA {number}"), None);
            let mut plan = Plan::draft(&request, own.public_key_info(), &issuer)?;
            edit(number, &mut plan);
            let certificate = plan.sign(&above_key)?;
            sent.insert(0, certificate.clone());
            (above, above_key) = (certificate, own);
        }
        let issuer = Issuer::Ca { certificate: &above, key: &above_key };
        let mut leaf = Plan::draft(&server_request(LAB_NAME), key.public_key_info(), &issuer)?;
        edit(count + 1, &mut leaf);
        sent.insert(0, leaf.sign(&above_key)?);
        Ok(Made { chain: sent, key, trusted: vec![root] })
    }

    /// A healthy CA with a name and a key of its own.
    pub fn authority(&self, name: &str) -> Result<Authority, IssueError> {
        let key = PrivateKey::generate(self.algorithm)?;
        let request = ca_request(name, None);
        let plan = Plan::draft(&request, key.public_key_info(), &Issuer::SelfSigned(&key))?;
        let certificate = plan.sign(&key)?;
        Ok(Authority { key, request, certificate })
    }

    /// The healthy plan of the root CA.
    pub fn root(&mut self) -> Result<Plan, IssueError> {
        let key = self.key(Role::Root)?;
        Plan::draft(&ca_request("Test Root CA", None), key.public_key_info(), &Issuer::SelfSigned(&key))
    }
}

/// The plans of a chain of three, to be edited.
#[derive(Debug)]
pub struct Chain {
    /// The server's.
    pub leaf: Plan,
    /// The intermediate CA's, with a path length constraint of 0.
    pub intermediate: Plan,
    /// The trusted CA's.
    pub root: Plan,
}

/// A CA among others, which certify each other.
#[derive(Debug)]
pub struct Authority {
    key: PrivateKey,
    request: Request,
    /// What it says of itself.
    pub certificate: CertificateDer<'static>,
}

impl Authority {
    /// What it says of another CA, with one edit.
    pub fn certify(
        &self,
        other: &Self,
        edit: impl FnOnce(&mut Plan),
    ) -> Result<CertificateDer<'static>, IssueError> {
        self.sign(&other.request, &other.key, edit)
    }

    /// The healthy server's certificate that it issues to this key.
    pub fn issue(&self, key: &PrivateKey) -> Result<CertificateDer<'static>, IssueError> {
        self.sign(&server_request(LAB_NAME), key, |_| {})
    }

    fn sign(
        &self,
        request: &Request,
        key: &PrivateKey,
        edit: impl FnOnce(&mut Plan),
    ) -> Result<CertificateDer<'static>, IssueError> {
        let issuer = Issuer::Ca { certificate: &self.certificate, key: &self.key };
        let mut plan = Plan::draft(request, key.public_key_info(), &issuer)?;
        edit(&mut plan);
        plan.sign(&self.key)
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

fn ca_request(name: &str, path_length: Option<u8>) -> Request {
    Request {
        subject: Subject::lab().with_unchecked_common_name(name),
        names: Vec::new(),
        validity: CENTURY,
        profile: Profile::Ca { path_length },
    }
}

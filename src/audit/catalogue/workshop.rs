//! Where faulty certificates are made: keys, a private CA, and healthy plans to edit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;

use super::setting::Setting;
use crate::pki::issue::{IssueError, Issuer, Plan, Profile, Request};
use crate::pki::key::{KeyAlgorithm, KeyError, PrivateKey};
use crate::pki::subject::{SanName, Subject};
use crate::verify::{ExpectedName, Usage};

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
    /// A CA among others, by its name.
    Authority(&'static str),
    /// The intermediate CA.
    Intermediate,
    /// One of a long chain's intermediates, counted from the root.
    Link(usize),
    /// Somebody who is not the server.
    Other,
    /// The root CA.
    Root,
    /// The server.
    Server,
}

/// Whose a key is, and of what kind.
type Slot = (Role, KeyAlgorithm, bool);

/// Makes certificates for one name and one time, with keys that are each made once: every workshop that came of the
/// same one has the same.
#[derive(Clone, Debug)]
pub struct Workshop {
    setting: Setting,
    algorithm: KeyAlgorithm,
    stranger: bool,
    keys: Arc<Mutex<HashMap<Slot, Arc<PrivateKey>>>>,
}

impl Workshop {
    /// A workshop for the lab's server, whose keys are of the kind `algorithm`.
    pub fn new(algorithm: KeyAlgorithm) -> Self {
        Self { setting: Setting::lab(), algorithm, stranger: false, keys: Arc::default() }
    }

    /// The same for another name and time.
    #[must_use]
    pub fn with_setting(&self, setting: Setting) -> Self {
        Self { setting, ..self.clone() }
    }

    /// The same for another name.
    #[must_use]
    pub fn for_name(&self, name: ExpectedName) -> Self {
        self.with_setting(Setting { name, ..self.setting.clone() })
    }

    /// The same with a key of `role` that was made elsewhere.
    #[must_use]
    pub fn with_key(self, role: Role, key: Arc<PrivateKey>) -> Self {
        self.keys().insert((role, self.algorithm, self.stranger), key);
        self
    }

    /// The workshop next door, whose keys are of another kind.
    #[must_use]
    pub fn of(&self, algorithm: KeyAlgorithm) -> Self {
        Self { algorithm, ..self.clone() }
    }

    /// Somebody else's workshop: the same names, none of the keys.
    #[must_use]
    pub fn stranger(&self) -> Self {
        Self { stranger: true, ..self.clone() }
    }

    /// For whom and for when it makes certificates.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The key of `role`, always the same.
    pub fn key(&self, role: Role) -> Result<Arc<PrivateKey>, KeyError> {
        let slot = (role, self.algorithm, self.stranger);
        if let Some(key) = self.keys().get(&slot) {
            return Ok(Arc::clone(key));
        }
        // Not under the lock, for it can take seconds. Who comes second takes the first one's.
        let key = Arc::new(PrivateKey::generate(self.algorithm)?);
        Ok(Arc::clone(self.keys().entry(slot).or_insert(key)))
    }

    /// A key is put in whole or not at all, so that what a panic left is sound.
    fn keys(&self) -> std::sync::MutexGuard<'_, HashMap<Slot, Arc<PrivateKey>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The healthy self-signed server plan, for the key of `role`.
    pub fn plan(&self, role: Role) -> Result<Plan, IssueError> {
        let key = self.key(role)?;
        Plan::draft(&self.server_request(), key.public_key_info(), &Issuer::SelfSigned(&key))
    }

    /// Direct trust: a healthy self-signed certificate with one edit, which is also what the client trusts.
    pub fn pinned(&self, edit: impl FnOnce(&mut Plan)) -> Result<Made, IssueError> {
        let key = self.key(Role::Server)?;
        let mut plan = self.plan(Role::Server)?;
        edit(&mut plan);
        let certificate = plan.sign(&key)?;
        Ok(Made { chain: vec![certificate.clone()], key, trusted: vec![certificate] })
    }

    /// Direct trust, in the shape that plain `openssl req -x509` gives a certificate.
    pub fn openssl_style(&self) -> Result<Made, IssueError> {
        let key = self.key(Role::Server)?;
        let request = Request { names: Vec::new(), profile: Profile::Openssl, ..self.server_request() };
        let plan = Plan::draft(&request, key.public_key_info(), &Issuer::SelfSigned(&key))?;
        let certificate = plan.sign(&key)?;
        Ok(Made { chain: vec![certificate.clone()], key, trusted: vec![certificate] })
    }

    /// A private CA: a healthy leaf with one edit, issued by the root that the client trusts.
    pub fn issued(&self, edit: impl FnOnce(&mut Plan)) -> Result<Made, IssueError> {
        self.issued_to(Usage::Server, edit, Plan::sign)
    }

    /// The same for a server or a client, and signed as one likes.
    pub fn issued_to(
        &self,
        usage: Usage,
        edit: impl FnOnce(&mut Plan),
        sign: impl FnOnce(&Plan, &PrivateKey) -> Result<CertificateDer<'static>, IssueError>,
    ) -> Result<Made, IssueError> {
        let (root_key, key) = (self.key(Role::Root)?, self.key(Role::Server)?);
        let root = self.root()?.sign(&root_key)?;
        let issuer = Issuer::Ca { certificate: &root, key: &root_key };
        let request = match usage {
            Usage::Client => Request { profile: Profile::Client, ..self.server_request() },
            Usage::Server => self.server_request(),
        };
        let mut plan = Plan::draft(&request, key.public_key_info(), &issuer)?;
        edit(&mut plan);
        Ok(Made { chain: vec![sign(&plan, &root_key)?], key, trusted: vec![root] })
    }

    /// A private CA with an intermediate: a healthy leaf, intermediate and root, with one edit to any of them. What
    /// they say of each other is as it was before the edit.
    pub fn chain(&self, edit: impl FnOnce(&mut Chain)) -> Result<Made, IssueError> {
        let (root_key, intermediate_key) = (self.key(Role::Root)?, self.key(Role::Intermediate)?);
        let root = self.root()?;
        let (certificate, request) = (root.sign(&root_key)?, self.intermediate_request());
        let issuer = Issuer::Ca { certificate: &certificate, key: &root_key };
        let intermediate = Plan::draft(&request, intermediate_key.public_key_info(), &issuer)?;
        let certificate = intermediate.sign(&root_key)?;
        let leaf = self.leaf(&certificate, &intermediate_key)?;
        let mut chain = Chain { leaf, intermediate, root };
        edit(&mut chain);
        let sent = vec![chain.leaf.sign(&intermediate_key)?, chain.intermediate.sign(&root_key)?];
        let trusted = vec![chain.root.sign(&root_key)?];
        Ok(Made { chain: sent, key: self.key(Role::Server)?, trusted })
    }

    /// The healthy plan of a server's certificate, as this CA would issue it.
    pub fn leaf(&self, issuer: &CertificateDer<'_>, issuer_key: &PrivateKey) -> Result<Plan, IssueError> {
        let key = self.key(Role::Server)?;
        let issuer = Issuer::Ca { certificate: issuer, key: issuer_key };
        Plan::draft(&self.server_request(), key.public_key_info(), &issuer)
    }

    /// A chain of a leaf, `count` intermediates and a root, with an edit to each of them: the root is number 0, and the
    /// leaf follows the last intermediate.
    pub fn long_chain(
        &self,
        count: usize,
        mut edit: impl FnMut(usize, &mut Plan),
    ) -> Result<Made, IssueError> {
        let root_key = self.key(Role::Root)?;
        let mut root = self.root()?;
        edit(0, &mut root);
        let root = root.sign(&root_key)?;
        let (mut above, mut above_key) = (root.clone(), Arc::clone(&root_key));
        let mut sent = Vec::new();
        for number in 1..=count {
            let own = self.key(Role::Link(number))?;
            let issuer = Issuer::Ca { certificate: &above, key: &above_key };
            let request = self.ca_request(&format!("Test Intermediate CA {number}"), None);
            let mut plan = Plan::draft(&request, own.public_key_info(), &issuer)?;
            edit(number, &mut plan);
            let certificate = plan.sign(&above_key)?;
            sent.insert(0, certificate.clone());
            (above, above_key) = (certificate, own);
        }
        let mut leaf = self.leaf(&above, &above_key)?;
        edit(count + 1, &mut leaf);
        sent.insert(0, leaf.sign(&above_key)?);
        Ok(Made { chain: sent, key: self.key(Role::Server)?, trusted: vec![root] })
    }

    /// A healthy CA with a name and a key of its own.
    pub fn authority(&self, name: &'static str) -> Result<Authority, IssueError> {
        let key = self.key(Role::Authority(name))?;
        let request = self.ca_request(name, None);
        let plan = Plan::draft(&request, key.public_key_info(), &Issuer::SelfSigned(&key))?;
        let certificate = plan.sign(&key)?;
        Ok(Authority { key, request, served: self.server_request(), certificate })
    }

    /// The healthy plan of the root CA.
    pub fn root(&self) -> Result<Plan, IssueError> {
        let key = self.key(Role::Root)?;
        let request = self.ca_request("Test Root CA", None);
        Plan::draft(&request, key.public_key_info(), &Issuer::SelfSigned(&key))
    }

    fn server_request(&self) -> Request {
        let names = match &self.setting.name {
            ExpectedName::Dns(name) => vec![SanName::Dns(name.clone())],
            ExpectedName::Ip(address) => vec![SanName::Ip(*address)],
            ExpectedName::Email(_) | ExpectedName::Text(_) => Vec::new(),
        };
        Request {
            subject: Subject::lab().with_unchecked_common_name(&self.setting.name.to_string()),
            names,
            validity: self.setting.dates.valid,
            profile: Profile::Server,
        }
    }

    /// What the healthy intermediate CA asks for.
    pub fn intermediate_request(&self) -> Request {
        self.ca_request("Test Intermediate CA", Some(0))
    }

    fn ca_request(&self, name: &str, path_length: Option<u8>) -> Request {
        Request {
            subject: Subject::lab().with_unchecked_common_name(name),
            names: Vec::new(),
            validity: self.setting.dates.valid,
            profile: Profile::Ca { path_length },
        }
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
    key: Arc<PrivateKey>,
    request: Request,
    /// What a server asks of it.
    served: Request,
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
        self.sign(&self.served, key, |_| {})
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

//! What a scripted server shows and signs with.

use std::fmt;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::pki_types::CertificateDer;
use rustls::sign::SigningKey;

use crate::pki::key::{KeyError, PrivateKey, SignatureHash};

/// What a server shows and signs with.
pub struct Material {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKey>,
    signer: Arc<dyn SigningKey>,
    stranger: Arc<dyn SigningKey>,
}

impl Material {
    /// A chain, leaf first, with the leaf's key, and the key of somebody else for faults that need one.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: Arc<PrivateKey>,
        stranger: &PrivateKey,
    ) -> Result<Self, KeyError> {
        Ok(Self { chain, signer: signer(&key)?, stranger: signer(stranger)?, key })
    }

    /// The chain, leaf first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The chain's bytes.
    pub(super) fn ders(&self) -> Vec<&[u8]> {
        self.chain.iter().map(|certificate| &**certificate).collect()
    }

    /// The server's public key, as its certificate has it.
    pub fn public_key_info(&self) -> &[u8] {
        self.key.public_key_info()
    }

    /// Signs with the server's key by a scheme's number; `None` where rustls would not: the scheme is not the key's.
    pub fn sign(&self, scheme: u16, bytes: &[u8]) -> Option<Vec<u8>> {
        sign(&*self.signer, scheme, bytes)
    }

    /// Signs with somebody else's key.
    pub fn sign_as_stranger(&self, scheme: u16, bytes: &[u8]) -> Option<Vec<u8>> {
        sign(&*self.stranger, scheme, bytes)
    }

    /// Signs as certificates are signed (PKCS#1 v1.5 with RSA), with a hash of one's choice.
    pub fn sign_hashed(&self, hash: SignatureHash, bytes: &[u8]) -> Option<Vec<u8>> {
        self.key.sign_hashed(hash, bytes).ok()
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material").field("chain", &self.chain.len()).finish_non_exhaustive()
    }
}

fn signer(key: &PrivateKey) -> Result<Arc<dyn SigningKey>, KeyError> {
    key.for_tls().map_err(|error| KeyError::Signing(error.to_string()))
}

fn sign(key: &dyn SigningKey, scheme: u16, bytes: &[u8]) -> Option<Vec<u8>> {
    key.choose_scheme(&[SignatureScheme::from(scheme)])?.sign(bytes).ok()
}

//! stub
use super::Result;
use tlslab::pki::key::Passphrase;
#[derive(Clone, Debug)]
pub(crate) struct PassphraseSource;
impl std::str::FromStr for PassphraseSource { type Err = String; fn from_str(_: &str) -> std::result::Result<Self, String> { Ok(Self) } }
impl PassphraseSource { pub(crate) fn read(&self, _what: &str) -> Result<Passphrase> { Ok(Passphrase::new(String::new())) } }

//! The sessions that a client may resume, kept from its first visit to its second.

use std::sync::Arc;

use rustls::server::ServerSessionMemoryCache;

/// How many sessions are remembered of a client's visits.
const MOST: usize = 64;

/// Sessions that a client may resume, kept for both visits of a case.
#[derive(Clone, Debug)]
pub struct Sessions(Arc<ServerSessionMemoryCache>);

impl Default for Sessions {
    fn default() -> Self {
        Self(ServerSessionMemoryCache::new(MOST))
    }
}

impl Sessions {
    /// Where rustls keeps them.
    pub fn storage(&self) -> Arc<ServerSessionMemoryCache> {
        Arc::clone(&self.0)
    }
}

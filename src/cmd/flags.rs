//! Flags that several commands have, declared once: the same name, the same bounds and the same words everywhere. Those that
//! bring work of their own with them stand beside it: `capture` (what is recorded), `trust`, `revocation`.

use std::time::Duration;

use clap::Args;
use tlslab::tls::Versions;

use super::passphrase::PassphraseSource;
use super::patience;

/// Where the passphrase of a key is that is read.
#[derive(Clone, Debug, Args)]
pub(crate) struct Passin {
    /// Passphrase of an encrypted key: prompt, env:VAR, file:PATH or stdin [default: prompt, on a terminal]
    #[arg(long, value_name = "SOURCE")]
    pub(crate) passin: Option<PassphraseSource>,
}

/// How long somebody else may keep a client waiting.
#[derive(Clone, Debug, Args)]
pub(crate) struct Timeout {
    /// How long each step may take: resolving and connecting, the handshake, each wait for an answer
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = patience::read)]
    pub(crate) timeout: Duration,
}

/// How long a connection may be silent.
#[derive(Clone, Debug, Args)]
pub(crate) struct IdleTimeout {
    /// How long a connection may pass without a byte in either direction
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = patience::read)]
    pub(crate) idle_timeout: Duration,
}

/// How long a stop in good order may take.
#[derive(Clone, Debug, Args)]
pub(crate) struct DrainTimeout {
    /// How long connections may still take once SIGINT or SIGTERM has come
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = patience::read)]
    pub(crate) drain_timeout: Duration,
}

/// How many peers are let in.
#[derive(Clone, Debug, Args)]
pub(crate) struct MaxConnections {
    /// How many connections at once; more wait until one ends
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4096,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    max_connections: u32,
}

impl MaxConnections {
    /// How many.
    pub(crate) fn get(&self) -> usize {
        // A usize has 32 bits or more wherever there is a runtime for this.
        self.max_connections as usize
    }
}

/// Which versions are spoken.
#[derive(Clone, Debug, Args)]
pub(crate) struct TlsVersions {
    /// The TLS versions to speak: 1.2, 1.3 or 1.2-1.3
    #[arg(long, value_name = "VERSIONS", default_value_t)]
    pub(crate) tls: Versions,
}

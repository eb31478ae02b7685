//! What to serve, and within which limits.

use std::sync::Arc;
use std::time::Duration;

use super::backends::BackEnds;
use super::reload::Tls;
use crate::wire::recording::Recorder;

/// Everything that [`run`](super::run) needs besides a listener.
#[derive(Clone, Debug)]
pub struct Config {
    /// TLS, or `None` to serve in plaintext.
    pub tls: Option<Arc<Tls>>,
    /// What is done with the decrypted bytes.
    pub service: Service,
    /// How much and how long.
    pub limits: Limits,
    /// What records every connection beneath TLS. Its secrets are the business of
    /// [`Settings::key_log`](super::reload::Settings::key_log).
    pub recorder: Option<Recorder>,
}

/// What a server does with the bytes that a peer sends.
#[derive(Clone, Debug, Default)]
pub enum Service {
    /// Sends them back as they came.
    #[default]
    Echo,
    /// Sends them back with every letter in upper case.
    Upper,
    /// Reads them as HTTP/1.1 requests and answers with a page about the session.
    Www,
    /// Carries them to a plaintext server, and its bytes back.
    Forward(Arc<Forward>),
}

/// To whom [`Service::Forward`] carries, and how.
#[derive(Debug)]
pub struct Forward {
    /// The plaintext servers.
    pub back_ends: BackEnds,
    /// Whether each connection to one begins with a PROXY protocol header (version 2).
    pub proxy_protocol: bool,
}

/// How much and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many peers at once, those still shaking hands included; further ones wait in the listener's queue.
    pub max_connections: usize,
    /// How long a handshake may take from accept to its end.
    pub handshake_timeout: Duration,
    /// How long a session may pass without one byte moving in either direction.
    pub idle_timeout: Duration,
    /// How long sessions may go on after the server was told to stop.
    pub drain_timeout: Duration,
    /// How many connections one address may have at once; further ones are closed at once. IPv6 addresses count by /64.
    pub max_per_ip: Option<usize>,
    /// How many connections one address may begin in a second; further ones are closed at once.
    pub handshake_rate: Option<u32>,
}

impl Default for Limits {
    /// 4096 connections, 10 s to shake hands, 5 min idle, 10 s to drain, all from one address if it likes.
    fn default() -> Self {
        Self {
            max_connections: 4096,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(5 * 60),
            drain_timeout: Duration::from_secs(10),
            max_per_ip: None,
            handshake_rate: None,
        }
    }
}

//! What a load measured, as JSON for a machine and in words for a person.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::bench::{FailureKind, Measured, Mode, Percentiles};
use crate::words::counted;

/// What `bench --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    /// `full`, `resumed`, `idle`, `up`, `down` or `echo`.
    pub mode: &'static str,
    /// The server, as it was named.
    pub target: String,
    /// `TLSv1.2` or `TLSv1.3`; null where no handshake was complete.
    pub protocol: Option<String>,
    /// IANA's name.
    pub cipher_suite: Option<String>,
    /// The group; `none` in a resumed TLS 1.2 session.
    pub key_exchange: Option<String>,
    /// How many at once.
    pub connections: usize,
    /// For how long it was measured, without the warm-up.
    pub duration_s: f64,
    /// Handshakes, connections held to the end, MiB carried, or messages that came back.
    pub operations: u64,
    /// Operations a second; of idle connections, how many were opened a second.
    pub rate_per_s: f64,
    /// How many operations failed, by kind; each kind is there.
    pub errors: BTreeMap<&'static str, u64>,
    /// How long operations took; null where there was none.
    pub latency_ms: Option<Latency>,
    /// Application bytes.
    pub bytes_sent: u64,
    /// Application bytes.
    pub bytes_received: u64,
    /// This process's CPU time, user and system; null where the system does not tell.
    pub client_cpu_s: Option<f64>,
    /// Whether the load generator was the limit rather than the server.
    pub limited_by_client: bool,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// The median.
    pub p50: f64,
    /// 90 of 100 took no longer.
    pub p90: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1,000.
    pub p99_9: f64,
    /// The longest.
    pub max: f64,
}

impl From<Percentiles> for Latency {
    fn from(latency: Percentiles) -> Self {
        let ms = |time: Duration| rounded(time.as_secs_f64() * 1e3);
        Self {
            p50: ms(latency.p50),
            p90: ms(latency.p90),
            p99: ms(latency.p99),
            p99_9: ms(latency.p99_9),
            max: ms(latency.max),
        }
    }
}

/// To a thousandth: what is beyond it was not measured.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

impl BenchReport {
    /// Of what a load of `connections` measured.
    pub fn new(mode: Mode, target: String, connections: usize, measured: &Measured) -> Self {
        let session = measured.session.as_ref();
        let counts = &measured.counts;
        Self {
            mode: mode.as_str(),
            target,
            protocol: session.map(|session| session.protocol.clone()),
            cipher_suite: session.map(|session| session.cipher_suite.clone()),
            key_exchange: session.map(|session| session.key_exchange.clone()),
            connections,
            duration_s: rounded(measured.elapsed.as_secs_f64()),
            operations: counts.operations,
            rate_per_s: rounded(measured.rate()),
            errors: FailureKind::ALL.map(|kind| (kind.as_str(), counts.failures(kind))).into(),
            latency_ms: measured.latency.map(Latency::from),
            bytes_sent: counts.sent,
            bytes_received: counts.received,
            client_cpu_s: measured.client_cpu.map(|cpu| rounded(cpu.as_secs_f64())),
            limited_by_client: measured.limited_by_client,
        }
    }

    /// For a person.
    pub fn lines(&self, mode: Mode) -> Vec<String> {
        let agreed = [&self.protocol, &self.cipher_suite, &self.key_exchange];
        let agreed: Vec<&str> = agreed.into_iter().flatten().map(String::as_str).collect();
        let mut lines = vec![format!(
            "{} of {}, {}: {}",
            self.mode,
            self.target,
            counted(self.connections as u64, "connection"),
            if agreed.is_empty() { "no handshake was complete".to_owned() } else { agreed.join(" ") },
        )];
        let (operations, seconds, rate) = (self.operations, self.duration_s, self.rate_per_s);
        lines.push(match mode {
            Mode::Full | Mode::Resumed => {
                format!("{} in {seconds:.1} s, {rate:.1} a second", counted(operations, "handshake"))
            }
            Mode::Idle => format!(
                "{} held for {seconds:.1} s, opened at {rate:.1} a second",
                counted(operations, "connection")
            ),
            Mode::Up | Mode::Down => format!("{operations} MiB in {seconds:.1} s, {rate:.1} a second"),
            Mode::Echo => format!("{} in {seconds:.1} s, {rate:.1} a second", counted(operations, "message")),
        });
        if let Some(Latency { p50, p90, p99, p99_9, max }) = self.latency_ms {
            lines.push(format!("ms: p50 {p50}, p90 {p90}, p99 {p99}, p99.9 {p99_9}, max {max}"));
        }
        lines.push(format!("{} bytes sent, {} received", self.bytes_sent, self.bytes_received));
        let errors: Vec<String> = self
            .errors
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        lines.push(format!(
            "errors: {}",
            if errors.is_empty() { "none".to_owned() } else { errors.join(", ") }
        ));
        if let Some(cpu) = self.client_cpu_s {
            lines.push(format!("this load generator's CPU: {cpu:.2} s"));
        }
        lines
    }
}

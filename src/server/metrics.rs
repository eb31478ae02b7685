//! What a server has done, in figures that Prometheus reads: fed with [`Event`]s, told as text.
//!
//! No figure says anything of a single peer: nothing that a peer can choose is a label, so their number is bounded.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use time::OffsetDateTime;

use super::backends::Standing;
use super::config::Forward;
use super::event::Event;

/// A handshake that was completed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Handshake {
    protocol: String,
    cipher_suite: String,
    key_exchange: String,
    /// `true` or `false`.
    resumed: String,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// How.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct How {
    end: &'static str,
}

/// Which.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct File {
    file: String,
}

/// With what success.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

/// Figures of one server. Feeding them takes no lock that reading them holds for long.
pub struct Metrics {
    registry: Registry,
    accepted: Counter,
    open: Gauge,
    refused: Family<Reason, Counter>,
    accept_failures: Counter,
    handshakes: Family<Handshake, Counter>,
    handshake_failures: Family<Reason, Counter>,
    sessions: Family<How, Counter>,
    received: Counter,
    sent: Counter,
    duration: Histogram,
    reloads: Family<Outcome, Counter>,
    expiry: Family<File, Gauge<i64, AtomicI64>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// All at nothing; with those of the back ends of `forward`.
    pub fn new(forward: Option<Arc<Forward>>) -> Self {
        let mut new = Self {
            registry: Registry::with_prefix("tlslab"),
            accepted: Counter::default(),
            open: Gauge::default(),
            refused: Family::default(),
            accept_failures: Counter::default(),
            handshakes: Family::default(),
            handshake_failures: Family::default(),
            sessions: Family::default(),
            received: Counter::<u64, AtomicU64>::default(),
            sent: Counter::default(),
            // 1 ms to about a day.
            duration: Histogram::new(exponential_buckets(0.001, 4.0, 14)),
            reloads: Family::default(),
            expiry: Family::default(),
        };
        new.register(forward);
        new
    }

    fn register(&mut self, forward: Option<Arc<Forward>>) {
        let registry = &mut self.registry;
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that runs", version);
        registry.register("connections_accepted", "Connections accepted", self.accepted.clone());
        registry.register(
            "connections_open",
            "Connections that are open, handshakes included",
            self.open.clone(),
        );
        let help = "Connections closed at once, by the limit that their address had reached";
        registry.register("connections_refused", help, self.refused.clone());
        let help = "Times that the system would not hand out a connection";
        registry.register("accept_failures", help, self.accept_failures.clone());
        registry.register("handshakes", "Handshakes completed", self.handshakes.clone());
        let help = "Connections of which no session came, by the reason";
        registry.register("handshake_failures", help, self.handshake_failures.clone());
        registry.register("sessions_ended", "Sessions that have ended, by how", self.sessions.clone());
        let help = "Application bytes that came from peers, of sessions that have ended";
        registry.register("received_bytes", help, self.received.clone());
        let help = "Application bytes that were sent to peers, of sessions that have ended";
        registry.register("sent_bytes", help, self.sent.clone());
        let help = "From accept to the end of a session";
        registry.register("session_duration_seconds", help, self.duration.clone());
        let help = "Times that the files were read again, by whether all of them were good";
        registry.register("reloads", help, self.reloads.clone());
        let help = "When a certificate that is served expires, in seconds since 1970";
        registry.register("certificate_not_after_timestamp_seconds", help, self.expiry.clone());
        if let Some(forward) = forward {
            registry.register_collector(Box::new(Behind(forward)));
        }
    }

    /// Counts.
    pub fn event(&self, event: &Event) {
        match event {
            Event::Accepting(notice) => {
                if matches!(**notice, crate::streams::accept::Notice::Failed(_)) {
                    self.accept_failures.inc();
                }
            }
            Event::Accepted { .. } => {
                self.accepted.inc();
                self.open.inc();
            }
            Event::Refused { why, .. } => {
                self.refused.get_or_create(&Reason { reason: why.as_str() }).inc();
            }
            Event::Established { tls } => {
                let Some(tls) = tls else { return };
                let agreed = tls.agreed.clone();
                let labels = Handshake {
                    protocol: agreed.protocol,
                    cipher_suite: agreed.cipher_suite,
                    key_exchange: agreed.key_exchange,
                    resumed: tls.resumed.to_string(),
                };
                self.handshakes.get_or_create(&labels).inc();
            }
            Event::HandshakeFailed { failure, .. } => {
                self.open.dec();
                self.handshake_failures.get_or_create(&Reason { reason: failure.as_str() }).inc();
            }
            Event::SessionEnded(session) => {
                self.open.dec();
                self.sessions.get_or_create(&How { end: session.end.as_str() }).inc();
                self.received.inc_by(session.received);
                self.sent.inc_by(session.sent);
                self.duration.observe(session.duration.as_secs_f64());
            }
        }
    }

    /// The files were read again, and whether all were good.
    pub fn reloaded(&self, good: bool) {
        self.reloads.get_or_create(&Outcome { result: if good { "good" } else { "bad" } }).inc();
    }

    /// Which certificates are served now, each with its file and its notAfter.
    pub fn serving(&self, certificates: impl IntoIterator<Item = (String, OffsetDateTime)>) {
        self.expiry.clear();
        for (file, not_after) in certificates {
            self.expiry.get_or_create(&File { file }).set(not_after.unix_timestamp());
        }
    }

    /// All figures in Prometheus' text format, version 0.0.4.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }
}

/// What is known of back ends, asked when somebody reads.
#[derive(Debug)]
struct Behind(Arc<Forward>);

impl Collector for Behind {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all = self.0.back_ends.standing();
        let mut gauge = |name, help, figure: fn(&Standing) -> i64| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            all.iter().try_for_each(|back_end| {
                let labels = [("backend", back_end.name.as_str())];
                ConstGauge::new(figure(back_end)).encode(family.encode_family(&labels)?)
            })
        };
        gauge("backend_connections", "Connections to a back end that are open", |back_end| {
            i64::try_from(back_end.connections).unwrap_or(i64::MAX)
        })?;
        gauge("backend_up", "Whether a back end is in turn: 0 while it is left out", |back_end| {
            i64::from(!back_end.left_out)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::*;
    use crate::server::{BackEnd, BackEnds, End, HandshakeFailure, Refusal, Session, TlsFacts};
    use crate::tls::SessionFacts;

    #[test]
    fn what_happened_is_counted_under_its_name() {
        let back_ends = BackEnds::new([BackEnd::Tcp("a:1".to_owned())]);
        let metrics = Metrics::new(Some(Arc::new(Forward { back_ends, proxy_protocol: false })));
        let peer = SocketAddr::from(([192, 0, 2, 1], 1));
        let tls = TlsFacts {
            agreed: SessionFacts {
                protocol: "TLSv1.3".to_owned(),
                cipher_suite: "TLS_AES_128_GCM_SHA256".to_owned(),
                key_exchange: "X25519".to_owned(),
            },
            sni: Some("\"\nname".to_owned()),
            alpn: None,
            resumed: true,
            client: None,
        };
        for _ in 0..3 {
            metrics.event(&Event::Accepted { peer });
        }
        metrics.event(&Event::Established { tls: Some(Box::new(tls)) });
        metrics.event(&Event::SessionEnded(Box::new(Session {
            peer,
            tls: None,
            received: 5,
            sent: 7,
            duration: Duration::from_millis(2),
            end: End::PeerClosed,
        })));
        metrics.event(&Event::HandshakeFailed { peer, failure: HandshakeFailure::Plaintext });
        metrics.event(&Event::Refused { peer, why: Refusal::MaxPerIp, first: true });
        metrics.reloaded(false);
        metrics.serving([("cert.pem".to_owned(), OffsetDateTime::UNIX_EPOCH + Duration::from_secs(9))]);
        let text = metrics.text();
        for line in [
            "tlslab_connections_accepted_total 3",
            "tlslab_connections_open 1",
            "tlslab_connections_refused_total{reason=\"max-per-ip\"} 1",
            "tlslab_handshakes_total{protocol=\"TLSv1.3\",cipher_suite=\"TLS_AES_128_GCM_SHA256\",\
             key_exchange=\"X25519\",resumed=\"true\"} 1",
            "tlslab_handshake_failures_total{reason=\"plaintext\"} 1",
            "tlslab_sessions_ended_total{end=\"peer-closed\"} 1",
            "tlslab_received_bytes_total 5",
            "tlslab_sent_bytes_total 7",
            "tlslab_session_duration_seconds_count 1",
            "tlslab_reloads_total{result=\"bad\"} 1",
            "tlslab_certificate_not_after_timestamp_seconds{file=\"cert.pem\"} 9",
            "tlslab_backend_connections{backend=\"a:1\"} 0",
            "tlslab_backend_up{backend=\"a:1\"} 1",
        ] {
            assert!(text.lines().any(|said| said == line), "{line}\n{text}");
        }
        // Nothing that a peer says comes into it.
        assert!(!text.contains("name\""), "{text}");
        metrics.serving([]);
        assert!(!metrics.text().contains("cert.pem"));
    }
}

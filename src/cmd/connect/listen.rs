//! `connect --listen`: accepts plaintext clients here and says a line about each connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use serde_json::json;
use tlslab::client::Outcome;
use tlslab::client::carry::{Carried, Carrier, How, carry};
use tlslab::report::verdict;
use tlslab::side::Both;
use tlslab::streams::accept::Notice;
use tlslab::tls::SessionFacts;
use tlslab::words::{Escaped, counted};
use tokio::sync::oneshot;

use super::super::listen::ListenAddress;
use super::super::signals::{Signals, all_told};
use super::super::systemd::{self, State};
use super::super::{Result, Ui};

/// Carries connections until told to stop.
pub(super) fn run(carrier: Carrier, address: &ListenAddress, ui: &Ui) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(listen(carrier, address, ui));
    runtime.shutdown_background();
    result
}

async fn listen(carrier: Carrier, address: &ListenAddress, ui: &Ui) -> Result<u8> {
    let listener = address.take_over_or_bind("connect").await?;
    let address = listener.local_addr().context("cannot tell the address that was bound")?;
    // Before anybody is told that it is up: from now on signals are ours.
    let mut signals = Signals::new()?;
    ui.in_background();
    super::super::serve::raise_file_limit(2 * carrier.max_connections);
    let tally = Arc::new(Tally::new(ui.clone()));
    let (stop, stopped) = oneshot::channel::<()>();
    let mut stop = Some(stop);
    let telling = Arc::clone(&tally);
    // A sender that is gone means the same as one that speaks.
    let stopped = async move { drop(stopped.await) };
    let drain_timeout = carrier.drain_timeout;
    let mut carrying = tokio::spawn(carry(listener, carrier, move |event| telling.event(&event), stopped));
    ui.announce(&format!("listening on {address}"));
    systemd::tell(State::Ready);
    let carried = signals.attend(&mut carrying, |_| {
        systemd::tell(State::Stopping);
        ui.say(&format!(
            "stopping: connections have {} to end; once more to stop at once",
            humantime::format_duration(drain_timeout),
        ));
        drop(stop.take());
    });
    let status = match carried.await {
        Ok(ended) => {
            ended.context("the carrier broke down")?.context("cannot set up TLS")?;
            0
        }
        Err(cut) => {
            carrying.abort();
            // Cancelled, which drops every connection.
            let _ = carrying.await;
            all_told(&tally).await;
            cut.status
        }
    };
    drop(signals);
    let [carried, refused, cut] =
        [&tally.carried, &tally.refused, &tally.cut].map(|count| count.load(Ordering::Relaxed));
    if ui.json() {
        let summary =
            json!({ "listen": address.to_string(), "connections": carried, "refused": refused, "cut": cut });
        ui.print_last(&summary)?;
    } else {
        let cut = if cut == 0 { String::new() } else { format!(", {cut} of them cut off") };
        ui.say(&format!("stopped: {} carried{cut}, {refused} refused", counted(carried, "connection")));
    }
    Ok(status)
}

/// Tells events and counts them.
struct Tally {
    ui: Ui,
    carried: AtomicU64,
    refused: AtomicU64,
    /// Of those carried.
    cut: AtomicU64,
}

impl Tally {
    fn new(ui: Ui) -> Self {
        let none = AtomicU64::default;
        Self { ui, carried: none(), refused: none(), cut: none() }
    }

    fn event(&self, event: &Carried) {
        let line = match event {
            Carried::Accepting(Notice::Full) => {
                "as many clients as --max-connections allows are here: the next waits until one leaves"
                    .to_owned()
            }
            Carried::Accepting(Notice::Failed(error)) => {
                format!("cannot accept a connection, trying again: {error}")
            }
            Carried::Refused { peer, outcome } => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                format!("{peer}  closed, nothing was sent: {}", why(outcome))
            }
            Carried::Ended { peer, ended } => {
                self.carried.fetch_add(1, Ordering::Relaxed);
                self.cut.fetch_add(u64::from(ended.how == How::Cut), Ordering::Relaxed);
                let agreed = ended.session.as_ref().map(|session| {
                    let resumed = if ended.resumed { " resumed" } else { "" };
                    let SessionFacts { protocol, cipher_suite, key_exchange } = session;
                    format!("  {protocol} {cipher_suite} {key_exchange}{resumed}")
                });
                let Both { client, server } = ended.bytes;
                let how = ending(&ended.how);
                format!("{peer}{}  {client} bytes out, {server} bytes in: {how}", agreed.unwrap_or_default())
            }
        };
        // One line, whatever a server has put into it.
        self.ui.say(&Escaped(&line).to_string());
    }
}

/// Why nothing was sent: the checks that failed, each with what was expected and found, or what went wrong.
fn why(outcome: &Outcome) -> String {
    let refused = outcome.verdict.as_ref().filter(|verdict| !verdict.accepted());
    let checks = refused.into_iter().flat_map(|refused| {
        let failed = refused.checks.iter().filter(|check| !check.ok());
        std::iter::once(verdict::sentence(refused)).chain(failed.map(ToString::to_string))
    });
    let words: Vec<String> = checks.chain(outcome.trouble.iter().map(ToString::to_string)).collect();
    words.join("; ")
}

fn ending(how: &How) -> String {
    match how {
        How::Closed => "closed".to_owned(),
        How::Cut => "cut off, for it is time to stop".to_owned(),
        How::Idle => "reset because it was idle".to_owned(),
        How::ClientBroke(words) => format!("cut, for the client broke off: {words}"),
        How::ServerBroke(trouble) => format!("reset, for the server broke off: {trouble}"),
    }
}

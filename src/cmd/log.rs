//! `-vv`: what the TLS stack says of itself, on stderr.

use log::{LevelFilter, Log, Metadata, Record};

use super::Ui;

/// Lets rustls speak where that was asked for: `-vv` its decisions, `-vvv` its every step. It logs no secrets.
pub(crate) fn start(ui: &Ui) {
    let level = match ui.verbosity() {
        0 | 1 => return,
        2 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    // Fails only where a logger is set already, and this is the only place that sets one.
    if log::set_boxed_logger(Box::new(Logger { ui: ui.clone() })).is_ok() {
        log::set_max_level(level);
    }
}

struct Logger {
    ui: Ui,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("rustls")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let words = record.args().to_string();
            self.ui.detail(&format!("{}: {}", record.target(), tlslab::words::Escaped(&words)));
        }
    }

    fn flush(&self) {}
}

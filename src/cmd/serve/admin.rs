//! `--admin`: figures and readiness for those who run a server.

use std::sync::Arc;

use anyhow::Context as _;
use tlslab::server::admin::{self, Admin};
use tlslab::server::{Forward, Metrics};

use super::super::listen::ListenAddress;
use super::super::{Result, Ui};

/// Figures that are always kept, and who may read them.
#[derive(Clone)]
pub(super) struct Administration {
    pub(super) metrics: Arc<Metrics>,
    admin: Arc<Admin>,
}

impl Administration {
    /// Answers at `address`, if there is one, for as long as the runtime lasts.
    pub(super) async fn begin(
        address: Option<&ListenAddress>,
        forward: Option<Arc<Forward>>,
        ui: &Ui,
    ) -> Result<Self> {
        let metrics = Arc::new(Metrics::new(forward.clone()));
        let admin = Arc::new(Admin::new(Arc::clone(&metrics), forward));
        if let Some(address) = address {
            let listener = address.bind("serve --admin").await?;
            let bound = listener.local_addr().context("cannot tell the address that was bound")?;
            if !bound.ip().is_loopback() {
                ui.warn(&format!(
                    "--admin {bound}: whoever can reach it can read the figures; there is no TLS"
                ));
            }
            tokio::spawn(admin::serve(listener, Arc::clone(&admin)));
            ui.announce(&format!("admin at http://{bound}/metrics"));
        }
        Ok(Self { metrics, admin })
    }

    /// The server accepts nobody any more.
    pub(super) fn stopping(&self) {
        self.admin.stopping();
    }
}

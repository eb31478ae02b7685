//! `--ticket-key`: keys of session tickets from files, the first of which seals.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlslab::pki::files::read_bounded;
use tlslab::server::{TicketKey, TicketKeys};

use super::super::{Failure, Hinted as _, Result, Ui, remedy};

/// Reads the keys; none where there are no files.
pub(super) fn read(files: &[PathBuf], ui: &Ui) -> Result<Option<Arc<TicketKeys>>> {
    let keys = files.iter().map(|path| read_one(path, ui)).collect::<Result<Vec<_>>>()?;
    Ok(TicketKeys::new(keys).map(Arc::new))
}

fn read_one(path: &Path, ui: &Ui) -> Result<TicketKey> {
    let shown = path.display();
    let how = || remedy::make_ticket_key(path);
    let octets = read_bounded(path, "a ticket key").hint(how)?;
    let key = TicketKey::new(&octets)
        .map_err(|error| Failure::new(format_args!("{shown}: {error}")).hint(how()))?;
    if others_can_read(path) {
        ui.warn(&format!(
            "{shown}: others can read it, and whoever has it decrypts every session that is resumed: chmod 600 {shown}"
        ));
    }
    Ok(key)
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    path.metadata().is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_path: &Path) -> bool {
    false
}

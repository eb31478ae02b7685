//! `--keylog` and `SSLKEYLOGFILE`: opened once, with the warning that such a file deserves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::KeyLog;
use tlslab::tls::{KeyLogError, KeyLogFault, KeyLogFile};

use super::{Failure, Result, Ui, remedy};

/// Opens the key log that `option`, or else the environment, names; none where neither does. One that others can read or
/// change is refused, but for `force`.
pub(crate) fn open(option: Option<&Path>, force: bool, ui: &Ui) -> Result<Option<Arc<dyn KeyLog>>> {
    let from_environment = || std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty());
    let Some(path) = option.map(Path::to_owned).or_else(|| from_environment().map(PathBuf::from)) else {
        return Ok(None);
    };
    let listener = ui.clone();
    let open = if force { KeyLogFile::open_exposed } else { KeyLogFile::open };
    let file = open(&path).map_err(|error| refused(&path, error))?.telling(move |error| {
        listener.warn(&format!("{error}; sessions go on, and cannot be decrypted later"));
    });
    ui.warn(&format!(
        "{}: session secrets go here; whoever has this file can read the recorded traffic",
        path.display()
    ));
    Ok(Some(Arc::new(file)))
}

fn refused(path: &Path, error: KeyLogError) -> Failure {
    let exposed = matches!(error.fault(), KeyLogFault::Exposed { .. });
    let failure = Failure::from(error);
    if exposed { failure.hint(remedy::keep_secret(path)) } else { failure }
}

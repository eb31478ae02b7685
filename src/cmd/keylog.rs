//! `--keylog` and `SSLKEYLOGFILE`: opened once, with the warning that such a file deserves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::KeyLog;
use tlslab::tls::KeyLogFile;

use super::{Result, Ui};

/// Opens the key log that `option`, or else the environment, names; none where neither does.
pub(crate) fn open(option: Option<&Path>, ui: &Ui) -> Result<Option<Arc<dyn KeyLog>>> {
    let from_environment = || std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty());
    let Some(path) = option.map(Path::to_owned).or_else(|| from_environment().map(PathBuf::from)) else {
        return Ok(None);
    };
    let listener = ui.clone();
    let file = KeyLogFile::open(&path)?.telling(move |error| {
        listener.warn(&format!("{error}; sessions go on, and cannot be decrypted later"));
    });
    ui.warn(&format!(
        "{}: session secrets go here; whoever has this file can read the recorded traffic",
        path.display()
    ));
    Ok(Some(Arc::new(file)))
}

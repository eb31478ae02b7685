//! Putting new files in place: all of them or none, whatever fails.
//!
//! 1. Every file is staged in the target directory under a name of its own (`.tlslab-…`), with its permission
//!    bits from birth. A full disk, an unwritable directory or a lost quota shows here, where nothing has been
//!    touched and dropping the stage removes it.
//! 2. Where a set replaces another (`force`), the old file of the last name, which makes the set usable, is taken
//!    away under a second name: until the new one stands there, nobody finds a certificate beside another's key.
//! 3. Each is put in place by one system call that happens or does not: without `force` a link or rename that
//!    refuses to replace, with `force` a rename over the old file, of which a second name (`.tlslab-…`) was
//!    made before. So at every instant each final name holds nothing, all of the old contents or all of the new.
//! 4. Where one fails, those before it are taken back: removed, or the old file renamed over them.
//! 5. When all are in place the old files' second names go.
//!
//! Where old files are about to be replaced the new ones are flushed to the disk between 1 and 2: at a loss of power
//! each name holds the old contents or the new, never neither. Where nothing is replaced nothing is flushed, since it
//! takes longer than all the rest (on a busy disk many times as long) and protects only what the same command
//! makes again; so after a loss of power in the next half minute new files may be empty or missing.
//!
//! A process killed before 2 leaves at worst hidden `.tlslab-…` files. Killed in 2 or 3 (some microseconds) it leaves
//! no certificate rather than a wrong one: nothing is half-written, no old file is lost (each has its second name),
//! and the same command run again makes the set whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::file_error::FileError;

const PREFIX: &str = ".tlslab-";

/// A file to be born.
#[derive(Debug)]
pub struct NewFile {
    /// Its name inside the directory.
    pub name: &'static str,
    /// Its permission bits from birth, such as 0o600.
    pub mode: u32,
    /// What it holds.
    pub contents: Zeroizing<Vec<u8>>,
}

/// The path of `name` inside `directory` as a person would type it: without `./`.
pub fn within(directory: &Path, name: &str) -> PathBuf {
    if directory == Path::new(".") { PathBuf::from(name) } else { directory.join(name) }
}

/// Whether files of these names could be written now: to be asked before slow work, and found out again by
/// [`write_all`]. A directory that is missing is no obstacle; it will be made.
pub fn check_target(directory: &Path, names: &[&str], force: bool) -> Result<(), FileError> {
    if check_names(directory, names, force)?.is_some() {
        // A file without a name where the system has such: nothing to leave behind, whatever happens.
        tempfile::tempfile_in(directory).map_err(|source| refused(directory, source))?;
    }
    Ok(())
}

/// The files that would be replaced, refused without `force`; `None` where there is no directory yet.
fn check_names(directory: &Path, names: &[&str], force: bool) -> Result<Option<Vec<PathBuf>>, FileError> {
    match fs::metadata(directory) {
        Ok(found) if !found.is_dir() => return Err(FileError::NotDirectory(directory.to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FileError::Write { path: directory.to_owned(), source }),
    }
    existing(names.iter().map(|name| within(directory, name)), force).map(Some)
}

/// The same for one file: whether [`write_one`] could write it now. Its directory must be there.
pub fn check_one(path: &Path, force: bool) -> Result<(), FileError> {
    let directory = parent(path);
    match fs::metadata(directory) {
        Ok(found) if !found.is_dir() => return Err(FileError::NotDirectory(directory.to_owned())),
        Ok(_) => {}
        Err(source) => return Err(FileError::Write { path: directory.to_owned(), source }),
    }
    existing([path.to_owned()], force)?;
    tempfile::tempfile_in(directory).map(drop).map_err(|source| refused(directory, source))
}

/// Where the file at `path` lies; the parent of a bare name is "".
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Those of `paths` where there is something, refused without `force`.
fn existing(paths: impl IntoIterator<Item = PathBuf>, force: bool) -> Result<Vec<PathBuf>, FileError> {
    let mut existing = Vec::new();
    for path in paths {
        // The link itself, not what it points to: a dangling one is in the way too.
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => return Err(FileError::IsDirectory(path)),
            Ok(_) => existing.push(path),
            Err(_) => {}
        }
    }
    existing.sort();
    if !force && !existing.is_empty() {
        return Err(FileError::Exists(existing));
    }
    Ok(existing)
}

/// Writes all of `files` into `directory` (made if missing), or none; replaces existing ones only with `force`.
/// They are put in place in their order. Gives their paths.
pub fn write_all(directory: &Path, files: &[NewFile], force: bool) -> Result<Vec<PathBuf>, FileError> {
    let made = make_directory(directory)?;
    let written = write_into(directory, files, force);
    if written.is_err() {
        // Innermost first; one that somebody else has put something into stays.
        made.iter().rev().for_each(|directory| drop(fs::remove_dir(directory)));
    }
    written
}

/// Writes one file with these permission bits, or leaves everything as it was; replaces an existing one only with
/// `force`. What is replaced is the name: a link is, not what it points to.
pub fn write_one(path: &Path, mode: u32, contents: &[u8], force: bool) -> Result<(), FileError> {
    let replaced = existing([path.to_owned()], force)?;
    let staged = stage(parent(path), mode, contents)?;
    if !replaced.is_empty() {
        staged.as_file().sync_all().map_err(|source| refused(path, source))?;
    }
    place(staged, path, force).map(drop)
}

fn write_into(directory: &Path, files: &[NewFile], force: bool) -> Result<Vec<PathBuf>, FileError> {
    let names: Vec<_> = files.iter().map(|file| file.name).collect();
    let replaced = check_names(directory, &names, force)?.unwrap_or_default();
    let staged = files
        .iter()
        .map(|file| stage(directory, file.mode, &file.contents))
        .collect::<Result<Vec<_>, _>>()?;
    if !replaced.is_empty() {
        staged
            .iter()
            .try_for_each(|staged| staged.as_file().sync_all())
            .map_err(|source| refused(directory, source))?;
    }
    let mut away = if force && files.len() > 1 { take_away(directory, names.last())? } else { None };
    let mut placed = Vec::new();
    for (file, staged) in files.iter().zip(staged) {
        let path = within(directory, file.name);
        match place(staged, &path, force) {
            Ok(old) => placed.push(Placed { path, old }),
            Err(error) => {
                // The first trouble in taking back is the worse news.
                let back = placed.into_iter().chain(away.take());
                let trouble = back.filter_map(|placed| placed.take_back().err()).next_back();
                return Err(trouble.unwrap_or(error));
            }
        }
    }
    Ok(placed.into_iter().map(|placed| placed.path).collect())
}

/// Takes the old file of this name away while the others of its set are replaced.
fn take_away(directory: &Path, name: Option<&&str>) -> Result<Option<Placed>, FileError> {
    let Some(name) = name else { return Ok(None) };
    let path = within(directory, name);
    let away = tempfile::Builder::new().prefix(PREFIX).make_in(directory, |second| fs::rename(&path, second));
    match away {
        Ok(old) => Ok(Some(Placed { path, old: Some(old) })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileError::Write { path, source: bare(source) }),
    }
}

/// A file in its place, and the second name of the one that was there, which goes when this is dropped.
struct Placed {
    path: PathBuf,
    old: Option<NamedTempFile<()>>,
}

impl Placed {
    fn take_back(self) -> Result<(), FileError> {
        let Self { path, old } = self;
        match old {
            None => fs::remove_file(&path).map_err(|source| FileError::Write { path, source }),
            Some(old) => old.persist(&path).map_err(|failure| {
                let backup = failure.file.path().to_owned();
                // Not dropped with its name: it is the only one left.
                let _ = failure.file.keep();
                FileError::NotRestored { path, backup, source: failure.error }
            }),
        }
    }
}

fn stage(directory: &Path, mode: u32, contents: &[u8]) -> Result<NamedTempFile, FileError> {
    let write = || {
        let mut staged = builder(mode).tempfile_in(directory)?;
        // The bits at birth are without those of the umask; a key never gets more than its own.
        set_mode(staged.as_file(), mode)?;
        staged.write_all(contents)?;
        Ok(staged)
    };
    write().map_err(|source| refused(directory, source))
}

fn refused(directory: &Path, source: io::Error) -> FileError {
    FileError::Write { path: directory.to_owned(), source: bare(source) }
}

#[cfg(unix)]
fn builder(mode: u32) -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).permissions(fs::Permissions::from_mode(mode));
    builder
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn builder(_mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    builder
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Gives the staged file its final name; with `force`, gives back the old file under its second name.
fn place(staged: NamedTempFile, path: &Path, force: bool) -> Result<Option<NamedTempFile<()>>, FileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => FileError::Exists(vec![path.to_owned()]),
        _ => FileError::Write { path: path.to_owned(), source },
    };
    if !force {
        return staged.persist_noclobber(path).map(|_| None).map_err(|error| failed(error.error));
    }
    let old = second_name(path)
        .map_err(|source| FileError::Write { path: path.to_owned(), source: bare(source) })?;
    match staged.persist(path) {
        Ok(_) => Ok(old),
        Err(error) => {
            if let Some(old) = old
                && fs::symlink_metadata(path).is_err()
            {
                Placed { path: path.to_owned(), old: Some(old) }.take_back()?;
            }
            Err(failed(error.error))
        }
    }
}

/// A second name for the file at `path`, if there is one.
fn second_name(path: &Path) -> io::Result<Option<NamedTempFile<()>>> {
    // Beside the file itself.
    let directory = parent(path);
    let named = tempfile::Builder::new().prefix(PREFIX).make_in(directory, |second| {
        match fs::hard_link(path, second) {
            // Systems without links: the file changes its name, and has none of its own until the new one is there.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) =>
            {
                fs::rename(path, second)
            }
            other => other,
        }
    });
    match named {
        Ok(named) => Ok(Some(named)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes `directory` and its parents; gives those that were missing, outermost first.
fn make_directory(directory: &Path) -> Result<Vec<PathBuf>, FileError> {
    let missing: Vec<_> = directory
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && fs::symlink_metadata(path).is_err())
        .map(Path::to_owned)
        .collect();
    fs::create_dir_all(directory).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            FileError::NotDirectory(directory.to_owned())
        }
        _ => FileError::Write { path: directory.to_owned(), source },
    })?;
    Ok(missing.into_iter().rev().collect())
}

/// tempfile adds the path of its hidden file to errors; ours name the place that the person knows.
fn bare(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.source()).and_then(|source| source.downcast_ref());
    let code = inner.and_then(io::Error::raw_os_error).or(error.raw_os_error());
    code.map_or(error, io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(contents: &str) -> Vec<NewFile> {
        ["clearkey.pem", "key.pem", "cert.pem"]
            .into_iter()
            .map(|name| NewFile {
                name,
                mode: if name == "cert.pem" { 0o644 } else { 0o600 },
                contents: Zeroizing::new(contents.as_bytes().to_vec()),
            })
            .collect()
    }

    /// Names and contents of everything in a directory.
    fn listing(directory: &Path) -> Vec<(String, String)> {
        let mut listing: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let contents = fs::read_to_string(entry.path()).unwrap_or_else(|_| "(directory)".to_owned());
                (entry.file_name().into_string().unwrap(), contents)
            })
            .collect();
        listing.sort();
        listing
    }

    fn all(contents: &str) -> Vec<(String, String)> {
        ["cert.pem", "clearkey.pem", "key.pem"].map(|name| (name.to_owned(), contents.to_owned())).to_vec()
    }

    #[test]
    fn all_are_written_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("a/b");
        let paths = write_all(&directory, &files("one"), false).unwrap();
        assert_eq!(paths[2], directory.join("cert.pem"));
        assert_eq!(listing(&directory), all("one"));
        #[cfg(unix)]
        for (path, mode) in paths.iter().zip([0o600, 0o600, 0o644]) {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7777, mode, "{}", path.display());
        }
    }

    #[test]
    fn existing_files_are_all_named_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key.pem"), "precious").unwrap();
        fs::write(folder.path().join("cert.pem"), "precious").unwrap();
        let before = listing(folder.path());
        let error = write_all(folder.path(), &files("new"), false).unwrap_err();
        let at = folder.path().display().to_string();
        assert_eq!(error.to_string(), format!("{at}/cert.pem and {at}/key.pem already exist"));
        assert_eq!(listing(folder.path()), before);
        write_all(folder.path(), &files("new"), true).unwrap();
        assert_eq!(listing(folder.path()), all("new"));
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept_and_the_others_are_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let staged = stage(folder.path(), 0o600, b"new").unwrap();
        let path = folder.path().join("key.pem");
        fs::write(&path, "precious").unwrap();
        assert!(
            matches!(place(staged, &path, false), Err(FileError::Exists(paths)) if paths == [path.clone()])
        );
        assert_eq!(listing(folder.path()), [("key.pem".to_owned(), "precious".to_owned())]);
    }

    #[test]
    fn a_failure_at_the_last_file_restores_the_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["clearkey.pem", "key.pem"] {
            fs::write(folder.path().join(name), "precious").unwrap();
        }
        let before = listing(folder.path());
        let mut placed = Vec::new();
        for name in ["clearkey.pem", "key.pem", "cert.pem"] {
            let path = folder.path().join(name);
            let old = place(stage(folder.path(), 0o600, b"new").unwrap(), &path, true).unwrap();
            placed.push(Placed { path, old });
        }
        assert_eq!(listing(folder.path()).iter().filter(|(_, contents)| contents == "new").count(), 3);
        for placed in placed {
            placed.take_back().unwrap();
        }
        assert_eq!(listing(folder.path()), before);
    }

    #[test]
    fn while_a_set_is_replaced_there_is_no_certificate() {
        let folder = tempfile::tempdir().unwrap();
        write_all(folder.path(), &files("old"), false).unwrap();
        let before = listing(folder.path());
        let away = take_away(folder.path(), Some(&"cert.pem")).unwrap().unwrap();
        assert!(!folder.path().join("cert.pem").exists());
        assert_eq!(fs::read_to_string(away.old.as_ref().unwrap().path()).unwrap(), "old");
        away.take_back().unwrap();
        assert_eq!(listing(folder.path()), before);
        write_all(folder.path(), &files("new"), true).unwrap();
        assert!(listing(folder.path()).iter().all(|(_, contents)| contents == "new"));
    }

    #[test]
    fn a_directory_in_the_way_stops_everything() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("cert.pem")).unwrap();
        fs::write(folder.path().join("key.pem"), "precious").unwrap();
        let before = listing(folder.path());
        for force in [false, true] {
            let error = write_all(folder.path(), &files("new"), force).unwrap_err();
            assert!(matches!(error, FileError::IsDirectory(_)), "{error}");
            assert_eq!(listing(folder.path()), before);
        }
    }

    #[test]
    fn a_rename_that_fails_halfway_takes_back_what_came_before() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("clearkey.pem"), "precious").unwrap();
        let before = listing(folder.path());
        // A name that is too long for the file system fails in the last step only.
        let mut files = files("new");
        files[2].name = Box::leak("x".repeat(300).into_boxed_str());
        let error = write_all(folder.path(), &files, true).unwrap_err();
        assert!(matches!(error, FileError::Write { .. }), "{error}");
        assert_eq!(listing(folder.path()), before);
    }

    #[test]
    fn a_file_where_the_directory_should_be_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        for directory in [file.clone(), file.join("below")] {
            let error = write_all(&directory, &files("new"), false).unwrap_err();
            assert!(matches!(error, FileError::NotDirectory(_)), "{error}");
        }
        assert!(matches!(check_target(&file, &[], false), Err(FileError::NotDirectory(_))));
    }

    #[test]
    fn directories_made_for_a_failure_go_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = files("new");
        files[0].name = "no-such-directory/clearkey.pem";
        assert!(write_all(&folder.path().join("a/b"), &files, false).is_err());
        assert!(listing(folder.path()).is_empty());
    }
}

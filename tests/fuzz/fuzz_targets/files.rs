//! A file that should hold certificates, a key or a request: PEM, DER or neither.
//!
//! `tests/fuzz/run 30 files`
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tlslab::pki::files::{beside_the_key, read_certificates, read_private_key, read_request};

/// One file for this process, in memory where the system has such a place.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(format!("tlslab-fuzz-{}.pem", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("a temporary file");
    let errors = [
        read_certificates(&FILE).err(),
        read_private_key(&FILE).err(),
        read_request(&FILE).err(),
        beside_the_key(&FILE).err(),
    ];
    for error in errors.into_iter().flatten() {
        assert!(error.to_string().contains("tlslab-fuzz"), "the file is not named: {error}");
    }
});

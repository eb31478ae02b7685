//! Names as people type them and as certificates hold them: what is read is written so that it reads the same.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz subject`
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlslab::pki::subject::{SanName, Subject};
use tlslab::verify::ExpectedName;

fuzz_target!(|octets: &[u8]| {
    if let Ok(subject) = Subject::from_der(octets) {
        let _ = subject.to_string();
        assert_eq!(Subject::from_der(&subject.to_der()).as_ref(), Ok(&subject));
    }
    let Ok(text) = std::str::from_utf8(octets) else { return };
    if let Ok(subject) = text.parse::<Subject>() {
        assert_eq!(Subject::from_der(&subject.to_der()).as_ref(), Ok(&subject), "{text:?}");
        let shown = subject.to_string();
        assert_eq!(shown.parse::<Subject>().as_ref(), Ok(&subject), "{text:?} is shown as {shown:?}");
    }
    if let Ok(name) = text.parse::<SanName>() {
        assert_eq!(name.to_string().parse::<SanName>().as_ref(), Ok(&name), "{text:?}");
    }
    if let Ok(name) = text.parse::<ExpectedName>() {
        let _ = name.to_string();
    }
});

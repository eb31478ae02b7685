//! Names as people type them and as certificates hold them: what is read is written so that it reads the same.
//!
//! `tests/fuzz/run 30 subject`
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlslab::pki::subject::{SanName, Subject};
use tlslab::verify::ExpectedName;

fuzz_target!(|bytes: &[u8]| {
    // By their DER, in which the attributes of one relative name have an order of their own.
    let again = |der: &[u8]| Subject::from_der(der).map(|subject| subject.to_der());
    if let Ok(subject) = Subject::from_der(bytes) {
        let _ = subject.to_string();
        let der = subject.to_der();
        assert_eq!(again(&der).as_ref(), Ok(&der));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(subject) = text.parse::<Subject>() {
        let (der, shown) = (subject.to_der(), subject.to_string());
        assert_eq!(again(&der).as_ref(), Ok(&der), "{text:?}");
        // What is invisible is shown as \u{…}, for eyes and not for reading back.
        if !shown.contains("\\u{") {
            let read = shown.parse::<Subject>().map(|subject| subject.to_der());
            assert_eq!(read.as_ref(), Ok(&der), "{text:?} is shown as {shown:?}");
        }
    }
    if let Ok(name) = text.parse::<SanName>() {
        assert_eq!(name.to_string().parse::<SanName>().as_ref(), Ok(&name), "{text:?}");
    }
    if let Ok(name) = text.parse::<ExpectedName>() {
        let _ = name.to_string();
    }
});

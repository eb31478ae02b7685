//! A whole file: the readers of captures, packets and streams, and everything that shows what they found.
//!
//! `tests/fuzz/run 30 dissect`
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlslab::report::dissect::{html, json, text};
use tlslab::wire::reading::Dissector;
use tlslab::wire::reading::capture;
use tlslab::wire::reading::find::Needle;

fuzz_target!(|file: &[u8]| {
    let needle = Needle::new("secret").expect("it can be searched for");
    let mut dissector = Dissector::new(vec![needle]).with_samples(html::SAMPLE);
    let ending = capture::read(file, |item| dissector.take(item));
    if let Ok(ending) = ending {
        let (dissection, needles) = dissector.finish();
        let options = text::Options::default();
        text::write(&mut std::io::sink(), "fuzz", &dissection, &needles, &ending, options)
            .expect("a sink takes all");
        serde_json::to_string(&json::report("fuzz", &dissection, &needles, &ending)).expect("it is JSON");
        html::page("fuzz", &dissection, &needles, &ending);
    }
});

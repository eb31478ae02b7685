//! Judges a certificate as `tlslab verify` does, and says every check. The exit status is the verdict's.
//!
//! ```text
//! cargo run --example verify -- fixtures/expired/cert.pem fixtures/expired/ca.pem www.test.org
//! ```

#![allow(clippy::print_stdout, reason = "an example prints what it finds")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use time::OffsetDateTime;
use tlslab::pki::files::read_certificates;
use tlslab::verify::{Criteria, Policy, Revocation, TrustSet, Usage, judge};

fn main() -> Result<ExitCode> {
    let usage = "usage: verify CERT CA NAME";
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().context(usage);
    let (certificate, ca, name) = (argument()?, argument()?, argument()?);

    // Leaf first, then any intermediates.
    let chain = read_certificates(Path::new(&certificate))?;
    let criteria = Criteria {
        trusted: Arc::new(TrustSet::new(&read_certificates(Path::new(&ca))?)?),
        name: Some(name.parse()?),
        usage: Usage::Server,
        policy: Policy::Webpki,
        revocation: Revocation::default(),
    };
    // Time is an argument: nothing in the library looks at the clock behind your back.
    let verdict = judge(&chain, &criteria, OffsetDateTime::now_utc());
    for check in &verdict.checks {
        println!(
            "{} {:<10} {}",
            if check.ok() { "ok  " } else { "FAIL" },
            check.kind.to_string(),
            check.found
        );
        if !check.ok() {
            println!("                expected: {}", check.expected);
        }
    }
    Ok(ExitCode::from(verdict.exit_status()))
}

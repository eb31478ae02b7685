//! An x509-limbo harness over tlslab's verifier.
//!
//! Reads `limbo.json` on stdin and writes that project's results JSON on stdout, judging every case by policy
//! `webpki` (or `lab`, named as the first argument):
//!
//! ```text
//! cargo run --example limbo < limbo.json > results.json
//! ```
//!
//! What the verifier does not do (revocation, e-mail addresses as names) is skipped with a reason. Where the results
//! differ from what x509-limbo expects, `tests/limbo-exceptions.json` says why.

use std::io::{Read, Write};

use anyhow::{Context, Result};
use time::OffsetDateTime;
use tlslab::verify::Policy;

#[allow(dead_code, reason = "the test looks at more of it")]
#[path = "limbo/harness.rs"]
mod harness;

fn main() -> Result<()> {
    let policy = std::env::args().nth(1).map_or(Ok(Policy::Webpki), |word| word.parse())?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read limbo.json from stdin")?;
    let limbo = harness::read(&text).context("stdin")?;
    let results = harness::run(&limbo, policy, OffsetDateTime::now_utc());
    serde_json::to_writer(std::io::stdout().lock(), &results)?;
    writeln!(std::io::stdout())?;
    Ok(())
}

//! `--baseline` and `--save-baseline`: the failures that are known, of clients and of servers.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tlslab::audit::baseline::Baseline;
use tlslab::audit::verdict::Verdict;

use super::reports::{check_writable, replace};
use crate::cmd::{Failure, Result, remedy};

/// Where known failures are read from and written to.
#[derive(Debug, Args)]
pub(super) struct Known {
    /// Known failures: one that is not listed, and a listed one that is gone, both fail
    #[arg(long, value_name = "FILE", conflicts_with = "each")]
    baseline: Option<PathBuf>,
    /// Write the failures, with the reasons that --baseline knows
    #[arg(long, value_name = "FILE", conflicts_with = "each")]
    save_baseline: Option<PathBuf>,
}

impl Known {
    /// What is known. Finds out, too, whether what is new can be written: before anything is run.
    pub(super) fn read(&self) -> Result<Option<Baseline>> {
        self.save_baseline.as_deref().map(check_writable).transpose()?;
        let Some(path) = &self.baseline else { return Ok(None) };
        let told =
            |what: &dyn std::fmt::Display| Failure::usage(format!("--baseline {}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| told(&error).hint(remedy::SAVE_BASELINE))?;
        Baseline::read(&text).map(Some).map_err(|error| told(&error))
    }

    /// Writes the failures among `verdicts`, with the reasons that were known, where that is wanted.
    pub(super) fn save(&self, known: Option<&Baseline>, verdicts: &[(String, Verdict)]) -> Result<()> {
        let Some(path) = &self.save_baseline else { return Ok(()) };
        let failures = known.cloned().unwrap_or_default().of(verdicts);
        replace(path, failures.to_text().as_bytes())
            .with_context(|| format!("--save-baseline {}", path.display()))?;
        Ok(())
    }
}

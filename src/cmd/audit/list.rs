//! `tlslab audit list` and `tlslab audit show`: the cases, without running anything.

use std::sync::Arc;

use clap::Args;
use tlslab::audit::case::Case;
use tlslab::audit::cases::{self, Planned};
use tlslab::audit::catalogue::LAB_NAME;
use tlslab::audit::client::{Selection, SelectionError};
use tlslab::audit::mending;
use tlslab::report::audit::CasesReport;
use tlslab::words::counted;

use crate::cmd::{Failure, Result, Ui, remedy};

/// List the cases
#[derive(Debug, Args)]
pub(super) struct List {
    /// Ids or families, * allowed; repeatable
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// The grid's cases too
    #[arg(long)]
    grid: bool,
}

/// Explain a case: what is wrong, the rule, the attack, and how a client is mended
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
}

fn lab_cases(grid: bool) -> Result<Vec<Planned>> {
    Ok(cases::all(&LAB_NAME.parse()?, LAB_NAME, grid))
}

/// What can be done about a selection that cannot be.
pub(super) fn unselected(error: SelectionError) -> Failure {
    Failure::usage(error).hint(remedy::CASES)
}

impl List {
    pub(super) fn run(&self, ui: &Ui) -> Result<u8> {
        let all = lab_cases(self.grid)?;
        let selection = Selection { only: self.only.clone(), ..Selection::default() };
        let named: Vec<Arc<Case>> =
            selection.named(&all).map_err(unselected)?.into_iter().map(Planned::case).collect();
        let report = CasesReport::new(named.iter().map(|case| &**case));
        if ui.json() {
            ui.print_json(&report)?;
            return Ok(0);
        }
        for case in &named {
            ui.print(&format!(
                "{:<34} {:<12} {:<6} {:<13} {}",
                case.id, case.family, case.trust, case.grade, case.title
            ))?;
        }
        ui.print("")?;
        for family in &report.families {
            ui.print(&format!("{:<12} {}", family.family, counted(family.cases as u64, "case")))?;
        }
        ui.print(&format!("{} in all", counted(named.len() as u64, "case")))?;
        Ok(0)
    }
}

impl Show {
    pub(super) fn run(&self, ui: &Ui) -> Result<u8> {
        let all = lab_cases(true)?;
        let Some(case) = all.iter().find(|case| case.id() == self.id) else {
            return Err(unselected(SelectionError::Unmatched(self.id.clone())));
        };
        let case = case.case();
        if ui.json() {
            let report = CasesReport::new([&*case]);
            let mut shown = serde_json::to_value(&report.cases[0])?;
            shown["fix"] = serde_json::json!(case.fix);
            shown["known_to_accept"] = serde_json::json!(mending::known_to_accept(&case.id));
            shown["mending"] = serde_json::to_value(mending::by_language(case.family))?;
            ui.print_json(&shown)?;
            return Ok(0);
        }
        for (what, words) in [
            ("case", &*case.id),
            ("what", &case.title),
            ("family", case.family),
            ("trust", case.trust.as_str()),
            ("grade", case.grade.as_str()),
            ("rule", &case.citation),
            ("attack", &case.attack),
            ("mend", &case.fix),
        ] {
            if !words.is_empty() {
                ui.print(&format!("{what:<7} {words}"))?;
            }
        }
        for client in mending::known_to_accept(&case.id) {
            ui.print(&format!("{:<7} {client}", "accepts"))?;
        }
        // A control is to be accepted, and nothing is to be mended that does.
        if case.family != "controls" {
            for mend in mending::by_language(case.family) {
                ui.print(&format!("  {:<15} {}", mend.language, mend.how))?;
            }
        }
        Ok(0)
    }
}

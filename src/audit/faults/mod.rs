//! The catalogue's entries, by family.

mod clients;
mod constraints;
mod controls;
mod edit;
mod identity;
mod issuers;
mod paths;
mod public;
mod smuggling;
mod strength;
mod tolerance;
mod trust;
mod usage;
mod validity;

use std::sync::LazyLock;

use super::fault::Fault;

/// Every fault and every positive control, controls first.
pub fn catalogue() -> &'static [Fault] {
    static CATALOGUE: LazyLock<Vec<Fault>> = LazyLock::new(|| {
        [
            controls::faults(),
            tolerance::faults(),
            paths::faults(),
            identity::faults(),
            smuggling::faults(),
            validity::faults(),
            trust::faults(),
            issuers::faults(),
            constraints::faults(),
            usage::faults(),
            public::faults(),
            strength::faults(),
            clients::faults(),
        ]
        .concat()
    });
    &CATALOGUE
}

/// A fault in both models: pinned as it is, and under a private CA by its other name.
fn both(fault: Fault, ca: &'static str) -> [Fault; 2] {
    [fault, fault.ca(ca)]
}

#[cfg(test)]
mod grids;
#[cfg(test)]
mod tests;

//! The catalogue's entries, by family.

mod controls;
mod edit;
mod identity;
mod strength;
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
            identity::faults(),
            validity::faults(),
            trust::faults(),
            usage::faults(),
            strength::faults(),
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
mod tests;

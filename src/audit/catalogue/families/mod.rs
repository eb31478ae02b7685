//! The catalogue's entries, by family.

mod clients;
mod constraints;
mod controls;
mod forged;
mod identity;
mod issuers;
mod legacy;
mod paths;
mod public;
mod resources;
mod revocation;
mod smuggling;
mod strength;
mod tolerance;
mod trust;
mod twins;
mod usage;
mod validity;

use std::sync::LazyLock;

use super::fault::Fault;

/// Every fault and every positive control, controls first.
pub fn all() -> &'static [Fault] {
    static ALL: LazyLock<Vec<Fault>> = LazyLock::new(|| {
        [
            ("controls", controls::faults()),
            ("tolerance", tolerance::faults()),
            ("paths", paths::faults()),
            ("identity", identity::faults()),
            ("smuggling", smuggling::faults()),
            ("validity", validity::faults()),
            ("trust", trust::faults()),
            ("forged", forged::faults()),
            ("issuers", issuers::faults()),
            ("constraints", constraints::faults()),
            ("usage", usage::faults()),
            ("public", public::faults()),
            ("revocation", revocation::faults()),
            ("strength", strength::faults()),
            ("resources", resources::faults()),
            ("clients", clients::faults()),
        ]
        .into_iter()
        .flat_map(|(family, faults)| faults.into_iter().map(move |fault| Fault { family, ..fault }))
        .collect()
    });
    &ALL
}

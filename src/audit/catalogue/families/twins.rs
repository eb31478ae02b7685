//! The same fault in both models.

use super::super::fault::Fault;

/// A fault in both models: pinned as it is, and under a private CA.
pub(super) fn both(fault: Fault) -> [Fault; 2] {
    [fault, fault.ca()]
}

/// Each of them in both models.
pub(super) fn each_both<const N: usize>(faults: [Fault; N]) -> Vec<Fault> {
    faults.into_iter().flat_map(both).collect()
}

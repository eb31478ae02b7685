//! The words by which this program is called by itself.

/// The word by which this program becomes a supervisor.
pub(super) const SUPERVISE: &str = "supervise";
/// The word by which it tries to get a network of its own, and ends.
pub(super) const PROBE: &str = "probe";

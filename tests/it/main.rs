//! Outside-in tests: the real binary, in temporary folders, on loopback, on ports the system chose.
//!
//! One module per command and one per kind of judge that is not us; [`lab`] is what they share.

#![allow(clippy::expect_used, clippy::print_stderr, reason = "a test that cannot go on says so and stops")]
// What helps a test is a test: it fails by panicking, and says what it skips.
#![allow(clippy::expect_used, clippy::print_stderr)]
#![allow(clippy::expect_used, clippy::print_stderr, clippy::unwrap_used, reason = "helpers are test code too")]

mod connect;
mod gencert;
mod inspect;
mod lab;
mod serve;
mod readme;
mod oracle;
mod verify;

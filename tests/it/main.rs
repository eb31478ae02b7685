//! Outside-in tests: the real binary, in temporary folders, on loopback, on ports the system chose.
//!
//! One module per command and one per kind of judge that is not us; [`lab`] is what they share.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "helpers are test code too"
)]

mod dissect;
mod lab;
mod openssl;
mod tap;
mod verify;

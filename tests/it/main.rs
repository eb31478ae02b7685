//! Outside-in tests: the real binary, in temporary folders, on loopback, on ports the system chose.
//!
//! One module per command and one per kind of judge that is not us; [`lab`], [`peers`] and [`capture`] are what they share.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "helpers are test code too"
)]

mod admin;
mod audit;
mod audit_server;
mod bad_input;
mod behind;
mod bench;
mod capture;
mod certificates;
mod completions;
mod connect;
mod console;
mod csr;
mod decrypt;
mod demo;
mod dissect;
mod faults;
mod forward;
mod gencert;
mod inspect;
mod lab;
mod limbo;
mod listen;
mod man;
mod openssl;
mod oracle;
mod page;
mod passwd;
mod peers;
mod pq;
mod readme;
mod recipes;
mod revocation;
mod serve;
mod signals;
mod tap;
mod tickets;
mod tutorial;
mod unread;
mod verify;

# tlslab's recipes; `just` alone lists them.

set positional-arguments

_default:
    @just --list --unsorted

# every test: unit, property, documentation and the real binary from outside
[group('check')]
test *arguments:
    cargo test "$@"

# every bad certificate is refused for its own reason, every good neighbour accepted: a table
[group('check')]
test-negative:
    cargo test --quiet --test negative

# every fuzz target, or those that are named, for some seconds each, from the seeds and what earlier runs found
[group('check')]
fuzz seconds="30" *targets:
    tests/fuzz/run "$@"

# how often `inspect --who` is right about the certificates in a folder, by the verifiers that are here
[group('check')]
who-corpus dir:
    TLSLAB_CORPUS="$(realpath "$1")" cargo test --quiet --test it oracle::corpus -- --ignored --nocapture

# sslyze and testssl.sh beside `audit server` on every server of the tests, which takes them an hour
[group('check')]
scanners:
    cargo test --quiet --test it slowly_ -- --ignored --nocapture --test-threads 1

# formatting and clippy, warnings as errors
[group('check')]
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# what CI runs, the same file
[group('check')]
ci:
    .ci/run

# the whole lab in one command
[group('use')]
demo *arguments:
    cargo run --release -- demo "$@"

# the documentation of the library
[group('use')]
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# the static binary as an archive and, with cargo-deb, as a Debian package, into dist/
[group('make')]
dist:
    packaging/dist

# make the fixtures that are not here yet, with --anew all (those that tlslab cannot make come from openssl)
[group('make')]
fixtures *arguments:
    cargo run --example fixtures -- fixtures "$@"
    fixtures/openssl.sh "$@"

# speed and memory beside nginx, haproxy, hitch, stunnel, socat and Go, then single commands beside openssl and certtool
[group('make')]
bench *arguments:
    benches/terminators "$@"
    {{ if arguments == "" { "benches/commands" } else { "true" } }}

# `serve --forward` under every kind of load for some minutes: errors, and whether its memory grows
[group('make')]
soak minutes="30":
    benches/soak "$@"

# how long good clients wait while others attack the server, an attack after the other
[group('make')]
attacked seconds="5":
    benches/attacked "$@"

# dissect beside tshark, over a capture of 1 GiB, and tap beside socat, in one run
[group('make')]
bench-dissect *arguments:
    benches/wire "$@"

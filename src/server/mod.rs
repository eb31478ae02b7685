//! Serving: a bound listener and a configuration in, sessions and one event each out.

//! `tlslab verify`, from outside.

//! Dialling: an address and a trust policy in, an [`Outcome`] out.

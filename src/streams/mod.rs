//! Connections, whatever they carry: accepted within limits, relayed both ways, wrapped to be counted and timed.
//!
//! [`accept`](accept::accept) is the one accept loop, [`relay`](relay::relay) the one relay: `serve`, `tap` and every
//! proxy are built of them. The wrappers are streams over streams: [`IdleTimeout`] fails where nothing moves,
//! [`Opened`] keeps the first bytes that came, [`Counted`] counts, [`Pooled`] and [`Chunk`] read without a buffer of
//! their own while nothing comes. [`linger`](linger::linger) lets last words arrive.
//!
//! Nothing here knows a protocol above TCP, but for how a TLS stream is broken off. Everything is generic over the stream
//! below, so that tests converse in memory.

pub mod accept;
mod counted;
mod idle;
pub mod linger;
mod opened;
mod pooled;
pub mod relay;
mod reset;

pub use counted::{Counted, Traffic};
pub use idle::{FOREVER, IdleTimeout};
pub use opened::{Opened, Opening};
pub use pooled::{Chunk, Pooled};
pub use reset::Reset;

//! Recording: connections' bytes in, one pcapng out.
//!
//! A [`Tape`] is given what a connection says, makes packets of it ([`super::frames`]) and blocks of those
//! ([`super::pcapng`]). Where secrets are expected, blocks wait for them (`hold`); then they go through a queue
//! (`queue`) that a thread of its own empties (`writer`) into a [`Sink`]. A [`Recorder`] holds it together,
//! and [`Recorded`] puts a tape around a stream.

mod file_sink;
mod hold;
mod pipe_sink;
mod queue;
mod recorded;
mod recorder;
mod sink;
mod tape;
mod writer;

pub use file_sink::FileSink;
pub use hold::{LONGEST_WAIT, MOST_HELD, MOST_HELD_IN_ALL};
pub use pipe_sink::PipeSink;
pub use queue::{MOST_QUEUED, Stopped};
pub use recorded::{Recorded, RecordedKeys};
pub use recorder::{Options, Recorder, Status};
pub use sink::{MemorySink, Sink};
pub use tape::Tape;

//! Lines out, replies in, over any stream, both ways at once.
//!
//! Sending never waits for receiving nor the other way round, so a peer that answers late, or echoes a line
//! longer than any buffer while it is still being sent, blocks nobody.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::outcome::{Phase, Remark, Trouble, session_trouble};

/// What is held in memory in each direction.
const BUFFER: usize = 16 * 1024;

/// How long the peer may take to close once everything that was asked for has come: it is a courtesy.
const GOODBYE: Duration = Duration::from_secs(1);

/// What to say.
#[derive(Debug)]
pub enum Input<I> {
    /// Each as a line, the next one when the reply line to the last has come.
    Messages(Vec<String>),
    /// These octets as they come, to their end; then our end is closed, and the peer's is waited for.
    Stream(I),
}

/// How an exchange ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    /// Application octets sent.
    pub sent: u64,
    /// Application octets received.
    pub received: u64,
    /// What went wrong, if anything.
    pub trouble: Option<Trouble>,
    /// What is worth knowing.
    pub remarks: Vec<Remark>,
}

/// Says `input` to the peer on `stream` and writes what comes back to `output`, as it comes.
///
/// `patience` bounds each wait for the peer: to take what is sent, for something more of a reply, and for its
/// end after ours. Time during which `output` takes nothing does not count. `certificate_missing` tells whether
/// the peer asked for a client certificate and got none, which explains some endings.
///
/// A stream that ends without close_notify is [`Trouble::Truncated`] where something is missing: a reply, or
/// the newline at the end of what came. Where nothing is, it is a remark, since many servers end so.
///
/// # Errors
///
/// Those of reading the input and writing the output; the peer's are in [`Ended::trouble`].
pub async fn converse<S, I, O>(
    stream: S,
    input: Input<I>,
    output: &mut O,
    patience: Duration,
    certificate_missing: bool,
) -> io::Result<Ended>
where
    S: AsyncRead + AsyncWrite,
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let progress = Progress::default();
    let expected = match &input {
        Input::Messages(messages) => Some(messages.iter().map(|text| lines_of(text)).sum()),
        Input::Stream(_) => None,
    };
    let (mut from, mut to) = tokio::io::split(stream);
    let end = exchange(&mut from, &mut to, input, output, patience, &progress).await;
    // A courtesy at every end, also one of our own making: close_notify, once.
    let _ = timeout(GOODBYE, to.shutdown()).await;
    let end = end?;

    let mut ended = Ended {
        sent: progress.sent.load(Ordering::Relaxed),
        received: progress.received.load(Ordering::Relaxed),
        ..Ended::default()
    };
    if progress.unterminated_reply.load(Ordering::Relaxed) {
        ended.remarks.push(Remark::UnterminatedReply);
    }
    ended.conclude(end, expected, &progress, certificate_missing);
    Ok(ended)
}

impl Ended {
    fn conclude(&mut self, end: End, expected: Option<u64>, progress: &Progress, certificate_missing: bool) {
        let lines = progress.lines.load(Ordering::Relaxed);
        let partial = progress.partial.load(Ordering::Relaxed);
        match end {
            End::TimedOut(phase, after) => self.trouble = Some(Trouble::Timeout { phase, after }),
            End::Content => {}
            End::Closed => {
                // A clean end ends a line too.
                let replies = lines + u64::from(partial);
                self.trouble = expected
                    .filter(|expected| replies < *expected)
                    .map(|expected| Trouble::Unanswered { replies, expected });
            }
            End::Failed(error) => {
                let trouble = session_trouble(&error, certificate_missing);
                let answered = match expected {
                    Some(expected) => lines >= expected || self.remarks.contains(&Remark::UnterminatedReply),
                    None => !partial && (self.received > 0 || self.sent == 0),
                };
                let turned_away = certificate_missing && self.received == 0;
                match (trouble, expected) {
                    (Trouble::Truncated, _) if answered && !turned_away => {
                        self.remarks.push(Remark::NoCloseNotify);
                    }
                    (Trouble::Truncated, Some(expected)) if !partial && !turned_away => {
                        self.trouble = Some(Trouble::Unanswered { replies: lines, expected });
                    }
                    (trouble, _) => self.trouble = Some(trouble),
                }
            }
        }
    }
}

/// How the exchange came to its end.
#[derive(Debug)]
enum End {
    /// The peer closed in good order.
    Closed,
    /// Everything was said and answered; the peer just has not closed.
    Content,
    /// The stream failed.
    Failed(io::Error),
    /// The peer let us wait.
    TimedOut(Phase, Duration),
}

/// What both directions know of each other.
#[derive(Debug, Default)]
struct Progress {
    sent: AtomicU64,
    received: AtomicU64,
    /// Newlines received.
    lines: AtomicU64,
    /// Whether something came after the last newline.
    partial: AtomicBool,
    /// Whether the output is being waited for: then nobody can blame the peer.
    output_busy: AtomicBool,
    /// Whether the last reply was given up on for want of a newline.
    unterminated_reply: AtomicBool,
    /// Something came.
    more: Notify,
}

impl Progress {
    /// Waits until something more comes; `false` where nothing did within `patience`.
    async fn more(&self, patience: Duration) -> bool {
        loop {
            if timeout(patience, self.more.notified()).await.is_ok() {
                return true;
            }
            if !self.output_busy.load(Ordering::Relaxed) {
                return false;
            }
        }
    }
}

/// How many lines a message makes: one, and one more for each newline inside.
fn lines_of(message: &str) -> u64 {
    1 + message.bytes().filter(|octet| *octet == b'\n').count() as u64
}

async fn exchange<R, W, I, O>(
    from: &mut R,
    to: &mut W,
    input: Input<I>,
    output: &mut O,
    patience: Duration,
    progress: &Progress,
) -> io::Result<End>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let messages = matches!(input, Input::Messages(_));
    let listening = listen(from, output, progress);
    let speaking = speak(to, input, patience, progress);
    tokio::pin!(listening, speaking);
    let stopped = tokio::select! {
        biased;
        end = &mut listening => return end,
        said = &mut speaking => said,
    };
    let (patience, otherwise) = match stopped {
        Ok(()) if messages => (GOODBYE.min(patience), End::Content),
        Ok(()) => (patience, End::TimedOut(Phase::Close, patience)),
        Err(Stopped::Input(error)) => return Err(error),
        Err(Stopped::TimedOut(phase)) => return Ok(End::TimedOut(phase, patience)),
        // What the peer has still to say, such as an alert, tells more than that it does not listen.
        Err(Stopped::Peer(error)) => (patience, End::Failed(error)),
    };
    loop {
        tokio::select! {
            biased;
            end = &mut listening => return end,
            more = progress.more(patience) => if !more { return Ok(otherwise) },
        }
    }
}

/// Why speaking stopped before everything was said.
#[derive(Debug)]
enum Stopped {
    Input(io::Error),
    Peer(io::Error),
    TimedOut(Phase),
}

/// Says everything, then closes our end.
async fn speak<W, I>(
    to: &mut W,
    input: Input<I>,
    patience: Duration,
    progress: &Progress,
) -> Result<(), Stopped>
where
    W: AsyncWrite + Unpin,
    I: AsyncRead + Unpin,
{
    match input {
        Input::Messages(messages) => {
            let mut expected = 0;
            let last = messages.len().saturating_sub(1);
            for (index, mut message) in messages.into_iter().enumerate() {
                expected += lines_of(&message);
                message.push('\n');
                send(to, message.as_bytes(), patience, progress).await?;
                await_replies(expected, index == last, patience, progress).await?;
            }
        }
        Input::Stream(mut input) => {
            let mut buffer = vec![0; BUFFER];
            loop {
                let count = input.read(&mut buffer).await.map_err(Stopped::Input)?;
                if count == 0 {
                    break;
                }
                send(to, &buffer[..count], patience, progress).await?;
            }
        }
    }
    match timeout(patience, to.shutdown()).await {
        Ok(result) => result.map_err(Stopped::Peer),
        Err(_) => Err(Stopped::TimedOut(Phase::Send)),
    }
}

async fn await_replies(
    expected: u64,
    last: bool,
    patience: Duration,
    progress: &Progress,
) -> Result<(), Stopped> {
    while progress.lines.load(Ordering::Relaxed) < expected {
        if progress.more(patience).await {
            continue;
        }
        let lines = progress.lines.load(Ordering::Relaxed);
        if last && lines + 1 == expected && progress.partial.load(Ordering::Relaxed) {
            progress.unterminated_reply.store(true, Ordering::Relaxed);
            return Ok(());
        }
        return Err(Stopped::TimedOut(Phase::Reply));
    }
    Ok(())
}

async fn send<W>(to: &mut W, octets: &[u8], patience: Duration, progress: &Progress) -> Result<(), Stopped>
where
    W: AsyncWrite + Unpin,
{
    let mut done = 0;
    while done < octets.len() {
        let next = octets.len().min(done + BUFFER);
        match timeout(patience, to.write(&octets[done..next])).await {
            Ok(Ok(0)) => return Err(Stopped::Peer(io::ErrorKind::WriteZero.into())),
            Ok(Ok(count)) => {
                done += count;
                progress.sent.fetch_add(count as u64, Ordering::Relaxed);
            }
            Ok(Err(error)) => return Err(Stopped::Peer(error)),
            // A peer that waits for us to take its replies cannot take ours.
            Err(_) if progress.output_busy.load(Ordering::Relaxed) => {}
            Err(_) => return Err(Stopped::TimedOut(Phase::Send)),
        }
    }
    loop {
        match timeout(patience, to.flush()).await {
            Ok(result) => return result.map_err(Stopped::Peer),
            Err(_) if progress.output_busy.load(Ordering::Relaxed) => {}
            Err(_) => return Err(Stopped::TimedOut(Phase::Send)),
        }
    }
}

/// Passes on what comes, until the peer's end.
async fn listen<R, O>(from: &mut R, output: &mut O, progress: &Progress) -> io::Result<End>
where
    R: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = match from.read(&mut buffer).await {
            Ok(0) => return Ok(End::Closed),
            Ok(count) => count,
            Err(error) => return Ok(End::Failed(error)),
        };
        let octets = &buffer[..count];
        progress.output_busy.store(true, Ordering::Relaxed);
        output.write_all(octets).await?;
        output.flush().await?;
        progress.output_busy.store(false, Ordering::Relaxed);
        let lines = octets.iter().filter(|octet| **octet == b'\n').count();
        progress.received.fetch_add(count as u64, Ordering::Relaxed);
        progress.lines.fetch_add(lines as u64, Ordering::Relaxed);
        progress.partial.store(octets.last() != Some(&b'\n'), Ordering::Relaxed);
        progress.more.notify_one();
    }
}

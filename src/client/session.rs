//! Lines out, replies in, over any stream, both ways at once.
//!
//! Sending never waits for receiving nor the other way round, so a peer that answers late, or echoes a line
//! longer than any buffer while it is still being sent, blocks nobody.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::explain::session_trouble;
use super::outcome::{Phase, Remark, Trouble};

/// What is held in memory in each direction.
const BUFFER: usize = 16 * 1024;

/// How long the peer may take to close once everything that was asked for has come: it is a courtesy.
const GOODBYE: Duration = Duration::from_secs(1);

/// A peer that sends on and on, but so little that it keeps us waiting rather than busy: less than so many bytes in so
/// many times the patience.
const TRICKLE: u64 = 1024;
const TRICKLE_TIMES: u32 = 3;

/// What to say.
#[derive(Debug)]
pub enum Input<I> {
    /// Each as a line, the next one when the reply line to the last has come.
    Messages(Vec<String>),
    /// These bytes as they come, to their end; then our end is closed, and the peer's is waited for. A peer that has no more
    /// to say is told the rest all the same.
    Stream(I),
    /// The same from a person, who is not asked for more once the peer has ended.
    Typed(I),
}

/// Our own side of an exchange failed.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// What is to be said cannot be read.
    #[error("cannot read what to send: {0}")]
    Input(io::Error),
    /// What comes back cannot be written.
    #[error("cannot write the replies: {0}")]
    Output(io::Error),
}

/// How an exchange ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    /// Application bytes sent.
    pub sent: u64,
    /// Application bytes received.
    pub received: u64,
    /// What went wrong, if anything.
    pub trouble: Option<Trouble>,
    /// What is worth knowing.
    pub remarks: Vec<Remark>,
}

/// Says `input` to the peer on `stream` and writes what comes back to `output`, as it comes.
///
/// `patience` bounds each wait for the peer: to take what is sent, for something more of a reply, and for its
/// end after ours; three times as long is given to one that only trickles (less than a kibibyte in that time), and a
/// second to one that has answered every message and goes on. Time during which `output` takes nothing does not count. `certificate_missing` tells whether
/// the peer asked for a client certificate and got none, which explains some endings.
///
/// A stream that ends without close_notify is [`Trouble::Truncated`] where something is missing: a reply, or
/// the newline at the end of what came. Where nothing is, it is a remark, since many servers end so.
///
/// # Errors
///
/// Those of reading the input and writing the output. The peer's are in [`Ended::trouble`].
pub async fn converse<S, I, O>(
    stream: S,
    input: Input<I>,
    output: &mut O,
    patience: Duration,
    certificate_missing: bool,
) -> Result<Ended, LocalError>
where
    S: AsyncRead + AsyncWrite,
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let progress = Progress::default();
    let expected = match &input {
        Input::Messages(messages) => Some(messages.iter().map(|text| lines_of(text)).sum()),
        Input::Stream(_) | Input::Typed(_) => None,
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
            End::Unheard => self.trouble = Some(Trouble::Unheard),
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
                    None => !partial,
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
    /// The peer closed in good order, and did not take the rest.
    Unheard,
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

/// A wait for the peer that may be long, while it sends enough.
struct Wait<'p> {
    progress: &'p Progress,
    patience: Duration,
    since: Instant,
    received: u64,
}

impl<'p> Wait<'p> {
    fn begin(progress: &'p Progress, patience: Duration) -> Self {
        let received = progress.received.load(Ordering::Relaxed);
        Self { progress, patience, since: Instant::now(), received }
    }

    /// Waits until something more comes; `false` where nothing did within the patience, or only a trickle for longer.
    async fn more(&mut self) -> bool {
        loop {
            let came = timeout(self.patience, self.progress.more.notified()).await.is_ok();
            if self.progress.output_busy.load(Ordering::Relaxed) {
                // Then nobody can blame the peer.
                self.since = Instant::now();
            } else if !came {
                return false;
            }
            if came {
                return !self.is_trickle();
            }
        }
    }

    fn is_trickle(&mut self) -> bool {
        if self.since.elapsed() < TRICKLE_TIMES * self.patience {
            return false;
        }
        let begun = std::mem::replace(self, Self::begin(self.progress, self.patience));
        self.received - begun.received < TRICKLE
    }
}

/// How many lines a message makes: one, and one more for each newline inside.
fn lines_of(message: &str) -> u64 {
    1 + newlines(message.as_bytes())
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

async fn exchange<R, W, I, O>(
    from: &mut R,
    to: &mut W,
    input: Input<I>,
    output: &mut O,
    patience: Duration,
    progress: &Progress,
) -> Result<End, LocalError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let messages = matches!(input, Input::Messages(_));
    let to_the_end = matches!(input, Input::Stream(_));
    let listening = listen(from, output, progress);
    let speaking = speak(to, input, patience, progress);
    tokio::pin!(listening, speaking);
    let stopped = tokio::select! {
        biased;
        end = &mut listening => match end {
            Ok(End::Closed) if to_the_end => return say_the_rest(speaking, patience, progress).await,
            end => return end,
        },
        said = &mut speaking => said,
    };
    let (patience, otherwise) = match stopped {
        // Everything is answered: what else the peer may say is taken, for a moment in all.
        Ok(()) if messages => {
            return timeout(GOODBYE.min(patience), listening).await.unwrap_or(Ok(End::Content));
        }
        Ok(()) => (patience, End::TimedOut(Phase::Close, patience)),
        Err(Stopped::Input(error)) => return Err(LocalError::Input(error)),
        Err(Stopped::TimedOut(phase)) => return Ok(End::TimedOut(phase, patience)),
        // What the peer has still to say, such as an alert, tells more than that it does not listen.
        Err(Stopped::Peer(error) | Stopped::Farewell(error)) => (patience, End::Failed(error)),
    };
    let mut wait = Wait::begin(progress, patience);
    loop {
        tokio::select! {
            biased;
            end = &mut listening => return end,
            more = wait.more() => if !more { return Ok(otherwise) },
        }
    }
}

/// The peer's half is closed, ours is not (RFC 8446 §6.1; TLS 1.2 knows no halves: who takes no more says so). The rest is
/// said while it comes; an input that goes on without a byte for as long as the patience has no rest.
async fn say_the_rest(
    mut speaking: Pin<&mut impl Future<Output = Result<(), Stopped>>>,
    patience: Duration,
    progress: &Progress,
) -> Result<End, LocalError> {
    loop {
        let sent = progress.sent.load(Ordering::Relaxed);
        match timeout(patience, &mut speaking).await {
            Ok(said) => return said.map_or_else(|why| why.end(patience), |()| Ok(End::Closed)),
            Err(_) if progress.sent.load(Ordering::Relaxed) == sent => return Ok(End::Closed),
            Err(_) => {}
        }
    }
}

/// Why speaking stopped before everything was said.
#[derive(Debug)]
enum Stopped {
    Input(io::Error),
    Peer(io::Error),
    /// Everything was said; only that it was all could not be told.
    Farewell(io::Error),
    TimedOut(Phase),
}

impl Stopped {
    /// How an exchange ends whose peer has closed its half before.
    fn end(self, patience: Duration) -> Result<End, LocalError> {
        match self {
            Self::Farewell(_) => Ok(End::Closed),
            Self::Input(error) => Err(LocalError::Input(error)),
            Self::Peer(_) => Ok(End::Unheard),
            Self::TimedOut(phase) => Ok(End::TimedOut(phase, patience)),
        }
    }
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
        Input::Stream(mut input) | Input::Typed(mut input) => {
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
        Ok(result) => result.map_err(Stopped::Farewell),
        Err(_) => Err(Stopped::TimedOut(Phase::Send)),
    }
}

async fn await_replies(
    expected: u64,
    last: bool,
    patience: Duration,
    progress: &Progress,
) -> Result<(), Stopped> {
    let mut wait = Wait::begin(progress, patience);
    while progress.lines.load(Ordering::Relaxed) < expected {
        if wait.more().await {
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

async fn send<W>(to: &mut W, bytes: &[u8], patience: Duration, progress: &Progress) -> Result<(), Stopped>
where
    W: AsyncWrite + Unpin,
{
    let mut done = 0;
    while done < bytes.len() {
        let next = bytes.len().min(done + BUFFER);
        match timeout(patience, to.write(&bytes[done..next])).await {
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
async fn listen<R, O>(from: &mut R, output: &mut O, progress: &Progress) -> Result<End, LocalError>
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
        let bytes = &buffer[..count];
        progress.output_busy.store(true, Ordering::Relaxed);
        output.write_all(bytes).await.map_err(LocalError::Output)?;
        output.flush().await.map_err(LocalError::Output)?;
        progress.output_busy.store(false, Ordering::Relaxed);
        progress.received.fetch_add(count as u64, Ordering::Relaxed);
        progress.lines.fetch_add(newlines(bytes), Ordering::Relaxed);
        progress.partial.store(bytes.last() != Some(&b'\n'), Ordering::Relaxed);
        progress.more.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;
    use tokio::io::{DuplexStream, Empty, duplex};

    use super::*;

    /// Longer than any test runs; never waited out.
    const PATIENT: Duration = Duration::from_secs(3600);

    fn messages(texts: &[&str]) -> Input<Empty> {
        Input::Messages(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    async fn read_line(peer: &mut DuplexStream) -> String {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            line.push(peer.read_u8().await.unwrap());
        }
        String::from_utf8(line).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn each_message_waits_for_the_reply_to_the_last() {
        let (ours, mut peer) = duplex(64);
        let mut output = Vec::new();
        let peer = async {
            assert_eq!(read_line(&mut peer).await, "one\n");
            peer.write_all(b"1").await.unwrap();
            // The second message must not be on its way: half a reply is none. Time is paused, so this wait
            // ends only once nobody has anything left to do.
            assert!(timeout(Duration::from_millis(1), peer.read_u8()).await.is_err());
            peer.write_all(b"\n").await.unwrap();
            assert_eq!(read_line(&mut peer).await, "two\n");
            peer.write_all(b"2\n").await.unwrap();
            assert_eq!(peer.read(&mut [0; 8]).await.unwrap(), 0);
            drop(peer);
        };
        let (ended, ()) =
            tokio::join!(converse(ours, messages(&["one", "two"]), &mut output, PATIENT, false), peer);
        let ended = ended.unwrap();
        assert_eq!(ended, Ended { sent: 8, received: 4, ..Ended::default() });
        assert_eq!(output, b"1\n2\n");
    }

    #[tokio::test]
    async fn a_line_longer_than_every_buffer_passes_while_it_is_still_sent() {
        let (ours, peer) = duplex(1000);
        let line = "x".repeat(10 * BUFFER);
        let mut output = Vec::new();
        let peer = async {
            let (mut from, mut to) = tokio::io::split(peer);
            tokio::io::copy(&mut from, &mut to).await.unwrap();
        };
        let (ended, ()) = tokio::join!(converse(ours, messages(&[&line]), &mut output, PATIENT, false), peer);
        assert_eq!(ended.unwrap().trouble, None);
        assert_eq!(output.len(), line.len() + 1);
    }

    #[tokio::test]
    async fn what_a_stream_holds_passes_as_it_is_and_its_end_too() {
        let (ours, peer) = duplex(100);
        let mut output = Vec::new();
        let input = Input::Stream(&b"a\nno newline\xff"[..]);
        let peer = async {
            let (mut from, mut to) = tokio::io::split(peer);
            tokio::io::copy(&mut from, &mut to).await.unwrap();
        };
        let (ended, ()) = tokio::join!(converse(ours, input, &mut output, PATIENT, false), peer);
        assert_eq!(ended.unwrap(), Ended { sent: 13, received: 13, ..Ended::default() });
        assert_eq!(output, b"a\nno newline\xff");
    }

    #[tokio::test]
    async fn a_peer_that_has_ended_is_told_the_rest() {
        let (ours, peer) = duplex(100);
        let (input, mut feed) = duplex(100);
        let (input, _) = tokio::io::split(input);
        let mut output = Vec::new();
        let peer = async {
            let (mut from, mut to) = tokio::io::split(peer);
            to.write_all(b"all").await.unwrap();
            to.shutdown().await.unwrap();
            // Only now, when our end knows.
            feed.write_all(&[0, 255, b'x']).await.unwrap();
            feed.shutdown().await.unwrap();
            let mut came = Vec::new();
            from.read_to_end(&mut came).await.unwrap();
            came
        };
        let (ended, came) =
            tokio::join!(converse(ours, Input::Stream(input), &mut output, PATIENT, false), peer);
        assert_eq!(ended.unwrap(), Ended { sent: 3, received: 3, ..Ended::default() });
        assert_eq!((came.as_slice(), output.as_slice()), (&[0, 255, b'x'][..], &b"all"[..]));
    }

    #[tokio::test(start_paused = true)]
    async fn an_input_that_never_ends_is_waited_for_while_it_says_something() {
        let (ours, mut peer) = duplex(100);
        let (input, mut feed) = duplex(100);
        let begun = Instant::now();
        let peer = async {
            peer.shutdown().await.unwrap();
            for _ in 0..5 {
                tokio::time::sleep(PATIENT * 2 / 3).await;
                feed.write_all(b"more").await.unwrap();
            }
            // And nothing any more, while both are open.
            std::future::pending::<()>().await;
        };
        let mut output = Vec::new();
        let talk = converse(ours, Input::Stream(input), &mut output, PATIENT, false);
        let ended = tokio::select! { ended = talk => ended.unwrap(), () = peer => unreachable!() };
        assert_eq!(ended, Ended { sent: 20, ..Ended::default() });
        assert!(begun.elapsed() < PATIENT * 6);
    }

    #[tokio::test]
    async fn a_person_is_not_asked_for_more_once_the_peer_has_ended() {
        let (ours, mut peer) = duplex(100);
        // Never says anything, and never ends.
        let (input, _feed) = duplex(100);
        peer.write_all(b"bye\n").await.unwrap();
        peer.shutdown().await.unwrap();
        let ended = converse(ours, Input::Typed(input), &mut Vec::new(), PATIENT, false).await.unwrap();
        assert_eq!(ended, Ended { received: 4, ..Ended::default() });
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_before_the_rest_is_said_is_a_failure_and_before_the_farewell_none() {
        for (rest, trouble) in [(&b"x"[..], Some(Trouble::Unheard)), (b"", None)] {
            let (ours, mut peer) = duplex(100);
            let (input, mut feed) = duplex(100);
            peer.write_all(b"bye\n").await.unwrap();
            drop(peer);
            feed.write_all(rest).await.unwrap();
            drop(feed);
            let ended = converse(ours, Input::Stream(input), &mut Vec::new(), PATIENT, false).await.unwrap();
            assert_eq!((ended.sent, ended.received, ended.trouble), (0, 4, trouble));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_answers_is_a_timeout() {
        let (ours, _peer) = duplex(100);
        let ended = converse(ours, messages(&["hi"]), &mut Vec::new(), PATIENT, false).await.unwrap();
        assert_eq!(ended.trouble, Some(Trouble::Timeout { phase: Phase::Reply, after: PATIENT }));
        assert_eq!((ended.sent, ended.received), (3, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_a_timeout() {
        let (ours, _peer) = duplex(1);
        let ended = converse(ours, messages(&["hi"]), &mut Vec::new(), PATIENT, false).await.unwrap();
        assert_eq!(ended.trouble, Some(Trouble::Timeout { phase: Phase::Send, after: PATIENT }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_closes_is_a_timeout() {
        let (ours, _peer) = duplex(100);
        let input = Input::Stream(&b"hi\n"[..]);
        let ended = converse(ours, input, &mut Vec::new(), PATIENT, false).await.unwrap();
        assert_eq!(ended.trouble, Some(Trouble::Timeout { phase: Phase::Close, after: PATIENT }));
    }

    /// Sends `text` again and again, each time just before anybody would lose patience, until nobody listens.
    async fn trickle(mut peer: DuplexStream, text: &[u8]) -> Duration {
        let begun = Instant::now();
        while peer.write_all(text).await.is_ok() {
            tokio::time::sleep(PATIENT / 2).await;
        }
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_has_answered_and_goes_on_does_not_hold_us() {
        let (ours, peer) = duplex(1 << 20);
        let mut output = Vec::new();
        let talk = async {
            let begun = Instant::now();
            (converse(ours, messages(&["hi"]), &mut output, PATIENT, false).await.unwrap(), begun.elapsed())
        };
        let ((ended, took), _) = tokio::join!(talk, trickle(peer, b"hello\n"));
        assert_eq!(ended.trouble, None);
        assert_eq!(took, GOODBYE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_not_waited_on_for_ever_before_a_reply_or_after_our_end() {
        for (texts, phase) in [(Some(["hi", "there"]), Phase::Reply), (None, Phase::Close)] {
            let (ours, peer) = duplex(1 << 20);
            let mut output = Vec::new();
            let talk = async {
                match texts {
                    Some(texts) => converse(ours, messages(&texts), &mut output, PATIENT, false).await,
                    None => converse(ours, Input::Stream(&b"hi\n"[..]), &mut output, PATIENT, false).await,
                }
            };
            let (ended, took) = tokio::join!(talk, trickle(peer, b"x"));
            assert_eq!(ended.unwrap().trouble, Some(Trouble::Timeout { phase, after: PATIENT }));
            assert!(took <= (TRICKLE_TIMES + 1) * PATIENT, "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_answer_may_take_its_time() {
        let (ours, mut peer) = duplex(1 << 20);
        let chunk = [b'x'; 2 * 1024];
        let mut output = Vec::new();
        let talk = converse(ours, Input::Stream(&b"hi\n"[..]), &mut output, PATIENT, false);
        let answer = async {
            for _ in 0..100 {
                peer.write_all(&chunk).await.unwrap();
                tokio::time::sleep(PATIENT / 2).await;
            }
            drop(peer);
        };
        let (ended, ()) = tokio::join!(talk, answer);
        let ended = ended.unwrap();
        assert_eq!((ended.trouble, ended.received), (None, 100 * 2 * 1024));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answered_message_does_not_need_the_peers_end() {
        let (ours, mut peer) = duplex(100);
        peer.write_all(b"hello\n").await.unwrap();
        let ended = converse(ours, messages(&["hi"]), &mut Vec::new(), PATIENT, false).await.unwrap();
        assert_eq!(ended, Ended { sent: 3, received: 6, ..Ended::default() });
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_without_a_newline_is_taken_once_nothing_follows() {
        let (ours, mut peer) = duplex(100);
        peer.write_all(b"hello").await.unwrap();
        let ended = converse(ours, messages(&["hi"]), &mut Vec::new(), PATIENT, false).await.unwrap();
        assert_eq!((ended.trouble, ended.remarks), (None, vec![Remark::UnterminatedReply]));
    }

    #[tokio::test]
    async fn a_peer_that_closes_too_early_left_a_message_unanswered() {
        let (ours, mut peer) = duplex(100);
        peer.write_all(b"one\n").await.unwrap();
        peer.shutdown().await.unwrap();
        let ended = converse(ours, messages(&["a", "b"]), &mut Vec::new(), PATIENT, false).await.unwrap();
        assert_eq!(ended.trouble, Some(Trouble::Unanswered { replies: 1, expected: 2 }));
    }

    /// How an exchange that ends with `error` is judged: trouble, and whether it is remarked on.
    fn judged(error: io::Error, expected: Option<u64>, came: &str, missing: bool) -> (Option<Trouble>, bool) {
        let progress = Progress::default();
        progress.lines.store(newlines(came.as_bytes()), Ordering::Relaxed);
        progress.partial.store(!came.is_empty() && !came.ends_with('\n'), Ordering::Relaxed);
        let mut ended = Ended { sent: 3, received: came.len() as u64, ..Ended::default() };
        ended.conclude(End::Failed(error), expected, &progress, missing);
        (ended.trouble, ended.remarks == [Remark::NoCloseNotify])
    }

    #[test]
    fn a_bare_end_matters_where_something_is_missing() {
        let bare = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let unanswered = |replies, expected| Some(Trouble::Unanswered { replies, expected });
        assert_eq!(judged(bare(), Some(1), "hi\n", false), (None, true));
        assert_eq!(judged(bare(), Some(1), "hi", false), (Some(Trouble::Truncated), false));
        assert_eq!(judged(bare(), Some(1), "", false), (unanswered(0, 1), false));
        assert_eq!(judged(bare(), Some(2), "hi\n", false), (unanswered(1, 2), false));
        assert_eq!(judged(bare(), None, "hi\n", false), (None, true));
        assert_eq!(judged(bare(), None, "", false), (None, true));
        assert_eq!(judged(bare(), None, "hi\nh", false), (Some(Trouble::Truncated), false));
        // The alert that says so can be lost to a reset.
        assert_eq!(
            judged(io::ErrorKind::ConnectionReset.into(), None, "", true),
            (Some(Trouble::Truncated), false)
        );
    }

    #[test]
    fn an_alert_is_never_a_good_end() {
        let alert = AlertDescription::CertificateRequired;
        let error = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::AlertReceived(alert));
        let expected = Some(Trouble::Alert { alert, certificate_missing: true });
        assert_eq!(judged(error, Some(1), "hi\n", true), (expected, false));
    }

    #[tokio::test]
    async fn a_closed_output_ends_the_exchange() {
        struct Gone;
        impl AsyncWrite for Gone {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                _: &[u8],
            ) -> std::task::Poll<io::Result<usize>> {
                std::task::Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
            }
            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }
            fn poll_shutdown(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<io::Result<()>> {
                self.poll_flush(cx)
            }
        }
        let (ours, mut peer) = duplex(100);
        peer.write_all(b"hello\n").await.unwrap();
        let error = converse(ours, messages(&["hi"]), &mut Gone, PATIENT, false).await.unwrap_err();
        assert!(matches!(error, LocalError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe));
    }
}

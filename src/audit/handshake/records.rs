//! Records and handshake messages over a stream, sealed once there are keys.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::end::End;
use super::message::Message;
use crate::tls::registry::version::TLS_1_2;
use crate::wire::record::{ContentType, HEADER, Header};
use crate::wire::schedule::RecordCipher;
use crate::wire::write;

/// The longest handshake message that is taken from a client: hellos and certificates are far shorter.
const LONGEST_MESSAGE: usize = 1 << 17;
/// The most content that a record holds (RFC 8446 §5.1).
pub(super) const MOST_CONTENT: usize = 1 << 14;
/// How many records without content, or warnings, may follow each other.
const MOST_EMPTY: usize = 32;

/// What came in a record.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A whole handshake message: type and body, as it was framed.
    Message(u8, Vec<u8>),
    /// ChangeCipherSpec.
    ChangeCipherSpec,
    /// Application data.
    Data(Vec<u8>),
    /// An alert's description.
    Alert(u8),
    /// The end of the stream.
    Closed,
}

/// A connection's records.
pub(super) struct RecordStream<S> {
    stream: S,
    /// Opens what the client sends.
    pub(super) opens: Option<RecordCipher>,
    /// Seals what is sent.
    pub(super) seals: Option<RecordCipher>,
    /// What has come, before it is a whole record.
    come: Vec<u8>,
    /// Handshake bytes that are no whole message yet.
    handshake: Vec<u8>,
    /// What is to be written.
    out: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> RecordStream<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, opens: None, seals: None, come: Vec::new(), handshake: Vec::new(), out: Vec::new() }
    }

    /// The next thing that the client says. ChangeCipherSpec in TLS 1.3 is the caller's to pass over.
    pub(super) async fn next(&mut self) -> Result<Incoming, End> {
        for _ in 0..MOST_EMPTY {
            if let Some(message) = self.whole_message()? {
                return Ok(message);
            }
            let Some((header, fragment)) = self.record().await? else { return Ok(Incoming::Closed) };
            let (content_type, content) = self.opened(header, fragment)?;
            match ContentType::read(content_type) {
                Some(ContentType::Handshake) => self.handshake.extend_from_slice(&content),
                Some(ContentType::ChangeCipherSpec) => return Ok(Incoming::ChangeCipherSpec),
                Some(ContentType::ApplicationData) if !content.is_empty() => {
                    return Ok(Incoming::Data(content));
                }
                Some(ContentType::ApplicationData) => {}
                Some(ContentType::Alert) => match content.as_slice() {
                    [_, description] => return Ok(Incoming::Alert(*description)),
                    _ => return Err(End::Malformed("an alert that is not two bytes long")),
                },
                Some(ContentType::Heartbeat) | None => {
                    return Err(End::Malformed("a record of an unknown type"));
                }
            }
            if self.handshake.len() > LONGEST_MESSAGE {
                return Err(End::Malformed("a handshake message of more than 128 KiB"));
            }
        }
        Err(End::Malformed("too many records without content"))
    }

    /// A record's real type and content. ChangeCipherSpec is never sealed in TLS 1.3, and comes before the keys in
    /// TLS 1.2.
    fn opened(&mut self, header: Header, fragment: Vec<u8>) -> Result<(u8, Vec<u8>), End> {
        let content_type = header.content_type;
        let Some(opens) = self.opens.as_mut().filter(|_| content_type != ContentType::ChangeCipherSpec)
        else {
            return Ok((content_type.code(), fragment));
        };
        let mut content = Vec::new();
        match opens.open(header, &fragment, &mut content) {
            Ok(opened) => Ok((opened.content_type, content)),
            // A client that gives up before it has keys says so in the clear (RFC 8446 §6).
            Err(_) if content_type == ContentType::Alert && fragment.len() == 2 => {
                Ok((content_type.code(), fragment))
            }
            Err(_) => Err(End::Undecryptable),
        }
    }

    /// The next whole message of what has come.
    fn whole_message(&mut self) -> Result<Option<Incoming>, End> {
        let Some(&[kind, a, b, c]) = self.handshake.first_chunk::<4>() else { return Ok(None) };
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        if length > LONGEST_MESSAGE {
            return Err(End::Malformed("a handshake message of more than 128 KiB"));
        }
        if self.handshake.len() < 4 + length {
            return Ok(None);
        }
        let rest = self.handshake.split_off(4 + length);
        let mut message = std::mem::replace(&mut self.handshake, rest);
        Ok(Some(Incoming::Message(kind, message.split_off(4))))
    }

    /// The next record; `None` at the end of the stream.
    async fn record(&mut self) -> Result<Option<(Header, Vec<u8>)>, End> {
        if !self.has(HEADER).await? {
            return Ok(None);
        }
        let mut bytes = [0; HEADER];
        bytes.copy_from_slice(&self.come[..HEADER]);
        let Some(header) = Header::read(bytes) else {
            self.come.drain(..HEADER);
            return Err(End::NotTls(bytes.to_vec()));
        };
        if !self.has(HEADER + header.length).await? {
            return Ok(None);
        }
        let rest = self.come.split_off(HEADER + header.length);
        let mut record = std::mem::replace(&mut self.come, rest);
        Ok(Some((header, record.split_off(HEADER))))
    }

    /// Whether as many bytes come before the end of the stream, where they are not there yet. Whoever waits for it may
    /// stop waiting: what has come is kept.
    async fn has(&mut self, count: usize) -> io::Result<bool> {
        while self.come.len() < count {
            self.come.reserve(count - self.come.len());
            if self.stream.read_buf(&mut self.come).await? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits until the client says something more or ends the stream.
    pub(super) async fn stirs(&mut self) {
        // What is wrong with the stream is found by whoever reads on.
        let _ = self.has(self.come.len() + 1).await;
    }

    /// What comes, to the end of the stream, as it is; no more than a conversation's beginning.
    pub(super) async fn rest(&mut self, mut hand: impl FnMut(&[u8])) -> Result<(), End> {
        let come = std::mem::take(&mut self.come);
        if !come.is_empty() {
            hand(&come);
        }
        let mut buffer = [0; 4096];
        for _ in 0..16 {
            let count = self.stream.read(&mut buffer).await?;
            if count == 0 {
                break;
            }
            hand(&buffer[..count]);
        }
        Ok(())
    }

    /// Frames content as records, sealed where there are keys, and keeps it to be written by [`Self::flush`].
    pub(super) fn put(&mut self, content_type: ContentType, content: &[u8]) {
        self.put_as(content_type, TLS_1_2, content);
    }

    /// The same with another version in the header of a record that is not sealed.
    pub(super) fn put_as(&mut self, content_type: ContentType, version: u16, content: &[u8]) {
        for part in content.chunks(MOST_CONTENT) {
            if let Some(seals) = &mut self.seals {
                self.out.extend(seals.seal(content_type.code(), part, 0));
            } else {
                self.out.extend(write::record(content_type.code(), version, part));
            }
        }
    }

    /// One record of whatever length, which may be longer than a record may be.
    pub(super) fn put_whole(&mut self, content_type: ContentType, content: &[u8]) {
        if let Some(seals) = &mut self.seals {
            self.out.extend(seals.seal(content_type.code(), content, 0));
        } else {
            self.out.extend(write::record(content_type.code(), TLS_1_2, content));
        }
    }

    /// Bytes as they are, in no record of ours.
    pub(super) fn put_raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Messages that follow each other in as few records as they fit into.
    pub(super) fn put_messages(&mut self, version: u16, messages: &[Message]) {
        let content: Vec<u8> = messages.iter().flat_map(Message::encode).collect();
        self.put_as(ContentType::Handshake, version, &content);
    }

    /// What is kept to be written, for a last change.
    pub(super) fn pending(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Writes what is kept. That a client takes no more is no failure of the write: what it has said before it left,
    /// an alert above all, is still to be read.
    pub(super) async fn flush(&mut self) -> Result<(), End> {
        let written = match self.stream.write_all(&self.out).await {
            Ok(()) => self.stream.flush().await,
            Err(error) => Err(error),
        };
        self.out.clear();
        match written {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) =>
            {
                Ok(())
            }
            written => Ok(written?),
        }
    }

    /// Ends the stream towards the client.
    pub(super) async fn shut(&mut self) {
        // Whoever is gone needs no end.
        let _ = self.stream.shutdown().await;
    }
}

/// The next handshake message, which must be of this type; ChangeCipherSpec is passed over (RFC 8446 §5).
pub(super) async fn expect<S>(records: &mut RecordStream<S>, kind: u8) -> Result<Vec<u8>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match records.next().await? {
            Incoming::Message(found, body) if found == kind => return Ok(body),
            Incoming::ChangeCipherSpec => {}
            Incoming::Alert(description) => return Err(End::Alert(description)),
            Incoming::Closed => return Err(End::Closed),
            Incoming::Message(..) => {
                return Err(End::Malformed("another handshake message than was to come"));
            }
            Incoming::Data(_) => return Err(End::Malformed("application data in the handshake")),
        }
    }
}

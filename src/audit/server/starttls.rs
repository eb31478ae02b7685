//! What is said before TLS begins on a port that begins in the clear.

use std::fmt;
use std::str::FromStr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A protocol that upgrades to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTls {
    /// RFC 3207.
    Smtp,
    /// RFC 3501 §6.2.1.
    Imap,
    /// RFC 2595 §4.
    Pop3,
    /// RFC 4511 §4.14.
    Ldap,
    /// PostgreSQL's SSLRequest.
    Postgres,
}

/// The longest line, and the most lines, of a server's greeting.
const LINE: usize = 4096;
const LINES: usize = 200;
/// LDAP's ExtendedRequest with the OID of StartTLS, 1.3.6.1.4.1.1466.20037.
const LDAP_REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// LDAP's "Who am I?" (RFC 4532), as the second message.
const LDAP_WHO_AM_I: &[u8] = b"\x30\x1e\x02\x01\x02\x77\x19\x80\x171.3.6.1.4.1.4203.1.11.3";
/// LDAP's UnbindRequest, as the third message.
const LDAP_UNBIND: &[u8] = &[0x30, 5, 2, 1, 3, 0x42, 0];
/// PostgreSQL's StartupMessage of protocol 3.0 for a user named audit.
const POSTGRES_STARTUP: &[u8] = b"\0\0\0\x14\0\x03\0\0user\0audit\0\0";
/// PostgreSQL's CancelRequest, 80877102, of a process and a key that nobody has.
const POSTGRES_CANCEL: [u8; 16] = [0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 0, 0, 0, 0, 0, 0, 0, 0];
/// PostgreSQL's SSLRequest: a length, and 80877103.
const POSTGRES_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];

impl StartTls {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Smtp, Self::Imap, Self::Pop3, Self::Ldap, Self::Postgres];

    /// As the command line has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ldap => "ldap",
            Self::Postgres => "postgres",
        }
    }

    /// What is said behind the request to upgrade, in the same packet, by whoever injects commands (CVE-2011-0411, and
    /// CVE-2021-23214 for PostgreSQL). It changes nothing, and a server that obeys it answers within TLS.
    pub fn injected(self) -> &'static [u8] {
        match self {
            Self::Smtp | Self::Pop3 => b"NOOP\r\n",
            Self::Imap => b"injected NOOP\r\n",
            Self::Ldap => LDAP_WHO_AM_I,
            Self::Postgres => POSTGRES_STARTUP,
        }
    }

    /// What is said within TLS by an honest client that leaves at once.
    pub fn farewell(self) -> &'static [u8] {
        match self {
            Self::Imap => b"honest LOGOUT\r\n",
            Self::Smtp | Self::Pop3 => b"QUIT\r\n",
            Self::Ldap => LDAP_UNBIND,
            Self::Postgres => &POSTGRES_CANCEL,
        }
    }

    /// Whether `answer`, to the farewell, shows that the injected command was obeyed.
    pub fn was_injected(self, answer: &[u8]) -> bool {
        let text = String::from_utf8_lossy(answer);
        match self {
            Self::Smtp => text.starts_with("250"),
            Self::Imap => text.contains("injected OK"),
            Self::Pop3 => text.lines().filter(|line| line.starts_with("+OK")).count() > 1,
            // An ExtendedResponse to the second message; UnbindRequest has no answer (RFC 4511 §4.3).
            Self::Ldap => answer.windows(4).any(|bytes| bytes == [2, 1, 2, 0x78]),
            // Authentication, or an error about it; CancelRequest has no answer.
            Self::Postgres => matches!(answer.first(), Some(b'R' | b'E')),
        }
    }

    /// Asks for TLS.
    pub async fn ask<IO: AsyncRead + AsyncWrite + Unpin>(self, stream: &mut IO) -> Result<(), String> {
        self.ask_with(stream, b"").await
    }

    /// Asks for TLS with something behind the request, in the same packet.
    pub async fn ask_with<IO: AsyncRead + AsyncWrite + Unpin>(
        self,
        stream: &mut IO,
        behind: &[u8],
    ) -> Result<(), String> {
        match self {
            Self::Smtp => {
                expect(stream, "220").await?;
                say(stream, b"EHLO audit.invalid\r\n").await?;
                expect(stream, "250").await?;
                say(stream, &[b"STARTTLS\r\n", behind].concat()).await?;
                expect(stream, "220").await
            }
            Self::Imap => {
                line(stream).await?;
                say(stream, &[b"upgrade STARTTLS\r\n", behind].concat()).await?;
                for _ in 0..LINES {
                    let said = line(stream).await?;
                    if let Some(answer) = said.strip_prefix("upgrade ") {
                        return if answer.starts_with("OK") { Ok(()) } else { Err(refused(&said)) };
                    }
                }
                Err("it never answered the request".to_owned())
            }
            Self::Pop3 => {
                line(stream).await?;
                say(stream, &[b"STLS\r\n", behind].concat()).await?;
                let said = line(stream).await?;
                if said.starts_with("+OK") { Ok(()) } else { Err(refused(&said)) }
            }
            Self::Ldap => {
                say(stream, &[LDAP_REQUEST, behind].concat()).await?;
                ldap_answer(stream).await
            }
            Self::Postgres => {
                say(stream, &[&POSTGRES_REQUEST, behind].concat()).await?;
                match stream.read_u8().await.map_err(|error| crate::tls::errors::io_words(&error))? {
                    b'S' => Ok(()),
                    other => Err(refused(&String::from_utf8_lossy(&[other]))),
                }
            }
        }
    }
}

impl fmt::Display for StartTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A protocol that does not upgrade, as far as tlslab knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected smtp, imap, pop3, ldap or postgres, found {0:?}")]
pub struct UnknownProtocol(String);

impl FromStr for StartTls {
    type Err = UnknownProtocol;

    fn from_str(text: &str) -> Result<Self, UnknownProtocol> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| UnknownProtocol(text.to_owned()))
    }
}

fn refused(said: &str) -> String {
    format!("it refused: {}", crate::words::shortened(crate::words::Escaped(said).to_string()))
}

async fn say<IO: AsyncWrite + Unpin>(stream: &mut IO, bytes: &[u8]) -> Result<(), String> {
    stream.write_all(bytes).await.map_err(|error| crate::tls::errors::io_words(&error))
}

/// One line, byte by byte: what stands behind it belongs to TLS.
async fn line<IO: AsyncRead + Unpin>(stream: &mut IO) -> Result<String, String> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await {
            Ok(b'\n') => return Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            Ok(_) if line.len() >= LINE => return Err("its line is too long".to_owned()),
            Ok(byte) => line.push(byte),
            Err(error) => return Err(crate::tls::errors::io_words(&error)),
        }
    }
}

/// An SMTP reply, of several lines perhaps (RFC 5321 §4.2.1).
async fn expect<IO: AsyncRead + Unpin>(stream: &mut IO, code: &str) -> Result<(), String> {
    for _ in 0..LINES {
        let said = line(stream).await?;
        if !said.starts_with(code) {
            return Err(refused(&said));
        }
        if said.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
    Err("its reply does not end".to_owned())
}

/// An ExtendedResponse whose resultCode is success (RFC 4511 §4.1.9): the ENUMERATED behind the message id and the
/// response's own header.
async fn ldap_answer<IO: AsyncRead + Unpin>(stream: &mut IO) -> Result<(), String> {
    let words = |error: std::io::Error| crate::tls::errors::io_words(&error);
    let _sequence = stream.read_u8().await.map_err(words)?;
    let length = match stream.read_u8().await.map_err(words)? {
        short @ 0..=0x7f => usize::from(short),
        0x81 => usize::from(stream.read_u8().await.map_err(words)?),
        0x82 => usize::from(stream.read_u16().await.map_err(words)?),
        _ => return Err("its answer is too long".to_owned()),
    };
    let mut body = vec![0; length.min(LINE)];
    stream.read_exact(&mut body).await.map_err(words)?;
    if body.windows(3).any(|bytes| bytes == [0x0a, 1, 0]) {
        Ok(())
    } else {
        Err("it refused: the result is not success".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says its lines, one after each that it hears.
    async fn ask(protocol: StartTls, says: &'static [&'static [u8]], greets: bool) -> Result<(), String> {
        let (mut near, mut far) = tokio::io::duplex(4096);
        let server = async move {
            let mut says = says.iter();
            if greets && let Some(greeting) = says.next() {
                far.write_all(greeting).await.unwrap();
            }
            for answer in says {
                let mut heard = [0; 512];
                assert!(far.read(&mut heard).await.unwrap() > 0);
                far.write_all(answer).await.unwrap();
            }
            far
        };
        tokio::join!(protocol.ask(&mut near), server).0
    }

    #[tokio::test]
    async fn each_protocol_upgrades() {
        let smtp: &[&[u8]] = &[b"220 hi\r\n", b"250-a\r\n250-STARTTLS\r\n250 b\r\n", b"220 go\r\n"];
        assert_eq!(ask(StartTls::Smtp, smtp, true).await, Ok(()));
        assert_eq!(ask(StartTls::Imap, &[b"* OK hi\r\n", b"* x\r\nupgrade OK\r\n"], true).await, Ok(()));
        assert_eq!(ask(StartTls::Pop3, &[b"+OK hi\r\n", b"+OK\r\n"], true).await, Ok(()));
        assert_eq!(ask(StartTls::Postgres, &[b"S"], false).await, Ok(()));
        let ldap: &[&[u8]] = &[b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"];
        assert_eq!(ask(StartTls::Ldap, ldap, false).await, Ok(()));
    }

    #[tokio::test]
    async fn a_refusal_is_told() {
        let refused = ask(StartTls::Pop3, &[b"+OK hi\r\n", b"-ERR no\x1b\r\n"], true).await.unwrap_err();
        assert!(refused.starts_with("it refused: -ERR no") && !refused.contains('\x1b'), "{refused}");
        assert!(ask(StartTls::Postgres, &[b"N"], false).await.is_err());
        assert!("ftp".parse::<StartTls>().is_err());
    }

    #[test]
    fn an_injected_command_shows_in_the_answers() {
        assert!(StartTls::Smtp.was_injected(b"250 ok\r\n221 bye\r\n"));
        assert!(!StartTls::Smtp.was_injected(b"221 bye\r\n"));
        assert!(StartTls::Imap.was_injected(b"injected OK done\r\n* BYE\r\n"));
        assert!(
            StartTls::Pop3.was_injected(b"+OK\r\n+OK bye\r\n")
                && !StartTls::Pop3.was_injected(b"+OK bye\r\n")
        );
        let answer = b"\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        assert!(StartTls::Ldap.was_injected(answer) && !StartTls::Ldap.was_injected(b""));
        assert!(StartTls::Postgres.was_injected(b"R\0\0\0\x08\0\0\0\0"));
        assert!(!StartTls::Postgres.was_injected(b""));
    }

    #[test]
    fn lengths_within_what_is_said_are_right() {
        for message in [LDAP_REQUEST, LDAP_WHO_AM_I, LDAP_UNBIND] {
            assert_eq!(usize::from(message[1]), message.len() - 2);
        }
        for message in [POSTGRES_STARTUP, &POSTGRES_CANCEL, &POSTGRES_REQUEST] {
            assert_eq!(message[..4], u32::try_from(message.len()).unwrap().to_be_bytes());
        }
    }
}

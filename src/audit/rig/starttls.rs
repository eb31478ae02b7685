//! What stands before TLS where a protocol begins in the clear and asks for TLS on the way: SMTP (RFC 3207), IMAP
//! (RFC 9051 §6.2.1), POP3 (RFC 2595 §4) and PostgreSQL's SSLRequest. Behind it any server follows.
//!
//! What a client may say before TLS is not counted: greetings, and the questions for capabilities. Anything else is
//! application data in the clear.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::healthy::{configuration, converse};
use crate::audit::case::{Connection, Reply, Scene, Seen, Serve, Serving};
use crate::audit::mail::{Belief, Protocol};

/// The longest line that is taken, and the most of them before TLS.
const LONGEST: usize = 1024;
const MOST: usize = 64;
/// How a client begins TLS that does not wait to be let: the content type of its record.
const CLIENT_HELLO: u8 = 22;

/// What is wrong before TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// Nothing.
    Healthy,
    /// TLS is neither offered nor granted.
    Stripped,
    /// Another answer follows, in the clear, the one that grants TLS.
    Injected,
    /// Ways to log in are offered that are not offered behind TLS.
    Promising,
}

/// A server behind a front.
#[derive(Clone, Debug)]
pub struct Fronted {
    /// What is spoken before TLS.
    pub protocol: Protocol,
    /// What is wrong with it.
    pub front: Front,
    /// What follows.
    pub inner: Arc<dyn Serve>,
}

impl Serve for Fronted {
    fn serve<'a>(&'a self, mut connection: Connection, scene: &'a Scene, seen: &'a Seen) -> Serving<'a> {
        Box::pin(async move {
            let begun = match self.protocol {
                Protocol::Postgres => self.packets(&mut connection, seen).await,
                _ => self.lines(&mut connection, seen).await,
            };
            match begun {
                Ok(true) => {
                    let scene = Scene { reply: self.reply(scene.reply), ..scene.clone() };
                    self.inner.serve(connection, &scene, seen).await;
                }
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => seen.reset(),
                Err(error) => seen.note(format!("before TLS: {error}")),
            }
        })
    }
}

/// The mail server behind TLS, which sees whether its client goes by what was offered before.
#[derive(Clone, Copy, Debug)]
pub struct Doubting;

impl Serve for Doubting {
    fn serve<'a>(&'a self, connection: Connection, scene: &'a Scene, seen: &'a Seen) -> Serving<'a> {
        Box::pin(async move {
            let config = match configuration(&scene.material.identity, scene.versions) {
                Ok(config) => config,
                Err(error) => return seen.cannot_be_set_up(&error),
            };
            match converse(connection, config, scene, seen).await.belief() {
                Belief::AskedAgain => {}
                Belief::Believed => seen.went_on(),
                Belief::Unknown => {
                    seen.unsuited("behind TLS it says nothing that depends on capabilities".to_owned());
                }
            }
        })
    }
}

/// What a line of a client's comes to.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Say(String),
    /// Says this, and TLS begins.
    Begin(String),
    /// Says this to what should not have been said in the clear.
    Leaked(String),
    End(String),
}

impl Fronted {
    /// Behind TLS the protocol goes on.
    fn reply(&self, asked: Reply) -> Reply {
        match (asked, self.protocol) {
            (Reply::Auto, Protocol::Imap | Protocol::Pop3 | Protocol::Smtp) => Reply::Mail(self.protocol),
            _ => asked,
        }
    }

    /// A protocol of lines; whether TLS begins.
    async fn lines(&self, connection: &mut Connection, seen: &Seen) -> io::Result<bool> {
        let greeting = match self.protocol {
            Protocol::Imap => "* OK ready\r\n",
            Protocol::Pop3 => "+OK ready\r\n",
            Protocol::Postgres | Protocol::Smtp => "220 www.test.org ESMTP\r\n",
        };
        connection.write_all(greeting.as_bytes()).await?;
        for _ in 0..MOST {
            let Some(line) = line(connection, seen).await? else { return Ok(false) };
            let text = String::from_utf8_lossy(&line);
            let words: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
            match self.answer(&words) {
                Answer::Say(text) => connection.write_all(text.as_bytes()).await?,
                Answer::Leaked(text) => {
                    seen.plaintext(&line);
                    connection.write_all(text.as_bytes()).await?;
                }
                Answer::Begin(text) => {
                    connection.write_all(text.as_bytes()).await?;
                    return Ok(true);
                }
                Answer::End(text) => {
                    connection.write_all(text.as_bytes()).await?;
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    fn answer(&self, words: &[String]) -> Answer {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let stripped = self.front == Front::Stripped;
        let promising = self.front == Front::Promising;
        let injected = |text: &str, more: &str| {
            Answer::Begin(if self.front == Front::Injected {
                format!("{text}{more}")
            } else {
                text.to_owned()
            })
        };
        match (self.protocol, words.as_slice()) {
            (Protocol::Imap, [tag, "CAPABILITY", ..]) => {
                let offer = match self.front {
                    Front::Stripped => "",
                    Front::Promising => " STARTTLS AUTH=PLAIN",
                    Front::Healthy | Front::Injected => " STARTTLS LOGINDISABLED",
                };
                Answer::Say(format!("* CAPABILITY IMAP4rev1{offer}\r\n{tag} OK done\r\n"))
            }
            (Protocol::Imap, [tag, "STARTTLS"]) if stripped => Answer::Say(format!("{tag} BAD unknown\r\n")),
            (Protocol::Imap, [tag, "STARTTLS"]) => {
                injected(&format!("{tag} OK begin\r\n"), "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
            }
            (Protocol::Imap, [tag, "LOGOUT"]) => Answer::End(format!("* BYE\r\n{tag} OK done\r\n")),
            (Protocol::Imap, [tag, "NOOP" | "ID", ..]) => Answer::Say(format!("{tag} OK done\r\n")),
            (Protocol::Imap, [tag, ..]) => Answer::Leaked(format!("{tag} OK done\r\n")),
            (Protocol::Pop3, ["CAPA"]) => {
                let offer = match self.front {
                    Front::Stripped => "",
                    Front::Promising => "SASL PLAIN\r\nSTLS\r\n",
                    Front::Healthy | Front::Injected => "STLS\r\n",
                };
                Answer::Say(format!("+OK\r\nUSER\r\n{offer}.\r\n"))
            }
            (Protocol::Pop3, ["STLS"]) if stripped => Answer::Say("-ERR unknown\r\n".to_owned()),
            (Protocol::Pop3, ["STLS"]) => injected("+OK begin\r\n", "+OK injected\r\n"),
            (Protocol::Pop3, ["QUIT"]) => Answer::End("+OK\r\n".to_owned()),
            (Protocol::Pop3, _) => Answer::Leaked("+OK\r\n".to_owned()),
            (_, ["EHLO" | "HELO", ..]) if promising => {
                Answer::Say("250-www.test.org\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n".to_owned())
            }
            (_, ["EHLO" | "HELO", ..]) => Answer::Say(
                if stripped { "250 www.test.org\r\n" } else { "250-www.test.org\r\n250 STARTTLS\r\n" }
                    .to_owned(),
            ),
            (_, ["STARTTLS"]) if stripped => Answer::Say("502 5.5.1 unknown\r\n".to_owned()),
            (_, ["STARTTLS"]) => injected("220 2.0.0 begin\r\n", "250 injected\r\n"),
            (_, ["QUIT"]) => Answer::End("221 2.0.0 bye\r\n".to_owned()),
            (_, ["NOOP" | "RSET"] | []) => Answer::Say("250 2.0.0 ok\r\n".to_owned()),
            (_, ["DATA"]) => Answer::Leaked("354 go on\r\n".to_owned()),
            _ => Answer::Leaked("250 2.0.0 ok\r\n".to_owned()),
        }
    }

    /// PostgreSQL's packets, as far as TLS (its manual, §54.2.10): SSLRequest is granted, GSSENCRequest is not.
    async fn packets(&self, connection: &mut Connection, seen: &Seen) -> io::Result<bool> {
        const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];
        const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x30];
        for _ in 0..MOST {
            let mut packet = [0; 8];
            if let Err(error) = connection.read_exact(&mut packet).await {
                return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(false) } else { Err(error) };
            }
            seen.spoke();
            if packet[0] == CLIENT_HELLO {
                seen.note("it began TLS, which was not granted");
                return Ok(false);
            }
            match (packet, self.front) {
                (SSL_REQUEST, Front::Healthy | Front::Promising) => {
                    connection.write_all(b"S").await?;
                    return Ok(true);
                }
                (SSL_REQUEST, Front::Injected) => {
                    // AuthenticationOk.
                    connection.write_all(b"SR\0\0\0\x08\0\0\0\0").await?;
                    return Ok(true);
                }
                (SSL_REQUEST, Front::Stripped) | (GSS_REQUEST, _) => connection.write_all(b"N").await?,
                _ => {
                    // A StartupMessage, with the user's name.
                    seen.plaintext(&packet);
                    let mut rest = [0; LONGEST];
                    let count = connection.read(&mut rest).await?;
                    seen.plaintext(&rest[..count]);
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }
}

/// The next line, without taking anything that follows it: that may be TLS already. `None` at the end.
async fn line(connection: &mut Connection, seen: &Seen) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    while line.len() < LONGEST {
        let mut byte = [0];
        if connection.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        seen.spoke();
        if line.is_empty() && byte[0] == CLIENT_HELLO {
            seen.note("it began TLS, which was not granted");
            return Ok(None);
        }
        line.push(byte[0]);
        if byte[0] == b'\n' {
            return Ok(Some(line));
        }
    }
    seen.plaintext(&line);
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::rig::healthy::Healthy;

    #[test]
    fn what_may_be_said_in_the_clear_and_what_not() {
        use Protocol::{Imap, Pop3, Smtp};
        let answer = |protocol, front, line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_ascii_uppercase).collect();
            Fronted { protocol, front, inner: Arc::new(Healthy) }.answer(&words)
        };
        for (protocol, asks, begins, leaks) in [
            (Smtp, "EHLO me", "starttls", "MAIL FROM:<a@b>"),
            (Imap, "a CAPABILITY", "a STARTTLS", "a LOGIN me secret"),
            (Pop3, "CAPA", "STLS", "PASS secret"),
        ] {
            assert!(matches!(answer(protocol, Front::Healthy, asks), Answer::Say(_)), "{protocol:?}");
            assert!(matches!(answer(protocol, Front::Healthy, begins), Answer::Begin(_)), "{protocol:?}");
            assert!(matches!(answer(protocol, Front::Stripped, begins), Answer::Say(_)), "{protocol:?}");
            assert!(matches!(answer(protocol, Front::Stripped, leaks), Answer::Leaked(_)), "{protocol:?}");
            let Answer::Begin(text) = answer(protocol, Front::Injected, begins) else {
                panic!("{protocol:?}")
            };
            assert_eq!(text.matches("\r\n").count(), 2, "{text}");
        }
    }
}

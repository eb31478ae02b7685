//! What a healthy server does with what its client says: answers a request, echoes, or keeps silent.

use std::sync::Arc;

use crate::audit::case::Reply;
use crate::audit::mail::{Belief, Mail};

/// The longest request whose end is waited for.
const LONGEST_REQUEST: usize = 64 * 1024;

/// What an HTTP client is answered.
pub const PAGE: &str = "hello from tlslab\n";

/// One conversation.
#[derive(Debug)]
pub struct Conversation {
    kind: Kind,
    page: Arc<str>,
    answered: bool,
}

#[derive(Debug)]
enum Kind {
    /// Not known yet: what has come so far may be the beginning of a request.
    Open(Vec<u8>),
    Echo,
    Http(Vec<u8>),
    Mail(Mail),
    Silent,
    Over,
}

impl Conversation {
    /// A conversation of this kind.
    pub fn new(reply: Reply) -> Self {
        let kind = match reply {
            Reply::Auto => Kind::Open(Vec::new()),
            Reply::Echo => Kind::Echo,
            Reply::Http => Kind::Http(Vec::new()),
            Reply::Mail(protocol) => Kind::Mail(Mail::new(protocol)),
            Reply::None => Kind::Silent,
        };
        Self { kind, page: Arc::from(PAGE), answered: false }
    }

    /// The same, with this page to be answered to HTTP.
    #[must_use]
    pub fn with_page(self, page: Option<Arc<str>>) -> Self {
        Self { page: page.unwrap_or(self.page), ..self }
    }

    /// Whether the server has said all that it will.
    pub fn is_over(&self) -> bool {
        match &self.kind {
            Kind::Over => true,
            Kind::Mail(mail) => mail.is_over(),
            _ => false,
        }
    }

    /// What a mail client has made of capabilities from before TLS.
    pub fn belief(&self) -> Belief {
        match &self.kind {
            Kind::Mail(mail) => mail.belief(),
            _ => Belief::Unknown,
        }
    }

    /// Whether the server has said anything.
    pub fn has_answered(&self) -> bool {
        self.answered
    }

    /// Takes what the client says, and gives what to answer, if anything yet.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        let answer = match &mut self.kind {
            Kind::Open(held) => {
                held.extend_from_slice(bytes);
                let held = std::mem::take(held);
                match begins_a_request(&held) {
                    None => {
                        self.kind = Kind::Open(held);
                        return Vec::new();
                    }
                    Some(true) => self.kind = Kind::Http(Vec::new()),
                    Some(false) => self.kind = Kind::Echo,
                }
                return self.take(&held);
            }
            Kind::Echo => bytes.to_vec(),
            Kind::Mail(mail) => mail.take(bytes),
            Kind::Http(request) => {
                request.extend_from_slice(bytes);
                if !is_complete(request) && request.len() < LONGEST_REQUEST {
                    return Vec::new();
                }
                let answer = answer(request, &self.page);
                self.kind = Kind::Over;
                answer
            }
            Kind::Silent | Kind::Over => Vec::new(),
        };
        self.answered |= !answer.is_empty();
        answer
    }
}

/// Whether this begins an HTTP/1 request (RFC 9112 §3); `None` where more is needed to tell.
fn begins_a_request(start: &[u8]) -> Option<bool> {
    const METHODS: [&[u8]; 8] =
        [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT "];
    if METHODS.iter().any(|method| start.starts_with(method)) {
        return Some(true);
    }
    if METHODS.iter().any(|method| method.starts_with(start)) { None } else { Some(false) }
}

/// Whether head and body (by Content-Length; nobody sends us chunks) are there.
fn is_complete(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    request.len() - end - 4 >= length
}

fn answer(request: &[u8], page: &str) -> Vec<u8> {
    let kind = if page.starts_with('<') { "html" } else { "plain" };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        page.len()
    );
    let body = if request.starts_with(b"HEAD ") { "" } else { page };
    [head.as_bytes(), body.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_and_anything_else_echoed() {
        let mut http = Conversation::new(Reply::Auto);
        assert!(http.take(b"G").is_empty() && http.take(b"ET / HTTP/1.1\r\nHost: a\r\n").is_empty());
        assert!(http.take(b"\r\n").ends_with(PAGE.as_bytes()));
        assert!(http.is_over());
        let mut echo = Conversation::new(Reply::Auto);
        assert!(echo.take(b"GE").is_empty());
        assert_eq!(echo.take(b"orge\n"), b"GEorge\n");
        assert!(!echo.is_over() && echo.has_answered());
    }

    #[test]
    fn a_body_is_waited_for_and_head_gets_none() {
        let mut http = Conversation::new(Reply::Http);
        assert!(http.take(b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab").is_empty());
        assert!(!http.take(b"c").is_empty());
        let mut head = Conversation::new(Reply::Http);
        assert!(head.take(b"HEAD / HTTP/1.1\r\n\r\n").ends_with(b"\r\n\r\n"));
    }

    #[test]
    fn silence_is_silence() {
        let mut silent = Conversation::new(Reply::None);
        assert!(silent.take(b"GET / HTTP/1.1\r\n\r\n").is_empty() && !silent.has_answered());
    }
}

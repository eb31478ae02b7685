//! A mail server, as much of one as a client needs behind TLS: SMTP (RFC 5321), IMAP (RFC 9051), POP3 (RFC 1939). It takes
//! whatever is said in the protocol's words, keeps nothing, offers no way to log in, and sends back any other line.

/// The longest line, and the longest literal, that is waited for.
const LONGEST: usize = 64 * 1024;

/// A protocol that begins in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// PostgreSQL.
    Postgres,
    /// SMTP.
    Smtp,
}

/// What a client makes of capabilities that were offered before TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Belief {
    /// It does not show: nothing was said that depends on them.
    #[default]
    Unknown,
    /// It asked for them again.
    AskedAgain,
    /// It went by them, though they are not offered behind TLS.
    Believed,
}

/// One conversation with a mail client.
#[derive(Debug)]
pub struct Mail {
    protocol: Protocol,
    /// What has come and is no whole line yet.
    line: Vec<u8>,
    expects: Expects,
    belief: Belief,
    /// Whether the client has said a word of the protocol's.
    spoke: bool,
    over: bool,
}

/// What the next line is.
#[derive(Debug, PartialEq, Eq)]
enum Expects {
    Command,
    /// A message's, to a line of one dot (RFC 5321 §4.1.1.4).
    Data,
    /// So many bytes, and then the end of the command with this tag (RFC 9051 §4.3).
    Literal(usize, String),
    /// A secret, to which this is answered.
    Secret(String),
}

impl Mail {
    /// A conversation that begins behind TLS.
    pub fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            line: Vec::new(),
            expects: Expects::Command,
            belief: Belief::Unknown,
            spoke: false,
            over: false,
        }
    }

    /// What the client has made of earlier capabilities.
    pub fn belief(&self) -> Belief {
        self.belief
    }

    /// Whether the client has said goodbye.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Takes what the client says, and gives the answers.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        // No mail client: who sends a word without a line waits for it to come back.
        if !self.spoke && self.line.is_empty() && !bytes.contains(&b'\n') {
            return bytes.to_vec();
        }
        self.line.extend_from_slice(bytes);
        let mut answers = Vec::new();
        while let Some(piece) = self.next_piece() {
            answers.extend(self.answer(&piece));
        }
        answers
    }

    /// The next line, or what a literal lacks; none where more is needed.
    fn next_piece(&mut self) -> Option<Vec<u8>> {
        let length = match &self.expects {
            Expects::Literal(length, _) => *length,
            _ => self.line.iter().position(|byte| *byte == b'\n').map_or(LONGEST, |end| end + 1),
        };
        (length <= self.line.len()).then(|| self.line.drain(..length).collect())
    }

    fn answer(&mut self, piece: &[u8]) -> Vec<u8> {
        match std::mem::replace(&mut self.expects, Expects::Command) {
            Expects::Command => self.command(piece),
            Expects::Data if piece == b".\r\n" || piece == b".\n" => b"250 2.0.0 ok\r\n".to_vec(),
            Expects::Data => {
                self.expects = Expects::Data;
                Vec::new()
            }
            // The line that ends the command follows it.
            Expects::Literal(_, tag) => {
                self.expects = Expects::Secret(format!("{tag} OK done\r\n"));
                Vec::new()
            }
            Expects::Secret(answer) => answer.into_bytes(),
        }
    }

    fn command(&mut self, line: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(line).into_owned();
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let tag = match self.protocol {
            Protocol::Imap if !words.is_empty() => words.remove(0),
            _ => "",
        };
        let verb = words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        let answer = match self.protocol {
            Protocol::Imap => self.imap(tag, &verb, &words),
            Protocol::Pop3 => self.pop3(&verb, &words),
            Protocol::Smtp => self.smtp(&verb, &words),
            Protocol::Postgres => None,
        };
        let Some(answer) = answer else { return line.to_vec() };
        self.heard(&verb);
        self.spoke = true;
        answer.into_bytes()
    }

    /// Who logs in as only the capabilities from before TLS say, or sends mail without having asked for any, goes by them
    /// (RFC 3207 §4.2; RFC 2595 §2.4).
    fn heard(&mut self, verb: &str) {
        self.belief = match (verb, self.belief) {
            ("AUTH" | "AUTHENTICATE", _) | ("MAIL", Belief::Unknown) => Belief::Believed,
            ("EHLO" | "HELO" | "LHLO" | "CAPABILITY" | "CAPA", Belief::Unknown) => Belief::AskedAgain,
            (_, belief) => belief,
        };
    }

    fn smtp(&mut self, verb: &str, words: &[&str]) -> Option<String> {
        let answer = match verb {
            "EHLO" | "HELO" | "LHLO" => "250 www.test.org\r\n",
            "MAIL" | "RCPT" | "RSET" | "NOOP" | "VRFY" => "250 2.0.0 ok\r\n",
            "AUTH" => return Some(self.login(words, "334 \r\n", "235 2.7.0 ok\r\n".to_owned())),
            "DATA" => {
                self.expects = Expects::Data;
                "354 go on\r\n"
            }
            "QUIT" => {
                self.over = true;
                "221 2.0.0 bye\r\n"
            }
            _ => return None,
        };
        Some(answer.to_owned())
    }

    fn pop3(&mut self, verb: &str, words: &[&str]) -> Option<String> {
        let answer = match verb {
            "CAPA" => "+OK\r\nUSER\r\n.\r\n",
            "USER" | "PASS" | "APOP" | "NOOP" | "RSET" | "DELE" => "+OK\r\n",
            "STAT" => "+OK 0 0\r\n",
            "LIST" | "UIDL" | "RETR" | "TOP" => "+OK\r\n.\r\n",
            "AUTH" => return Some(self.login(words, "+ \r\n", "+OK\r\n".to_owned())),
            "QUIT" => {
                self.over = true;
                "+OK\r\n"
            }
            _ => return None,
        };
        Some(answer.to_owned())
    }

    fn imap(&mut self, tag: &str, verb: &str, words: &[&str]) -> Option<String> {
        let before = match verb {
            "CAPABILITY" => "* CAPABILITY IMAP4rev1\r\n",
            "SELECT" | "EXAMINE" => "* 0 EXISTS\r\n* FLAGS ()\r\n",
            "LOGIN" | "LIST" | "LSUB" | "NOOP" | "ID" | "SEARCH" | "FETCH" | "STATUS" | "CLOSE" | "UID"
            | "ENABLE" | "CREATE" | "NAMESPACE" => "",
            "AUTHENTICATE" => return Some(self.login(words, "+ \r\n", format!("{tag} OK done\r\n"))),
            "APPEND" => {
                let length = words.last().and_then(|word| word.strip_prefix('{')?.strip_suffix('}'));
                let length =
                    length.and_then(|length| length.parse().ok()).filter(|length| *length <= LONGEST)?;
                self.expects = Expects::Literal(length, tag.to_owned());
                return Some("+ go on\r\n".to_owned());
            }
            "LOGOUT" => {
                self.over = true;
                "* BYE\r\n"
            }
            _ => return None,
        };
        Some(format!("{before}{tag} OK done\r\n"))
    }

    /// With the secret at once (RFC 4954 §4), or after it is asked for.
    fn login(&mut self, words: &[&str], ask: &str, done: String) -> String {
        if words.len() > 2 {
            return done;
        }
        self.expects = Expects::Secret(done);
        ask.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(protocol: Protocol, lines: &[&str]) -> (Vec<String>, Mail) {
        let mut mail = Mail::new(protocol);
        let answers =
            lines.iter().map(|line| String::from_utf8(mail.take(format!("{line}\r\n").as_bytes())).unwrap());
        (answers.collect(), mail)
    }

    #[test]
    fn a_message_is_taken_whole_in_each_protocol() {
        let (answers, mail) = said(
            Protocol::Smtp,
            &["EHLO me", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "QUIT", ".", "QUIT"],
        );
        assert_eq!(answers[3..], ["354 go on\r\n", "", "250 2.0.0 ok\r\n", "221 2.0.0 bye\r\n"]);
        assert!(mail.is_over() && mail.belief() == Belief::AskedAgain);
        let (answers, mail) =
            said(Protocol::Imap, &["a1 capability", "a2 APPEND INBOX {6}", "word", "", "a3 LOGOUT"]);
        assert_eq!(answers[1..], ["+ go on\r\n", "", "a2 OK done\r\n", "* BYE\r\na3 OK done\r\n"]);
        assert!(mail.is_over());
        let (answers, _) = said(Protocol::Pop3, &["CAPA", "USER me", "STAT"]);
        assert_eq!(answers[1..], ["+OK\r\n", "+OK 0 0\r\n"]);
    }

    #[test]
    fn what_is_no_mail_comes_back() {
        let (answers, mail) = said(Protocol::Smtp, &["mabcdef"]);
        assert_eq!((answers[0].as_str(), mail.belief()), ("mabcdef\r\n", Belief::Unknown));
        assert_eq!(Mail::new(Protocol::Imap).take(b"word"), b"word");
    }

    #[test]
    fn who_goes_by_what_was_offered_before_is_told_apart() {
        use Belief::{AskedAgain, Believed, Unknown};
        for (protocol, lines, belief) in [
            (Protocol::Smtp, &["EHLO me", "MAIL FROM:<a@b>"][..], AskedAgain),
            (Protocol::Smtp, &["MAIL FROM:<a@b>"], Believed),
            (Protocol::Smtp, &["EHLO me", "AUTH PLAIN AGEAYg=="], Believed),
            (Protocol::Imap, &["a CAPABILITY", "b LOGIN a b"], AskedAgain),
            (Protocol::Imap, &["b LOGIN a b"], Unknown),
            (Protocol::Imap, &["b AUTHENTICATE PLAIN", "AGEAYg=="], Believed),
            (Protocol::Pop3, &["CAPA", "USER a"], AskedAgain),
            (Protocol::Pop3, &["AUTH PLAIN", "AGEAYg=="], Believed),
        ] {
            assert_eq!(said(protocol, lines).1.belief(), belief, "{lines:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut mail = Mail::new(Protocol::Smtp);
        mail.take(b"NOOP\n");
        for _ in 0..1000 {
            mail.take(&[b'x'; 1000]);
        }
        assert!(mail.line.len() < LONGEST);
    }
}

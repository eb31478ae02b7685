//! Where in a stream TLS begins: by its records, whatever stands before them and whatever the port.
//!
//! At the beginning of a segment little is needed: nothing else begins like a ClientHello. Behind something else in the
//! same segment (a PROXY header, a pipelined STARTTLS) a hello has to look like one in eleven bytes. Records without a
//! hello, of a connection that is older than the capture, are told by their lengths: each has to end where another
//! begins.

use super::sslv2;
use crate::wire::record::{HEADER, Header, begins_with_client_hello};

/// What was found in a segment's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// TLS begins at this byte.
    At(usize, Beginning),
    /// It may begin at this byte; what comes next tells.
    Perhaps(usize),
    /// It does not begin here.
    Nowhere,
}

/// What it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// A hello: nothing went before.
    Hello,
    /// Records, after a hello that was not seen or was the other side's.
    Records,
    /// A hello in SSL 2's form, of so many bytes.
    Sslv2(usize),
}

/// How much of a hello is looked at where anything may stand before it.
const HELLO: usize = 11;

/// Looks for the beginning of TLS in what a side sent. `first` says that nothing of this side came before, `expected`
/// that the other side has begun.
pub(super) fn recognise(data: &[u8], first: bool, expected: bool) -> Found {
    if data.is_empty() {
        return Found::Nowhere;
    }
    if begins_with_client_hello(data) == Some(true) || matches!(data, [22, 3, 0..=4, _, _, 2, ..]) {
        return Found::At(0, Beginning::Hello);
    }
    match sslv2::hello_length(data) {
        Some(length) if length <= data.len() => return Found::At(0, Beginning::Sslv2(length)),
        Some(_) => return Found::Perhaps(0),
        None => {}
    }
    // Of a handshake record's header alone nobody can say yet whether a hello is in it.
    let header_only = data.len() == HEADER && data[0] == 22;
    if !header_only && (expected && header(data).is_some() || records(data, first)) {
        return Found::At(0, Beginning::Records);
    }
    let short = data.len() < HEADER + 1 && (first || expected);
    if short && may_be_header(data) || first && data.len() < 3 && data[0] & 0x80 != 0 {
        return Found::Perhaps(0);
    }
    hello_inside(data)
}

fn header(data: &[u8]) -> Option<Header> {
    data.first_chunk().copied().and_then(Header::read)
}

/// Whether bytes, as far as there are any, are such as a record's header begins with.
fn may_be_header(data: &[u8]) -> bool {
    data.iter().zip([20..=24, 3..=3, 0..=4]).all(|(byte, range)| range.contains(byte))
}

/// Whether these are records: one after the other up to the end, or at least two. One is enough at the very beginning.
fn records(data: &[u8], first: bool) -> bool {
    let mut rest = data;
    let mut headers = 0;
    while !rest.is_empty() {
        // A record without content is no evidence: application data alone may be so (RFC 8446 §5.1).
        let Some(found) = header(rest).filter(|found| found.length > 0) else { return false };
        headers += 1;
        match rest.get(HEADER + found.length..) {
            Some(more) => rest = more,
            None => return headers > 1 || first,
        }
        if (1..HEADER).contains(&rest.len()) {
            return headers > 1 && may_be_header(rest);
        }
    }
    headers > 0
}

/// A hello somewhere behind something else, which may have come in segments before.
fn hello_inside(data: &[u8]) -> Found {
    let mut from = 0;
    while let Some(at) = data.get(from..).and_then(|rest| rest.iter().position(|byte| *byte == 22)) {
        let at = from + at;
        let rest = &data[at..data.len().min(at + HELLO)];
        if looks_like_hello(rest) {
            return if rest.len() == HELLO { Found::At(at, Beginning::Hello) } else { Found::Perhaps(at) };
        }
        from = at + 1;
    }
    Found::Nowhere
}

/// Record header, the message's type and length, its version; as far as there are bytes.
fn looks_like_hello(start: &[u8]) -> bool {
    let expected = |index: usize, byte: u8| match index {
        0 => byte == 22,
        1 | 9 => byte == 3,
        2 | 10 => byte <= 4,
        3 => byte <= 0x40,
        5 => byte == 1 || byte == 2,
        6 => byte <= 1,
        _ => true,
    };
    // RFC 8446 §4.1.2: a hello has at least version, random and three lengths. It may go on in the next record.
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
    let fits =
        start.get(3..9).is_none_or(|lengths| number(&lengths[..2]) >= 16 && number(&lengths[3..]) >= 38);
    fits && start.iter().enumerate().all(|(index, byte)| expected(index, *byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::hello::ClientHello;
    use crate::wire::write::{message, record, sslv2_client_hello};

    fn hello() -> Vec<u8> {
        let hello = ClientHello { cipher_suites: vec![0x1301], ..ClientHello::new(0x0303, [7; 32]) };
        record(22, 0x0301, &message(1, &hello.write()))
    }

    #[test]
    fn a_hello_is_found_behind_whatever_stands_before_it() {
        for before in [
            &b""[..],
            b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x9c\x40\x01\xbb",
            b"STARTTLS\r\n",
            b"\x16\x03 and no hello yet ",
        ] {
            let data = [before, &hello()].concat();
            assert_eq!(
                recognise(&data, true, false),
                Found::At(before.len(), Beginning::Hello),
                "{before:?}"
            );
            for cut in before.len() + 1..=before.len() + HEADER {
                let found = recognise(&data[..cut], true, false);
                assert!(
                    matches!(found, Found::Perhaps(at) if at == before.len()),
                    "{before:?} {cut}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn records_are_told_by_their_lengths() {
        let one = record(23, 0x0303, &[9; 20]);
        let three = [&one[..], &record(21, 0x0303, &[9; 26]), &record(23, 0x0303, &[1; 90])].concat();
        let nowhere = Found::Nowhere;
        let at = Found::At(0, Beginning::Records);
        assert_eq!(recognise(&one, false, false), at);
        assert_eq!(recognise(&three, false, false), at);
        assert_eq!(recognise(&three[..70], false, false), at, "two headers, the second record cut");
        assert_eq!(recognise(&one[..20], false, false), nowhere, "one header says little");
        assert_eq!(recognise(&one[..20], true, false), at, "but enough at the beginning of everything");
        assert_eq!(recognise(&one[..20], false, true), at, "or where the other side has begun");
        assert_eq!(recognise(&[&one[..], b"and text"].concat(), false, false), nowhere);
        assert_eq!(recognise(b"HTTP/1.1 400 Bad Request\r\n", true, true), nowhere);
        assert_eq!(recognise(b"\x17\x03", true, false), Found::Perhaps(0));
    }

    #[test]
    fn a_hello_in_ssl_2_s_form_is_found() {
        let hello = sslv2_client_hello(0x0303, &[0x2f, 0x01_0080], &[], &[7; 16]);
        assert_eq!(recognise(&hello, true, false), Found::At(0, Beginning::Sslv2(hello.len())));
        assert_eq!(recognise(&hello[..20], true, false), Found::Perhaps(0));
        assert_eq!(recognise(&hello[..1], true, false), Found::Perhaps(0));
    }

    proptest! {
        /// Text is never TLS, whatever it says and wherever it is cut.
        #[test]
        fn text_is_no_tls(text in "[ -~\r\n]{1,200}", first: bool, expected: bool) {
            prop_assert_eq!(recognise(text.as_bytes(), first, expected), Found::Nowhere);
        }

        #[test]
        fn anything_is_survived(data in proptest::collection::vec(any::<u8>(), 0..100), first: bool, expected: bool) {
            match recognise(&data, first, expected) {
                Found::At(at, Beginning::Sslv2(length)) => prop_assert!(at + length <= data.len()),
                Found::At(at, _) | Found::Perhaps(at) => prop_assert!(at < data.len()),
                Found::Nowhere => {}
            }
        }
    }
}

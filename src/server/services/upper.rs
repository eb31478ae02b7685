//! `--reply upper`: what came goes back in upper case, however it was cut into pieces.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::server::drain::{Drain, Read};
use crate::server::event::End;

/// Answers in upper case until the peer ends or the server stops.
pub(super) async fn serve<S>(stream: &mut S, drain: &mut Drain) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut uppercase = Uppercase::default();
    loop {
        let mut answer = Vec::new();
        let end = match drain.read(stream).await? {
            Read::Bytes(bytes) => {
                uppercase.push(&bytes, &mut answer);
                None
            }
            Read::Draining => Some(End::Drained),
            Read::End => Some(End::PeerClosed),
        };
        if end.is_some() {
            uppercase.finish(&mut answer);
        }
        stream.write_all(&answer).await?;
        stream.flush().await?;
        if let Some(end) = end {
            return Ok(end);
        }
    }
}

/// Turns letters into upper case as they pass. Bytes that are not UTF-8 pass unchanged.
///
/// Keeps at most the first three bytes of one character between two pieces, however long a line is.
#[derive(Debug, Default)]
struct Uppercase {
    /// The start of a character whose end has not come; 0 <= pending.len() <= 3.
    pending: Vec<u8>,
}

impl Uppercase {
    /// Appends `input` in upper case to `output`, apart from a character that `input` only begins.
    fn push(&mut self, input: &[u8], output: &mut Vec<u8>) {
        if self.pending.is_empty() && input.is_ascii() {
            let start = output.len();
            output.extend_from_slice(input);
            output[start..].make_ascii_uppercase();
            return;
        }
        let mut joined = std::mem::take(&mut self.pending);
        joined.extend_from_slice(input);
        let mut rest = joined.as_slice();
        loop {
            let error = match std::str::from_utf8(rest) {
                Ok(text) => return upper(text, output),
                Err(error) => error,
            };
            let (valid, after) = rest.split_at(error.valid_up_to());
            // What is before `valid_up_to` is UTF-8: nothing is lost here.
            upper(&String::from_utf8_lossy(valid), output);
            let Some(invalid) = error.error_len() else {
                self.pending = after.to_vec();
                return;
            };
            output.extend_from_slice(&after[..invalid]);
            rest = &after[invalid..];
        }
    }

    /// Appends what the last piece began and nothing ended.
    fn finish(&mut self, output: &mut Vec<u8>) {
        output.append(&mut self.pending);
    }
}

fn upper(text: &str, output: &mut Vec<u8>) {
    output.extend_from_slice(text.to_uppercase().as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_pieces(input: &[u8], size: usize) -> Vec<u8> {
        let mut uppercase = Uppercase::default();
        let mut output = Vec::new();
        for piece in input.chunks(size) {
            uppercase.push(piece, &mut output);
            assert!(uppercase.pending.len() <= 3);
        }
        uppercase.finish(&mut output);
        output
    }

    #[test]
    fn letters_of_all_scripts_whatever_the_pieces() {
        let text = "straße, żółw, ΐ, ŉ, hello\n";
        for size in 1..8 {
            assert_eq!(String::from_utf8(in_pieces(text.as_bytes(), size)).unwrap(), text.to_uppercase());
        }
    }

    #[test]
    fn what_is_not_text_passes_unchanged() {
        for size in 1..4 {
            assert_eq!(in_pieces(b"a\xff\xfeb\xc3", size), b"A\xff\xfeB\xc3");
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(input: Vec<u8>, size in 1_usize..20) {
            prop_assert_eq!(in_pieces(&input, size), in_pieces(&input, input.len().max(1)));
        }
    }
}

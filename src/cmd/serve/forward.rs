//! `--forward` and `--alpn`: from words to back ends and protocol names.

use std::path::PathBuf;

use tlslab::client::Target;
use tlslab::server::BackEnd;

/// Reads `HOST:PORT` or `unix:PATH`.
pub(super) fn read(text: &str) -> Result<BackEnd, String> {
    let expected = "expected HOST:PORT such as 127.0.0.1:8080, or unix:PATH";
    if let Some(path) = text.strip_prefix("unix:") {
        return if path.is_empty() {
            Err(format!("{expected}, found no path after unix:"))
        } else {
            Ok(BackEnd::Unix(PathBuf::from(path)))
        };
    }
    let target: Target = text.parse().map_err(|error| format!("{error}, or unix:PATH"))?;
    // A client has a port to fall back on, a back end has not.
    if text.rsplit(':').next().is_none_or(|port| port.parse::<u16>().is_err()) {
        return Err(format!("{expected}, found no port"));
    }
    Ok(BackEnd::Tcp(target.to_string()))
}

/// Reads a protocol's name: 1 to 255 bytes (RFC 7301 §3.1).
pub(super) fn read_alpn(text: &str) -> Result<String, String> {
    match text.len() {
        1..=255 => Ok(text.to_owned()),
        length => Err(format!("expected the name of a protocol, 1 to 255 bytes, found {length}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_read_back_as_written() {
        for text in ["127.0.0.1:8080", "[::1]:80", "localhost:1", "unix:/run/app.sock"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn bad_targets_say_what_was_expected_and_found() {
        let own = "expected HOST:PORT such as 127.0.0.1:8080, or unix:PATH, found ";
        assert_eq!(read("localhost").unwrap_err(), format!("{own}no port"));
        assert_eq!(read("[::1]").unwrap_err(), format!("{own}no port"));
        assert_eq!(read("unix:").unwrap_err(), format!("{own}no path after unix:"));
        assert!(read("http://a:80").unwrap_err().contains("a URL"));
        assert!(read("a:0").unwrap_err().contains("the port \"0\""));
        assert_eq!(read_alpn("").unwrap_err(), "expected the name of a protocol, 1 to 255 bytes, found 0");
    }
}

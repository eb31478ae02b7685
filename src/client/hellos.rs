//! What RFC 8446 asks a client to check of a TLS 1.3 ServerHello and rustls does not (§4.1.3, §4.2.1).

use crate::streams::Opening;
use crate::tls::registry::version::TLS_1_2;
use crate::wire::record::HEADER;
use crate::wire::vector::Cursor;

/// A handshake message's type and length.
const MESSAGE_HEADER: usize = 4;

/// What is wrong with the first ServerHello (a HelloRetryRequest is one too) of a connection on which TLS 1.3 was agreed:
/// a client must abort.
pub(super) fn fault(opening: &Opening) -> Option<&'static str> {
    // rustls has read both; where less than this was kept there is nothing to compare.
    let (_, sent) = version_and_session_id(&opening.sent)?;
    let (version, echoed) = version_and_session_id(&opening.first)?;
    if version != TLS_1_2 {
        return Some("the ServerHello's legacy_version is not 0x0303 (RFC 8446 §4.1.3)");
    }
    (echoed != sent)
        .then_some("the ServerHello echoes another session id than the client's (RFC 8446 §4.1.3)")
}

/// legacy_version and legacy_session_id of a hello that begins a stream: both hellos begin alike.
fn version_and_session_id(stream: &[u8]) -> Option<(u16, &[u8])> {
    let mut hello = Cursor(stream.get(HEADER + MESSAGE_HEADER..)?);
    let version = hello.u16()?;
    hello.take(32)?; // random
    Some((version, hello.vector8()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::registry::{content_type, handshake, version};
    use crate::wire::hello::{ClientHello, ServerHello};
    use crate::wire::write::{message, record};

    fn opening(legacy_version: u16, session_id: &[u8]) -> Opening {
        let client = ClientHello { session_id: vec![5; 32], ..ClientHello::new(TLS_1_2, [7; 32]) };
        let server = ServerHello {
            session_id: session_id.to_vec(),
            ..ServerHello::new(legacy_version, [8; 32], 0x1301)
        };
        let flight =
            |kind, body: &[u8]| record(content_type::HANDSHAKE, version::TLS_1_0, &message(kind, body));
        Opening {
            sent: flight(handshake::CLIENT_HELLO, &client.write()),
            first: flight(handshake::SERVER_HELLO, &server.write()),
            total: 0,
        }
    }

    #[test]
    fn a_server_hello_says_what_the_rfc_wants_or_is_refused() {
        assert_eq!(fault(&opening(TLS_1_2, &[5; 32])), None);
        assert!(fault(&opening(0x0304, &[5; 32])).unwrap().contains("legacy_version"));
        assert!(fault(&opening(TLS_1_2, &[6; 32])).unwrap().contains("session id"));
        assert_eq!(fault(&Opening::default()), None, "nothing was kept");
    }
}

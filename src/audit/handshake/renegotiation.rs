//! Two more handshakes within a session of TLS 1.2 (RFC 5246 §7.4.1.1): the first shows the same certificate again, and
//! tells whether the client renegotiates at all; the second shows another one.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::end::End;
use super::material::Material;
use super::message::Message;
use super::offer::Offer;
use super::records::{Incoming, RecordStream};
use super::script::{Script, Version, Watch};
use super::session::Session;
use super::tls12::handshake_over;
use super::{offered, read_offer};
use crate::tls::registry::handshake;
use crate::tls::registry::version::TLS_1_2;

/// How long a client may keep silent that was asked to renegotiate: it need not answer (RFC 5246 §7.4.1.1).
const PATIENCE: Duration = Duration::from_secs(2);
/// The most application data that is put aside meanwhile.
const MOST_HELD: usize = 1 << 20;

/// What a client is that does not do what the case is about.
const DOES_NOT: End = End::Unsuited("the client does not renegotiate, not even to the same certificate");

/// Serves a connection with `material`, and renegotiates to `other`. A client that goes on has completed a handshake
/// with each; one that refuses ends it, by the alert that is returned. What it says meanwhile is `held`, to be answered
/// afterwards.
pub async fn renegotiate<S>(
    stream: S,
    material: &Material,
    other: &Material,
    held: &mut Vec<u8>,
    watch: &(dyn Watch + Sync),
) -> Result<Session<S>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut records = RecordStream::new(stream);
    let script = Script::healthy(Version::Tls12);
    let offer = offered(&mut records, watch).await?;
    // Without RFC 5746 a renegotiation is not safe, and that a client does not offer it is a finding of its own.
    if !offer.offers_secure_renegotiation() {
        return Err(DOES_NOT);
    }
    let mut verify_data = handshake_over(&mut records, &script, material, &offer, &[], watch).await?;
    for (shown, is_healthy) in [(material, true), (other, false)] {
        // However it ends before the other certificate is shown, it says nothing of that one.
        let offer = asked_again(&mut records, held).await.map_err(|_| DOES_NOT)?;
        let again = handshake_over(&mut records, &script, shown, &offer, &verify_data, watch).await;
        verify_data = if is_healthy { again.map_err(|_| DOES_NOT)? } else { again? };
    }
    Ok(Session::new(records, &script))
}

/// Sends a HelloRequest, and waits for the ClientHello that answers it; what else is said is put aside.
async fn asked_again<S>(records: &mut RecordStream<S>, held: &mut Vec<u8>) -> Result<Offer, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    records.put_messages(TLS_1_2, &[Message::new(handshake::HELLO_REQUEST, Vec::new())]);
    records.flush().await?;
    loop {
        let next = tokio::time::timeout(PATIENCE, records.next()).await;
        match next.map_err(|_| DOES_NOT)?? {
            Incoming::Message(handshake::CLIENT_HELLO, body) => return read_offer(&body),
            Incoming::Data(data) if held.len() + data.len() <= MOST_HELD => held.extend(data),
            // no_renegotiation, whether as a warning or as the end; or it has said all that it had to say.
            _ => return Err(DOES_NOT),
        }
    }
}

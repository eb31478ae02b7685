//! `Service::Forward`: half-closes, resets, cuts and back ends that are not there, over both versions and in plaintext.

use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::server::{BackEnd, BackEnds, Forward};

/// A back end's listener, and the server in front of it.
pub(super) async fn in_front(proxy_protocol: bool, tls: bool) -> (TcpListener, Bench) {
    let back = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bench = Bench::new(forwarding([back.local_addr().unwrap().to_string()], proxy_protocol, tls)).await;
    (back, bench)
}

pub(super) fn forwarding(
    targets: impl IntoIterator<Item = String>,
    proxy_protocol: bool,
    tls: bool,
) -> Config {
    let back_ends = BackEnds::new(targets.into_iter().map(BackEnd::Tcp));
    let config =
        config(Service::Forward(Arc::new(Forward { back_ends, proxy_protocol })), Settings::default());
    if tls { config } else { Config { tls: None, ..config } }
}

pub(super) async fn accept(back: &TcpListener) -> TcpStream {
    soon(back.accept()).await.unwrap().0
}

pub(super) const BOTH: [Versions; 2] = [Versions::Tls12, Versions::Tls13];

#[tokio::test]
async fn the_client_ends_first_and_the_answer_still_flows() {
    for versions in BOTH {
        let (back, mut bench) = in_front(false, true).await;
        let mut client = bench.client(versions).await;
        let answer = async {
            let mut server = accept(&back).await;
            let asked = rest(&mut server).await;
            // After the client's close_notify, which came as FIN.
            let answer: Vec<u8> = asked.iter().rev().copied().collect();
            server.write_all(&answer).await.unwrap();
        };
        let question: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
        let (answered, ()) = tokio::join!(exchange(&mut client, &question), answer);
        assert!(answered.iter().rev().eq(&question), "{versions:?}");
        let session = bench.ended().await;
        assert_eq!(session.end, End::PeerClosed);
        assert_eq!((session.received, session.sent), (800_000, 800_000));
    }
}

#[tokio::test]
async fn the_back_end_ends_first_and_the_question_still_flows() {
    for versions in BOTH {
        let (back, mut bench) = in_front(false, true).await;
        let mut client = bench.client(versions).await;
        let mut server = accept(&back).await;
        server.write_all(b"220 ready").await.unwrap();
        server.shutdown().await.unwrap();
        // `rest` fails unless the end is close_notify.
        assert_eq!(rest(&mut client).await, b"220 ready", "{versions:?}");
        client.write_all(b"QUIT").await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(rest(&mut server).await, b"QUIT");
        let address = back.local_addr().unwrap().to_string();
        assert_eq!(bench.ended().await.end, End::BackEndClosed(address));
    }
}

#[tokio::test]
async fn a_reset_of_the_back_end_reaches_the_client_as_a_reset() {
    for (tls, versions) in [(true, Versions::Tls12), (true, Versions::Tls13), (false, Versions::Tls13)] {
        let (back, mut bench) = in_front(false, tls).await;
        let mut byte = [0];
        let error = if tls {
            let mut client = bench.client(versions).await;
            accept(&back).await.set_zero_linger().unwrap();
            soon(client.read(&mut byte)).await.unwrap_err()
        } else {
            let mut client = bench.connect().await;
            accept(&back).await.set_zero_linger().unwrap();
            soon(client.read(&mut byte)).await.unwrap_err()
        };
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{versions:?} {tls}");
        let address = back.local_addr().unwrap();
        assert_eq!(bench.ended().await.end, End::BackEndFailed(format!("{address} reset the connection")));
    }
}

#[tokio::test]
async fn a_client_that_breaks_off_is_no_good_end_for_the_back_end() {
    for versions in BOTH {
        for reset in [false, true] {
            let (back, mut bench) = in_front(false, true).await;
            let client = bench.client(versions).await;
            let mut server = accept(&back).await;
            let mut socket = client.into_inner().0;
            if reset {
                socket.set_zero_linger().unwrap();
                drop(socket);
            } else {
                // Without close_notify. Not dropped: tickets that nobody read would make it a reset.
                socket.shutdown().await.unwrap();
            }
            let error = soon(server.read(&mut [0])).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{versions:?}");
            assert_eq!(bench.ended().await.end, if reset { End::Reset } else { End::Truncated });
        }
    }
}

#[tokio::test]
async fn a_back_end_that_is_not_there_is_named_and_the_client_gets_close_notify() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for versions in BOTH {
        let mut bench = Bench::new(forwarding([gone.to_string()], false, true)).await;
        let mut client = bench.client(versions).await;
        assert_eq!(rest(&mut client).await, b"");
        drop(client);
        assert_eq!(bench.ended().await.end, End::Unreachable(format!("{gone}: connection refused")));
    }
}

#[tokio::test]
async fn where_one_refuses_another_is_taken() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let back = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let targets = [gone, back.local_addr().unwrap()].map(|address| address.to_string());
    let mut bench = Bench::new(forwarding(targets, false, true)).await;
    for _ in 0..3 {
        let mut client = bench.client(Versions::Tls13).await;
        let echo = async {
            let mut server = accept(&back).await;
            let asked = rest(&mut server).await;
            server.write_all(&asked).await.unwrap();
        };
        let (answered, ()) = tokio::join!(exchange(&mut client, b"anybody?"), echo);
        assert_eq!(answered, b"anybody?");
        assert_eq!(bench.ended().await.end, End::PeerClosed);
    }
}

#[tokio::test]
async fn a_header_comes_before_the_first_byte() {
    let (back, bench) = in_front(true, true).await;
    let socket = bench.connect().await;
    let own = socket.local_addr().unwrap();
    let mut client = shake(socket, client_config(Versions::Tls13)).await;
    client.write_all(b"hello").await.unwrap();
    client.shutdown().await.unwrap();
    let came = rest(&mut accept(&back).await).await;
    let length = usize::from(u16::from_be_bytes([came[14], came[15]]));
    assert!(came.starts_with(b"\r\n\r\n\0\r\nQUIT\n\x21\x11"));
    assert_eq!(came[24..28], [own.port().to_be_bytes(), bench.address.port().to_be_bytes()].concat());
    let tlvs = &came[28..16 + length];
    for said in [&b"\x02\0\x0cwww.test.org"[..], b"\x21\0\x07TLSv1.3"] {
        assert!(tlvs.windows(said.len()).any(|window| window == said), "{said:?}");
    }
    assert_eq!(&came[16 + length..], b"hello");
}

#[tokio::test]
async fn a_back_end_that_never_reads_makes_the_client_wait_and_costs_no_memory() {
    let (back, bench) = in_front(false, true).await;
    let mut client = bench.client(Versions::Tls13).await;
    let server = accept(&back).await;
    let block = vec![7; 1 << 20];
    // The system's buffers take some megabytes, the relay one buffer; more than that never leaves.
    let mut written = 0;
    while let Ok(count) = tokio::time::timeout(SOON * 10, client.write(&block)).await {
        written += count.unwrap();
        assert!(written < 64 << 20, "somebody keeps what nobody reads");
    }
    drop(server);
}

#[tokio::test]
async fn a_session_that_is_cut_off_is_no_good_end_for_the_back_end() {
    let (back, bench) = in_front(false, true).await;
    let client = bench.client(Versions::Tls13).await;
    let mut server = accept(&back).await;
    server.write_all(b"hello").await.unwrap();
    // The relay is at work.
    let mut client = client;
    soon(client.read_exact(&mut [0; 5])).await.unwrap();
    bench.server.abort();
    let error = soon(server.read(&mut [0])).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_client_that_breaks_off_while_the_back_end_does_not_read_is_noticed() {
    for versions in BOTH {
        let (back, mut bench) = in_front(false, true).await;
        let mut client = bench.client(versions).await;
        let mut server = accept(&back).await;
        let block = vec![7; 1 << 20];
        while tokio::time::timeout(SOON * 10, client.write(&block)).await.is_ok() {}
        let socket = client.into_inner().0;
        socket.set_zero_linger().unwrap();
        drop(socket);
        // Long before it would be idle.
        assert_eq!(bench.ended().await.end, End::Reset, "{versions:?}");
        let mut came = Vec::new();
        let error = soon(server.read_to_end(&mut came)).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

//! What a hostile network does: back ends and clients that are slow, gone or in the way, many at once, and the order to stop
//! in the midst. Good clients are served throughout.

use proptest::prelude::*;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::forward::{BOTH, accept, forwarding, in_front};
use super::*;
use crate::client::carry::{Carrier, carry};

/// This process may hold as many files as the system lets it.
fn many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

#[tokio::test]
async fn a_thousand_at_once_are_served() {
    many_files();
    let bench = Bench::new(echo()).await;
    let (address, config) = (bench.address, client_config(Versions::Tls13));
    let mut clients = JoinSet::new();
    for _ in 0..1000 {
        let config = Arc::clone(&config);
        clients.spawn(async move {
            let socket = TcpStream::connect(address).await.unwrap();
            let name = ServerName::try_from("www.test.org").unwrap();
            let mut client = TlsConnector::from(config).connect(name, socket).await.unwrap();
            client.write_all(b"hello").await.unwrap();
            client.shutdown().await.unwrap();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"hello");
        });
    }
    let all = async {
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
    };
    tokio::time::timeout(FUSE * 5, all).await.unwrap();
}

/// RFC 8446 §4.6.3: each makes the receiver derive keys, and may ask for one in return.
#[tokio::test]
async fn a_flood_of_key_updates_ends_the_session_and_disturbs_nobody() {
    let mut bench = Bench::new(echo()).await;
    let mut good = bench.client(Versions::Tls13).await;
    let mut flooding = bench.client(Versions::Tls13).await;
    // New keys now and then are in order.
    for _ in 0..100 {
        for _ in 0..30 {
            flooding.get_mut().1.refresh_traffic_keys().unwrap();
        }
        flooding.write_all(b"x").await.unwrap();
        soon(flooding.read_exact(&mut [0])).await.unwrap();
    }
    // New keys for nothing are not.
    for _ in 0..1000 {
        flooding.get_mut().1.refresh_traffic_keys().unwrap();
    }
    // Either is what becomes of a flood: it is cut off while it is still under way.
    let _ = soon(flooding.flush()).await;
    let session = bench.ended().await;
    assert!(
        matches!(&session.end, End::Failed(words) if words.contains("TooManyKeyUpdateRequests")),
        "{:?}",
        session.end
    );
    assert_eq!(session.received, 100);
    assert_eq!(exchange(&mut good, b"still here").await, b"still here");
}

#[tokio::test]
async fn a_back_end_that_answers_before_the_request_is_done_is_heard_and_hears_the_rest() {
    for versions in BOTH {
        let (back, mut bench) = in_front(false, true).await;
        let mut client = bench.client(versions).await;
        client.write_all(b"the beginning").await.unwrap();
        let mut server = accept(&back).await;
        soon(server.read_exact(&mut [0; 13])).await.unwrap();
        server.write_all(b"413 too long").await.unwrap();
        server.shutdown().await.unwrap();
        assert_eq!(rest(&mut client).await, b"413 too long");
        let more = vec![7; 1 << 20];
        let sending = async {
            client.write_all(&more).await.unwrap();
            client.shutdown().await.unwrap();
        };
        let (came, ()) = tokio::join!(rest(&mut server), sending);
        assert!(came == more, "{versions:?}");
        assert!(matches!(bench.ended().await.end, End::BackEndClosed(_)));
    }
}

#[tokio::test]
async fn a_back_end_that_breaks_off_at_any_stage_is_never_a_good_end_for_the_client() {
    for versions in BOTH {
        for (read, answered) in [(false, 0), (true, 0), (false, 5), (true, 5), (true, 500_000)] {
            let (back, mut bench) = in_front(false, true).await;
            let mut client = bench.client(versions).await;
            client.write_all(b"question").await.unwrap();
            let breaking = async {
                let mut server = accept(&back).await;
                if read {
                    soon(server.read_exact(&mut [0; 8])).await.unwrap();
                }
                server.write_all(&vec![7; answered]).await.unwrap();
                server.set_zero_linger().unwrap();
            };
            let mut answer = Vec::new();
            let (ended, ()) = soon(async { tokio::join!(client.read_to_end(&mut answer), breaking) }).await;
            let error = ended.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{versions:?} {read} {answered}");
            assert!(answer.len() <= answered);
            assert!(matches!(bench.ended().await.end, End::BackEndFailed(_)));
        }
    }
}

#[tokio::test]
async fn a_back_end_that_comes_back_is_served_again() {
    let back = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = back.local_addr().unwrap();
    let mut bench = Bench::new(forwarding([address.to_string()], false, true)).await;
    drop(back);
    for _ in 0..2 {
        let mut client = bench.client(Versions::Tls13).await;
        assert_eq!(rest(&mut client).await, b"");
        drop(client);
        assert!(matches!(bench.ended().await.end, End::Unreachable(_)));

        let back = TcpListener::bind(address).await.unwrap();
        echoed(&back, &mut bench).await;
        assert_eq!(bench.ended().await.end, End::PeerClosed);
    }
}

/// A client is served by a back end that echoes.
async fn echoed(back: &TcpListener, bench: &mut Bench) {
    let mut client = bench.client(Versions::Tls13).await;
    let echo = async {
        let mut server = accept(back).await;
        let asked = rest(&mut server).await;
        server.write_all(&asked).await.unwrap();
    };
    let (answered, ()) = tokio::join!(exchange(&mut client, b"anybody?"), echo);
    assert_eq!(answered, b"anybody?");
}

/// What such a client or back end sees when it has waited for nothing: a reset, after what was said before.
async fn is_reset(stream: &mut (impl AsyncRead + Unpin)) {
    let error = soon(stream.read_to_end(&mut Vec::new())).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_back_end_that_never_answers_is_cut_off_when_it_has_been_idle() {
    for versions in BOTH {
        let back = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = forwarding([back.local_addr().unwrap().to_string()], false, true);
        config.limits.idle_timeout = SOON;
        let mut bench = Bench::new(config).await;
        let mut client = bench.client(versions).await;
        client.write_all(b"anybody?").await.unwrap();
        let mut server = accept(&back).await;
        assert_eq!(bench.ended().await.end, End::Idle);
        is_reset(&mut client).await;
        is_reset(&mut server).await;
    }
}

#[tokio::test]
async fn back_ends_that_neither_answer_nor_read_disturb_nobody_and_the_drain_ends_them() {
    let back = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = forwarding([back.local_addr().unwrap().to_string()], false, true);
    config.limits.drain_timeout = SOON;
    let mut bench = Bench::new(config).await;
    let block = vec![7; 1 << 20];
    let mut stuck = Vec::new();
    for fills in [false, true] {
        let mut client = bench.client(Versions::Tls13).await;
        client.write_all(b"anybody?").await.unwrap();
        let server = accept(&back).await;
        // Until every buffer on the way is full.
        while fills && tokio::time::timeout(SOON * 10, client.write(&block)).await.is_ok() {}
        stuck.push((client, server));
    }
    echoed(&back, &mut bench).await;
    assert_eq!(bench.ended().await.end, End::PeerClosed);
    bench.stop();
    for (mut client, mut server) in stuck {
        assert_eq!(bench.ended().await.end, End::Stopped);
        is_reset(&mut client).await;
        is_reset(&mut server).await;
    }
    soon(&mut bench.server).await.unwrap();
}

#[tokio::test]
async fn five_hundred_transfers_that_are_under_way_arrive_when_the_server_is_told_to_stop() {
    const TRANSFERS: usize = 500;
    const LENGTH: usize = 20_000;
    many_files();
    let (back, mut bench) = in_front(false, true).await;
    let (mut clients, mut servers) = (Vec::new(), Vec::new());
    for _ in 0..TRANSFERS {
        let mut client = bench.client(Versions::Tls13).await;
        let mut server = accept(&back).await;
        server.write_all(b"1").await.unwrap();
        soon(client.read_exact(&mut [0; 1])).await.unwrap();
        clients.push(client);
        servers.push(server);
    }
    bench.stop();
    for mut server in servers {
        server.write_all(&vec![7; LENGTH]).await.unwrap();
        server.shutdown().await.unwrap();
    }
    for client in &mut clients {
        assert_eq!(rest(client).await.len(), LENGTH, "and close_notify");
        client.shutdown().await.unwrap();
    }
    for _ in 0..TRANSFERS {
        let session = bench.ended().await;
        assert!(matches!(session.end, End::BackEndClosed(_)), "{:?}", session.end);
        assert_eq!(session.sent, LENGTH as u64 + 1);
    }
    soon(&mut bench.server).await.unwrap();
}

/// What one end of a conversation says: chunks, each different at every place.
fn saying() -> impl Strategy<Value = Vec<Vec<u8>>> {
    // A prime's period: no buffer's length is a multiple of it.
    let chunk = (0..60_000_usize, any::<u8>())
        .prop_map(|(length, first)| (0..251_u8).cycle().map(|place| place ^ first).take(length).collect());
    proptest::collection::vec(chunk, 0..8)
}

/// Says its chunks and ends its half; hears the other meanwhile, or, where it `listens_first`, to the end before it speaks.
async fn converse(socket: TcpStream, chunks: &[Vec<u8>], listens_first: bool) -> Vec<u8> {
    let (mut from, mut to) = socket.into_split();
    let mut speak = async || {
        for chunk in chunks {
            to.write_all(chunk).await.unwrap();
            tokio::task::yield_now().await;
        }
        to.shutdown().await.unwrap();
    };
    if listens_first {
        let came = rest(&mut from).await;
        speak().await;
        came
    } else {
        tokio::join!(rest(&mut from), speak()).0
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn both_proxies_in_a_row_carry_every_byte(
        asked in saying(),
        answered in saying(),
        listens_first in any::<bool>(),
        tls13 in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (at_client, at_server) = runtime.block_on(async {
            let (back, bench) = in_front(false, true).await;
            let near = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let near_address = near.local_addr().unwrap();
            let carrier = Carrier {
                target: bench.address.to_string().parse().unwrap(),
                terms: terms(if tls13 { Versions::Tls13 } else { Versions::Tls12 }, None),
                max_connections: 4,
                idle_timeout: FUSE,
                drain_timeout: FUSE,
            };
            let carrying = tokio::spawn(carry(near, carrier, drop, std::future::pending()));
            let client = TcpStream::connect(near_address).await.unwrap();
            let server = accept(&back).await;
            let came = tokio::join!(converse(client, &asked, false), converse(server, &answered, listens_first));
            carrying.abort();
            came
        });
        prop_assert!(at_server == asked.concat());
        prop_assert!(at_client == answered.concat());
    }
}

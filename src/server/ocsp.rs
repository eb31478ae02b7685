//! OCSP over HTTP (RFC 6960 appendix A, RFC 5019): requests in, whatever a responder answers out.
//!
//! Bounded as every server here: connections, the length of a request's head and body, and each wait. Nothing is said of
//! a request but what it was answered.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, HeaderValue, LAST_MODIFIED};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::drain::Drain;
use crate::pki::responder::Responded;
use crate::streams::IdleTimeout;
use crate::streams::accept::{Notice, accept};
use crate::words;

/// The longest request head that is read: a GET has the whole request in it.
const LONGEST_HEAD: usize = 16 * 1024;

/// The longest request that is read of a POST's body: a hundred certificates, and as much again.
const LONGEST_BODY: usize = 64 * 1024;

/// How much and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OcspLimits {
    /// How many clients at once; further ones wait.
    pub max_connections: usize,
    /// How long a client may take without one byte moving, and for one request in all.
    pub timeout: Duration,
    /// How long those who are here may take once the server is to end.
    pub drain_timeout: Duration,
}

/// What happened.
#[derive(Debug)]
pub enum OcspEvent {
    /// A request was answered, and how, in words.
    Answered(SocketAddr, String),
    /// About accepting clients.
    Accepting(Notice),
}

/// Gives the response to a request; an error is told to the client as internalError (RFC 6960 §2.3).
pub type Answers = dyn Fn(&[u8], OffsetDateTime) -> Result<Responded, String> + Send + Sync;

/// Answers clients of `listener` until `stop` is ready.
pub async fn run(
    listener: TcpListener,
    answers: Arc<Answers>,
    limits: OcspLimits,
    events: impl Fn(OcspEvent) + Send + Sync + 'static,
    stop: impl Future<Output = ()>,
) {
    let events: Arc<dyn Fn(OcspEvent) + Send + Sync> = Arc::new(events);
    let (drain, draining) = watch::channel(false);
    let tell = |notice| events(OcspEvent::Accepting(notice));
    let mut open = accept(listener, limits.max_connections, stop, tell, |stream, peer| {
        let client = Client { peer, answers: Arc::clone(&answers), events: Arc::clone(&events), limits };
        client.serve(stream, Drain::new(draining.clone()))
    })
    .await;
    // The receiver above is alive: this reaches everybody.
    let _ = drain.send(true);
    let all = async { while open.join_next().await.is_some() {} };
    if timeout(limits.drain_timeout, all).await.is_err() {
        open.shutdown().await;
    }
}

/// Somebody who asks.
#[derive(Clone)]
struct Client {
    peer: SocketAddr,
    answers: Arc<Answers>,
    events: Arc<dyn Fn(OcspEvent) + Send + Sync>,
    limits: OcspLimits,
}

impl Client {
    async fn serve(self, stream: TcpStream, mut drain: Drain) {
        let stream = IdleTimeout::new(stream, self.limits.timeout);
        let patience = self.limits.timeout;
        let service = service_fn(|request| {
            let client = self.clone();
            async move { Ok::<_, Infallible>(client.respond(request).await) }
        });
        let connection = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let mut drained = false;
        loop {
            tokio::select! {
                biased;
                // What a client did wrong is its own affair: it has been answered, or is gone.
                _ = connection.as_mut() => return,
                () = drain.begun(), if !drained => {
                    drained = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let is_get = request.method() == Method::GET;
        let asked = match timeout(self.limits.timeout, asked(request)).await {
            Ok(Ok(asked)) => asked,
            Ok(Err(refusal)) => return refusal,
            Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "the request took too long\n"),
        };
        let answers = Arc::clone(&self.answers);
        let now = OffsetDateTime::now_utc();
        // Signing takes a while, and so may the index.
        let answered = tokio::task::spawn_blocking(move || answers(&asked, now)).await;
        let answered = answered.unwrap_or_else(|error| Err(error.to_string()));
        let (der, keep_until, words) = match answered {
            Ok(Responded { der, keep_until, words }) => (der, keep_until, words),
            Err(why) => {
                let status = crate::pki::ocsp::ResponseStatus::InternalError;
                (status.to_der(), None, format!("{status}: {why}"))
            }
        };
        (self.events)(OcspEvent::Answered(self.peer, words));
        let mut response = Response::new(Full::new(Bytes::from(der.clone())));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/ocsp-response"));
        match keep_until.filter(|_| is_get) {
            // RFC 5019 §6.2
            Some(until) => {
                let age = (until - now).whole_seconds().max(0);
                put(headers, CACHE_CONTROL, &format!("max-age={age}, public, no-transform, must-revalidate"));
                put(headers, LAST_MODIFIED, &http_date(now));
                put(headers, EXPIRES, &http_date(until));
                put(headers, ETAG, &format!("\"{}\"", words::hex(&crate::crypto::sha256(&der))));
            }
            None => {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
        }
        response
    }
}

fn put(headers: &mut hyper::HeaderMap, name: hyper::header::HeaderName, value: &str) {
    // All of them are ASCII.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// IMF-fixdate (RFC 9110 §5.6.7).
fn http_date(at: OffsetDateTime) -> String {
    // RFC 5322's, but for the zone.
    at.format(&Rfc2822).unwrap_or_default().replace("+0000", "GMT")
}

/// The request in a request (appendix A.1), or what is wrong with it.
async fn asked(request: Request<Incoming>) -> Result<Vec<u8>, Response<Full<Bytes>>> {
    match *request.method() {
        Method::GET => in_path(request.uri().path()).ok_or_else(|| {
            text(StatusCode::BAD_REQUEST, "expected /BASE64 of an OCSP request, percent-encoded\n")
        }),
        Method::POST => {
            let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
            if kind != Some(b"application/ocsp-request") {
                let words = "expected Content-Type: application/ocsp-request\n";
                return Err(text(StatusCode::UNSUPPORTED_MEDIA_TYPE, words));
            }
            let body = Limited::new(request.into_body(), LONGEST_BODY).collect().await;
            body.map(|body| body.to_bytes().to_vec())
                .map_err(|_| text(StatusCode::PAYLOAD_TOO_LARGE, "expected a request of at most 64 KiB\n"))
        }
        _ => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "expected GET or POST\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            Err(response)
        }
    }
}

/// `{url}/{url-encoding of base-64 encoding of the DER encoding of the OCSPRequest}`: all after the first slash, for base64
/// has slashes of its own, and not everybody encodes them.
fn in_path(path: &str) -> Option<Vec<u8>> {
    let mut base64 = Vec::new();
    let mut rest = path.strip_prefix('/')?.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            base64.push(*byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        base64.extend(data_encoding::HEXUPPER_PERMISSIVE.decode(digits).ok()?);
        rest = after;
    }
    BASE64.decode(&base64).ok().filter(|der| !der.is_empty())
}

fn text(status: StatusCode, words: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(words.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_request_stands_in_the_path_in_base64() {
        for (path, asked) in [
            ("/MAA=", Some(&[0x30, 0][..])),
            ("/MAA%3D", Some(&[0x30, 0])),
            ("/%2b%2F%2f%2B", Some(&[0xfb, 0xff, 0xfe])),
            ("/+//+", Some(&[0xfb, 0xff, 0xfe])),
            ("/", None),
            ("/MA", None),
            ("/%", None),
            ("/%4", None),
            ("*", None),
        ] {
            assert_eq!(in_path(path).as_deref(), asked, "{path}");
        }
    }

    #[test]
    fn dates_are_http_s() {
        assert_eq!(http_date(datetime!(1994-11-06 08:49:37 UTC)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    const LIMITS: OcspLimits = OcspLimits {
        max_connections: 2,
        timeout: Duration::from_secs(10),
        drain_timeout: Duration::from_secs(10),
    };

    /// Answers each request with itself.
    fn echo(request: &[u8], now: OffsetDateTime) -> Result<Responded, String> {
        match request {
            b"broken" => Err("no index".to_owned()),
            _ => Ok(Responded {
                der: request.to_vec(),
                keep_until: Some(now + time::Duration::HOUR),
                words: words::hex(request),
            }),
        }
    }

    /// What comes back for these bytes, until the server ends the connection.
    async fn exchanged(sent: &[u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server =
            tokio::spawn(run(listener, Arc::new(echo), LIMITS, |_| {}, async { drop(stopped.await) }));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut received = Vec::new();
        // A refusal in the midst of what is sent may reset the connection.
        let _ = stream.read_to_end(&mut received).await;
        drop(stop);
        server.await.unwrap();
        String::from_utf8_lossy(&received).into_owned()
    }

    #[tokio::test]
    async fn requests_are_taken_from_get_and_post() {
        let head = "Host: x\r\nConnection: close\r\n";
        let post = |kind: &str, body: &str| {
            format!(
                "POST / HTTP/1.1\r\n{head}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let ocsp = "application/ocsp-request";
        for (request, status, words) in [
            (format!("GET /aGVsbG8%3D HTTP/1.1\r\n{head}\r\n"), "200", "\r\n\r\nhello"),
            (format!("GET /aGVsbG8= HTTP/1.1\r\n{head}\r\n"), "200", "max-age=3"),
            (post(ocsp, "hello"), "200", "\r\n\r\nhello"),
            (post(ocsp, "hello"), "200", "cache-control: no-store"),
            (post(ocsp, "hello"), "200", "content-type: application/ocsp-response"),
            (post(ocsp, "broken"), "200", "\u{30}\u{3}\u{a}\u{1}\u{2}"),
            (post("text/plain", "hello"), "415", "expected Content-Type"),
            (post(ocsp, &"x".repeat(LONGEST_BODY + 1)), "413", "at most 64 KiB"),
            (format!("GET / HTTP/1.1\r\n{head}\r\n"), "400", "expected /BASE64"),
            (format!("PUT / HTTP/1.1\r\n{head}\r\n"), "405", "allow: GET, POST"),
            (format!("GET /{} HTTP/1.1\r\n{head}\r\n", "x".repeat(LONGEST_HEAD)), "4", ""),
        ] {
            let received = exchanged(request.as_bytes()).await;
            let begins = format!("HTTP/1.1 {status}");
            assert!(
                received.starts_with(&begins) && received.contains(words),
                "{status} {words}: {received}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_ask_is_not_waited_for() {
        // Time is paused: the limit comes as soon as nothing else moves.
        assert_eq!(exchanged(b"").await, "");
        let received = exchanged(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\nContent-Length: 5\r\n\r\nhell").await;
        assert!(received.is_empty() || received.starts_with("HTTP/1.1 4"), "{received}");
    }
}

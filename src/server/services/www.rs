//! `--www`: HTTP/1.1 (RFC 9112) with one page about the TLS session, so that curl and browsers can be peers.
//!
//! [`hyper`] reads requests: heads of at most 16 KiB, bodies never kept. Nothing is served from the disk.

use std::convert::Infallible;
use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue,
    TRANSFER_ENCODING,
};
use hyper::http::uri::Authority;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use maud::html;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::page::{self, fields};
use crate::server::drain::Drain;
use crate::server::event::{End, TlsFacts};
use crate::streams::Counted;
use crate::words;

/// The longest request head (request line and fields) that is read; a longer one is answered with 431.
const LONGEST_HEAD: usize = 16 * 1024;

/// Answers requests until either side has had enough.
pub(super) async fn serve<S>(
    stream: &mut Counted<'_, S>,
    facts: Option<&TlsFacts>,
    peer: SocketAddr,
    idle_timeout: Duration,
    drain: &mut Drain,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut drained = false;
    let result = {
        let service = service_fn(|request: Request<_>| {
            let response = respond(&request, facts, peer);
            async move { Ok::<_, Infallible>(response) }
        });
        let connection = http1::Builder::new()
            .half_close(true)
            .max_buf_size(LONGEST_HEAD)
            .timer(TokioTimer::new())
            .header_read_timeout(idle_timeout)
            .serve_connection(TokioIo::new(&mut *stream), service);
        let mut connection = pin!(connection);
        loop {
            tokio::select! {
                biased;
                result = connection.as_mut() => break result,
                () = drain.begun(), if !drained => {
                    drained = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    };
    match result {
        Ok(()) if stream.traffic().peer_closed => End::PeerClosed,
        Ok(()) if drained => End::Drained,
        Ok(()) => End::Finished,
        Err(error) if error.is_timeout() => End::Idle,
        Err(error) => match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
            Some(error) => End::of(error),
            None if error.is_incomplete_message() => {
                End::Failed("the peer closed in the middle of a request".to_owned())
            }
            None => End::Failed(format!("not answered as HTTP/1.1: {error}")),
        },
    }
}

fn respond<B>(request: &Request<B>, facts: Option<&TlsFacts>, peer: SocketAddr) -> Response<Full<Bytes>> {
    if let Some(fault) = host_fault(request) {
        return text(StatusCode::BAD_REQUEST, &format!("expected one Host field, found {fault}\n"));
    }
    // RFC 9112 §6.1: beside a Content-Length, which hyper takes out, it may be an attempt to smuggle a second request;
    // nothing here takes a body, and the connection ends.
    if request.headers().contains_key(TRANSFER_ENCODING) {
        let mut response = text(StatusCode::BAD_REQUEST, "expected a request without Transfer-Encoding\n");
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return response;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "expected GET or HEAD\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/" => {
            let page = page(&session(facts, peer));
            let mut response = answer(StatusCode::OK, "text/html; charset=utf-8", page);
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::POLICY));
            response
        }
        "/session.json" => {
            let body = format!("{:#}\n", session(facts, peer));
            answer(StatusCode::OK, "application/json", body)
        }
        _ => text(StatusCode::NOT_FOUND, "not here: expected / or /session.json\n"),
    }
}

/// What is wrong with a request's Host, if anything. RFC 9112 §3.2: a 1.1 request without it, and any request with more
/// than one or with one whose value is none, is answered with 400.
fn host_fault<B>(request: &Request<B>) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_11 => Some("none"),
        (None, _) => None,
        (Some(_), Some(_)) => Some("several"),
        // It is empty where the target has no authority.
        (Some(host), None) if host.is_empty() || is_host(host.as_bytes()) => None,
        (Some(_), None) => Some("one that names no host"),
    }
}

/// RFC 9112 §3.2: uri-host and an optional port, without the userinfo that an authority may have.
fn is_host(value: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(value) else { return false };
    let port = authority.as_str().strip_prefix(authority.host()).unwrap_or("@");
    // RFC 3986 §3.2.3: a port is digits, if any.
    port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

fn text(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    answer(status, "text/plain; charset=utf-8", body.to_owned())
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // It is about this very connection; another's is another.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What is told about a session; in plaintext, that there is nothing to tell.
fn session(facts: Option<&TlsFacts>, peer: SocketAddr) -> Value {
    let client = facts.and_then(|facts| facts.client.as_deref()).map(|client| {
        json!({
            "subject": client.subject.to_string(),
            "issuer": client.issuer.to_string(),
            "serial": words::hex(&client.serial),
            "not_before": words::instant(client.not_before),
            "not_after": words::instant(client.not_after),
            "sha256": words::hex(&client.sha256()),
        })
    });
    json!({
        "protocol": facts.map_or("plaintext", |facts| &facts.agreed.protocol),
        "cipher_suite": facts.map(|facts| &facts.agreed.cipher_suite),
        "key_exchange": facts.map(|facts| &facts.agreed.key_exchange),
        "sni": facts.and_then(|facts| facts.sni.as_ref()),
        "alpn": facts.and_then(|facts| facts.alpn.as_ref()),
        "resumed": facts.is_some_and(|facts| facts.resumed),
        "client_certificate": client,
        "peer": peer.to_string(),
    })
}

fn page(session: &Value) -> String {
    let client = &session["client_certificate"];
    let rows = [
        ("Protocol", &session["protocol"]),
        ("Cipher suite", &session["cipher_suite"]),
        ("Key exchange", &session["key_exchange"]),
        ("Name asked for (SNI)", &session["sni"]),
        ("Application protocol (ALPN)", &session["alpn"]),
        ("Resumed", &session["resumed"]),
        ("You are", &session["peer"]),
        ("Client certificate", if client.is_null() { client } else { &client["subject"] }),
    ];
    let body = html! {
        main {
            (fields(rows.map(|(label, value)| (label, shown(value)))))
            p { "The same for machines: " a href="/session.json" { "/session.json" } }
        }
    };
    page::page("This TLS session", &html! {}, &body)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

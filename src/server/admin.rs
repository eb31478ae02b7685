//! What a server tells those who run it, over plain HTTP: `/metrics`, `/healthz`, `/readyz`.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE as PROMETHEUS;
use tokio::net::{TcpListener, TcpStream};

use super::config::Forward;
use super::metrics::Metrics;
use crate::streams::accept::accept;

/// How many may ask at once, and how long each may take to do so.
const CONNECTIONS: usize = 16;
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_HEAD: usize = 16 * 1024;

/// How a server stands.
#[derive(Debug)]
pub struct Admin {
    metrics: Arc<Metrics>,
    forward: Option<Arc<Forward>>,
    stopping: AtomicBool,
}

impl Admin {
    /// Of a server that accepts.
    pub fn new(metrics: Arc<Metrics>, forward: Option<Arc<Forward>>) -> Self {
        Self { metrics, forward, stopping: AtomicBool::new(false) }
    }

    /// The server accepts nobody any more.
    pub fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether new connections should come here, or why not.
    fn ready(&self) -> Result<(), &'static str> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err("stopping\n");
        }
        let none = |forward: &Arc<Forward>| forward.back_ends.standing().iter().all(|found| found.left_out);
        if self.forward.as_ref().is_some_and(none) {
            return Err("no back end can be reached\n");
        }
        Ok(())
    }

    fn respond<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        const TEXT: &str = "text/plain; charset=utf-8";
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "expected GET or HEAD\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match request.uri().path() {
            "/metrics" => answer(StatusCode::OK, PROMETHEUS, self.metrics.text()),
            "/healthz" => answer(StatusCode::OK, TEXT, "ok\n"),
            "/readyz" => match self.ready() {
                Ok(()) => answer(StatusCode::OK, TEXT, "ok\n"),
                Err(why) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, why),
            },
            _ => answer(StatusCode::NOT_FOUND, TEXT, "not here: expected /metrics, /healthz or /readyz\n"),
        }
    }

    async fn one(&self, stream: TcpStream) {
        let service = service_fn(|request: Request<_>| {
            let response = self.respond(&request);
            async move { Ok::<_, Infallible>(response) }
        });
        let connection = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .serve_connection(TokioIo::new(stream), service);
        // Who asks badly, or does not read the answer, has none; what the server does is not affected.
        let _ = connection.await;
    }
}

/// Answers those who connect to `listener`, for as long as it is polled.
pub async fn serve(listener: TcpListener, admin: Arc<Admin>) {
    let one = |stream, _| {
        let admin = Arc::clone(&admin);
        async move { admin.one(stream).await }
    };
    accept(listener, CONNECTIONS, pending(), drop, one).await;
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

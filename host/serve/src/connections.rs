//! Connections: how many there are at once, and how long one may take to say what it
//! wants. A client that is slow or never reads takes its connection and nothing else.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::problem::{Kind, Problem};

/// Connections at once.
pub const CONNECTIONS_MAX: usize = 4_096;
/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_secs(20);
/// How long a client that is turned away may take to read why.
const REFUSAL: Duration = Duration::from_secs(1);
/// How long the next connection is waited for where the system has no room for one.
const PAUSE: Duration = Duration::from_millis(200);

/// Answers clients that connect, until the runtime ends.
pub async fn serve(listener: TcpListener, router: Router) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // The client is away again.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
                ) =>
            {
                continue;
            }
            Err(error) => {
                tracing::warn!("a connection was refused by the system: {error}");
                sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = room.clone().try_acquire_owned() else {
            tokio::spawn(turn_away(stream));
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let _permit = permit;
            // Without it the end of an answer waits for the client's word.
            let _ = stream.set_nodelay(true);
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD);
            // That a client went away is no fault.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Says that there is no room.
async fn turn_away(mut stream: TcpStream) {
    let what = format!("there are {CONNECTIONS_MAX} connections already: close some, or ask later");
    let body = Problem::new(Kind::Busy, what).document().to_string();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = timeout(REFUSAL, stream.write_all(answer.as_bytes())).await;
}

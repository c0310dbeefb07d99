//! An exchange for those who have none: an HTTP server on a free port of this machine.
//!
//! Owns its prices and its moods. It answers `FAIL` with 500, and `SLOW` not before it is asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::{io, thread};

use tiny_http::{Request, Response};

/// A server that runs until it is dropped.
pub(crate) struct Server {
    http: Arc<tiny_http::Server>,
    held: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start() -> io::Result<Self> {
        let http = Arc::new(tiny_http::Server::http("127.0.0.1:0").map_err(io::Error::other)?);
        let held = Arc::new(AtomicUsize::new(0));
        let thread = thread::spawn({
            let (http, held) = (Arc::clone(&http), Arc::clone(&held));
            move || serve(&http, &held)
        });
        Ok(Self { http, held, thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.http.server_addr())
    }

    /// How many requests it keeps without an answer.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.http.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(http: &tiny_http::Server, held: &AtomicUsize) {
    // Answered when they are dropped.
    let mut slow: Vec<Request> = Vec::new();
    for request in http.incoming_requests() {
        let answer = match request.url() {
            "/quotes/BTC-USD" => Response::from_string(r#"{"price": "64235.17"}"#),
            "/quotes/ETH-USD" => Response::from_string(r#"{"price": "3120.5"}"#),
            "/quotes/MINUS" => Response::from_string(r#"{"price": "-1"}"#),
            "/quotes/GARBLED" => Response::from_string("<html>maintenance</html>"),
            "/quotes/FAIL" => Response::from_string("out of order").with_status_code(500),
            "/quotes/SLOW" => {
                slow.push(request);
                held.store(slow.len(), Ordering::SeqCst);
                continue;
            }
            _ => Response::from_string("no such symbol").with_status_code(404),
        };
        // Whoever went away needs no answer.
        let _ = request.respond(answer);
    }
}

//! A socket that answers many peers.
//!
//! Owns a socket of the crate, the bounds of what waits for each peer, and the listeners that it hands to the crate.
//! Never connects.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::zeromq::util::PeerIdentity;
use ::zeromq::{Listener, RouterSocket, Socket as _};
use bytes::Bytes;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, lookup_host};
use tokio::runtime::Handle;

use super::inflow::Inflow;
use super::watch::Watch;
use super::{CLOSING, receive, send, within};
use crate::address::{Address, Host};
use crate::transport::backlog::Backlog;
use crate::transport::{
    BindError, BindProblem, Boxed, Closed, ConnectError, ConnectProblem, Frames, PeersChange, SendRefused, Socket,
    SocketOptions, socket_file,
};

/// How many connections the kernel accepts ahead.
const ACCEPTED_AHEAD: u32 = 1_024;

pub(super) struct Router {
    socket: RouterSocket,
    watch: Watch,
    max_message_size: usize,
    keepalive: Option<Duration>,
    backlog: Backlog,
    inflow: Inflow,
}

impl Router {
    pub(super) fn new(runtime: Handle, options: &SocketOptions) -> Self {
        let mut socket = RouterSocket::new();
        Self {
            watch: Watch::over(&mut socket, &runtime),
            socket,
            max_message_size: options.max_message_size,
            keepalive: options.keepalive,
            backlog: Backlog::of_messages(options.send_queue, options.send_queue_bytes),
            inflow: Inflow::new(options),
        }
    }

    fn look(&mut self) {
        let Self { socket, inflow, max_message_size, .. } = self;
        inflow.look(|context| next(socket, *max_message_size, context));
    }

    async fn listen(&mut self, endpoint: &str) -> Result<String, BindProblem> {
        if let Some(path) = endpoint.strip_prefix("ipc://") {
            if path.starts_with('@') {
                return Err(BindProblem::Malformed("abstract names, which begin with `@`, need `omq`".to_owned()));
            }
            let _claim = socket_file::claim(path.as_ref()).await?;
            let listener = UnixListener::bind(path).map_err(socket_file::of_system)?;
            self.adopt(listener.into()).await?;
            return Ok(endpoint.to_owned());
        }
        let (host, port) = match endpoint.parse() {
            Ok(Address::Tcp { host, port }) => (host, port),
            Ok(_) => return Err(BindProblem::Malformed("neither a tcp nor an ipc endpoint".to_owned())),
            Err(error) => return Err(BindProblem::Malformed(error.to_string())),
        };
        let address = match host {
            Host::All => SocketAddr::from(([0, 0, 0, 0], port)),
            Host::Ip(ip) => SocketAddr::from((ip, port)),
            Host::Name(name) => {
                let mut known =
                    lookup_host((name, port)).await.map_err(|error| BindProblem::UnknownHost(error.to_string()))?;
                known.next().ok_or_else(|| BindProblem::UnknownHost("it has no address".to_owned()))?
            }
        };
        let (listener, bound) = self.tcp_listener(address).map_err(socket_file::of_system)?;
        self.adopt(listener.into()).await?;
        Ok(format!("tcp://{bound}"))
    }

    /// Accepted connections inherit what is set for the listener.
    fn tcp_listener(&self, address: SocketAddr) -> std::io::Result<(std::net::TcpListener, SocketAddr)> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        if let Some(idle) = self.keepalive {
            let keepalive = TcpKeepalive::new().with_time(idle).with_interval(idle / 3).with_retries(3);
            SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
        }
        socket.bind(address)?;
        let listener = socket.listen(ACCEPTED_AHEAD)?.into_std()?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    }

    async fn adopt(&mut self, listener: Listener) -> Result<(), BindProblem> {
        let adopted = self.socket.bind_listener(listener).await;
        adopted.map(drop).map_err(|error| BindProblem::Other(std::io::Error::other(error)))
    }
}

/// The next message that is not too large. Who sends a larger one is disconnected.
fn next(socket: &mut RouterSocket, max: usize, context: &mut Context<'_>) -> Poll<Frames> {
    loop {
        // What fails is a connection, and the watch tells of it.
        let Ok(message) = ready!(receive(socket, context)) else { return Poll::Pending };
        let frames: Frames = message.into_vecdeque().into_iter().collect();
        let Some((from, parts)) = frames.split_first() else { continue };
        if within(max, parts).is_ok() {
            return Poll::Ready(frames);
        }
        if let Ok(peer) = PeerIdentity::try_from(from.clone()) {
            socket.backend().peer_disconnected(&peer);
        }
    }
}

impl Socket for Router {
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>> {
        Box::pin(async move {
            let bound = self.listen(endpoint).await;
            bound.map_err(|problem| BindError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>> {
        let problem = ConnectProblem::Unsupported("a router of the transport `zeromq` binds only");
        Box::pin(async move { Err(ConnectError { endpoint: endpoint.to_owned(), problem }) })
    }

    fn try_receive(&mut self, max: usize, out: &mut Vec<Frames>) -> usize {
        let Self { socket, inflow, max_message_size, .. } = self;
        inflow.sweep(max, out, |context| next(socket, *max_message_size, context))
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Frames, Closed>> {
        let Self { socket, inflow, max_message_size, .. } = self;
        inflow.poll(context, |context| next(socket, *max_message_size, context)).map(Ok)
    }

    fn try_send(&mut self, mut frames: Frames) -> Result<(), SendRefused> {
        if frames.len() < 2 {
            return Err(SendRefused::Empty);
        }
        let to: Bytes = frames.remove(0);
        within(self.max_message_size, &frames)?;
        if !self.backlog.admits(&to, &mut frames) {
            return Err(SendRefused::Full);
        }
        let mut parts = VecDeque::with_capacity(frames.len() + 1);
        parts.push_back(to);
        parts.extend(frames);
        send(&mut self.socket, parts)
    }

    fn ready_peers(&mut self) -> usize {
        self.look();
        self.watch.ready()
    }

    fn peers_change(&mut self) -> Option<PeersChange> {
        self.look();
        self.watch.change()
    }

    fn poll_peers(&mut self, context: &mut Context<'_>) -> Poll<Result<PeersChange, Closed>> {
        let Self { socket, inflow, max_message_size, .. } = self;
        ready!(inflow.poll_ahead(context, |context| next(socket, *max_message_size, context)));
        self.watch.poll_change(context).map(Ok)
    }

    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()> {
        Box::pin(async move {
            let Self { mut socket, mut watch, .. } = *self;
            socket.unbind_all().await;
            drop(socket);
            let _ = tokio::time::timeout(linger.saturating_add(CLOSING), watch.ended()).await;
        })
    }
}

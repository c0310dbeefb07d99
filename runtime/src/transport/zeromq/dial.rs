//! Making a connection, however long it takes until somebody listens.
//!
//! Owns the pauses between attempts: the crate's own grow to half a minute and cannot be set. Where nobody listens, it
//! knocks with connections of its own, which say nothing and end at once, and leaves the rest to the crate. Ends with a
//! socket of the crate that has its one peer, and never looks at it again.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use ::zeromq::Socket;
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use super::watch::Watch;
use crate::address::{Address, AddressError, OnlyBinds};
use crate::transport::{ConnectProblem, SocketOptions};

/// Whom to connect to, and with what patience.
#[derive(Clone)]
pub(super) struct Target {
    endpoint: String,
    address: Address,
    handshake_timeout: Duration,
    pause_min: Duration,
    pause_max: Duration,
}

impl Target {
    /// The target behind `endpoint`.
    pub(super) fn new(endpoint: &str, options: &SocketOptions) -> Result<Self, ConnectProblem> {
        let address: Address = endpoint.parse().map_err(|error: AddressError| malformed(&error))?;
        match address.only_binds() {
            Some(OnlyBinds::AllInterfaces) => return Err(ConnectProblem::AnyHost),
            Some(OnlyBinds::AnyPort) => return Err(ConnectProblem::AnyPort),
            None => {}
        }
        match &address {
            Address::Ipc(name) if name.starts_with('@') => {
                return Err(malformed(&"abstract names, which begin with `@`, need the transport `omq`"));
            }
            Address::Inproc(_) => return Err(malformed(&"neither a tcp nor an ipc endpoint")),
            Address::Tcp { .. } | Address::Ipc(_) => {}
        }
        Ok(Self {
            endpoint: address.to_string(),
            address,
            handshake_timeout: options.handshake_timeout,
            pause_min: options.reconnect_min,
            pause_max: options.reconnect_max,
        })
    }

    /// Connects; `again` if a connection was lost just now.
    pub(super) async fn dial<S: Socket>(&self, again: bool, runtime: &Handle) -> (S, Watch) {
        let mut pause = self.pause_min;
        if again {
            self.rest(&mut pause).await;
        }
        loop {
            let mut socket = S::new();
            let watch = Watch::over(&mut socket, runtime);
            let attempt = timeout(self.handshake_timeout, socket.connect(&self.endpoint));
            tokio::select! {
                done = attempt => match done {
                    Ok(Ok(())) => return (socket, watch),
                    _ => self.rest(&mut pause).await,
                },
                () = self.nobody_there() => {
                    while self.knock().await.is_err() {
                        self.rest(&mut pause).await;
                    }
                }
            }
        }
    }

    /// Pauses, and makes the next pause longer.
    async fn rest(&self, pause: &mut Duration) {
        sleep(*pause).await;
        *pause = pause.saturating_mul(2).min(self.pause_max);
    }

    /// Ends when it is known that nobody listens. Whoever does listen, and is slow to answer, is not disturbed again.
    async fn nobody_there(&self) {
        sleep(self.pause_min).await;
        if self.knock().await.is_ok() {
            std::future::pending().await
        }
    }

    async fn knock(&self) -> Result<(), Error> {
        let knock = async {
            match &self.address {
                Address::Tcp { host, port } => {
                    TcpStream::connect((host.to_string().trim_matches(['[', ']']), *port)).await.map(drop)
                }
                Address::Ipc(path) => UnixStream::connect(path).await.map(drop),
                Address::Inproc(_) => Err(ErrorKind::Unsupported.into()),
            }
        };
        timeout(self.handshake_timeout, knock).await?
    }
}

fn malformed(reason: &impl ToString) -> ConnectProblem {
    ConnectProblem::Malformed(reason.to_string())
}

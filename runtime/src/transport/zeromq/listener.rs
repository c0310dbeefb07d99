//! Listening where the crate is to accept.
//!
//! Owns the listeners until it hands them to the crate, which itself knows no `*`, no keepalive and no dead socket files.
//! Never accepts.

use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use ::zeromq::{Listener, Socket};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, lookup_host};

use crate::address::{Address, Host};
use crate::transport::{BindProblem, socket_file};

/// How many connections the kernel accepts ahead.
const ACCEPTED_AHEAD: u32 = 1_024;

/// A listener at `endpoint`, and the endpoint as bound.
pub(super) async fn of(endpoint: &str, keepalive: Option<Duration>) -> Result<(Listener, String), BindProblem> {
    if let Some(path) = endpoint.strip_prefix("ipc://") {
        if path.starts_with('@') {
            return Err(BindProblem::Malformed("abstract names, which begin with `@`, need `omq`".to_owned()));
        }
        let _claim = socket_file::claim(path.as_ref()).await?;
        let listener = UnixListener::bind(path).map_err(socket_file::of_system)?;
        return Ok((listener.into(), endpoint.to_owned()));
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
    let (listener, bound) = tcp(address, keepalive).map_err(socket_file::of_system)?;
    Ok((listener.into(), format!("tcp://{bound}")))
}

/// Hands a listener to a socket of the crate.
pub(super) async fn adopt(socket: &mut impl Socket, listener: Listener) -> Result<(), BindProblem> {
    let adopted = socket.bind_listener(listener).await;
    adopted.map(drop).map_err(|error| BindProblem::Other(std::io::Error::other(error)))
}

/// Accepted connections inherit what is set for the listener.
fn tcp(address: SocketAddr, keepalive: Option<Duration>) -> std::io::Result<(std::net::TcpListener, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if let Some(idle) = keepalive {
        let keepalive = TcpKeepalive::new().with_time(idle).with_interval(idle / 3).with_retries(3);
        SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
    }
    socket.bind(address)?;
    let listener = socket.listen(ACCEPTED_AHEAD)?.into_std()?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

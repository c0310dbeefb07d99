//! Sockets for the roles that are no services.
//!
//! Owns how they are opened, and the runtime on which they live. What goes over them is the roles'.

use std::future::Future;
use std::sync::Arc;

use service_framework::prelude::*;
use service_framework_model::wire::encode_value;
use service_framework_runtime::transport::{DEFAULT, Socket, SocketKind, SocketOptions, Transport, find};

/// Runs the work of a role to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?.block_on(work)
}

/// A socket at `address`, HOST:PORT, which it binds or connects to.
pub(crate) async fn open(kind: SocketKind, address: &str, binds: bool) -> Result<Box<dyn Socket>> {
    let transport: Arc<dyn Transport> = find(DEFAULT).ok_or_else(|| Error::new("there is no transport"))?;
    let mut socket = transport.open(kind, &SocketOptions::default())?;
    let endpoint = format!("tcp://{address}");
    if binds {
        socket.bind(&endpoint).await?;
    } else {
        socket.connect(&endpoint).await?;
    }
    Ok(socket)
}

/// What the messages of a topic begin with; nothing if there is no topic.
pub(crate) fn prefix(topic: &str) -> Vec<u8> {
    let mut prefix = Vec::new();
    if !topic.is_empty() {
        encode_value(&Value::from(topic), &mut prefix);
    }
    prefix
}

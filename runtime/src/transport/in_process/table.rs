//! The names of a process and who is behind them, as a machine's table of ports.
//!
//! The one thing in this crate that a whole process shares. It holds a name for as long as a socket is bound to it or
//! wants to be connected to it, and nothing else. Sockets are connected and parted under its lock, one at a time, so
//! that no two threads see a connection by halves; messages never come by here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::inbox::{Inbox, Peer};

static TABLE: Mutex<Table> = Mutex::new(Table { names: BTreeMap::new(), connections: 0 });

struct Table {
    names: BTreeMap<String, Name>,
    /// How many connections there were; each has its number as return address.
    connections: u64,
}

#[derive(Default)]
struct Name {
    bound: Option<Arc<Inbox>>,
    /// Who wants to be connected to it, now and whenever it is bound again.
    connecting: Vec<Arc<Inbox>>,
}

/// Binds `inbox` to a name, and connects it to whoever waits for that. False if the name is in use.
pub(super) fn bind(name: &str, inbox: &Arc<Inbox>) -> bool {
    let mut table = table();
    let Table { names, connections } = &mut *table;
    let name = names.entry(name.to_owned()).or_default();
    if name.bound.is_some() {
        return false;
    }
    name.bound = Some(Arc::clone(inbox));
    for other in &name.connecting {
        join(connections, inbox, other);
    }
    true
}

/// Connects `inbox` to a name, now and whenever it is bound.
pub(super) fn connect(name: &str, inbox: &Arc<Inbox>) {
    let mut table = table();
    let Table { names, connections } = &mut *table;
    let name = names.entry(name.to_owned()).or_default();
    name.connecting.push(Arc::clone(inbox));
    if let Some(bound) = &name.bound {
        join(connections, inbox, bound);
    }
}

/// Takes `inbox` out of the table and parts it from its peers; they keep what it has sent, unless that is discarded.
pub(super) fn leave(inbox: &Arc<Inbox>, discards: bool) {
    let mut table = table();
    table.names.retain(|_, name| {
        name.bound.take_if(|bound| Arc::ptr_eq(bound, inbox));
        name.connecting.retain(|other| !Arc::ptr_eq(other, inbox));
        name.bound.is_some() || !name.connecting.is_empty()
    });
    for peer in inbox.close() {
        peer.inbox.part(&peer.address, discards.then_some(&peer.waiting));
    }
}

/// Subscribes to `prefix`, or takes a subscription back, and tells the peers.
pub(super) fn subscribe(inbox: &Arc<Inbox>, prefix: &[u8], begins: bool) {
    let _no_peer_comes_or_goes = table();
    for peer in inbox.subscribe(prefix, begins) {
        peer.inbox.subscribed(&peer.address, prefix, begins);
    }
}

/// Connects two sockets, if they are of kinds that understand each other.
fn join(connections: &mut u64, one: &Arc<Inbox>, other: &Arc<Inbox>) {
    if !one.kind.understands(other.kind) {
        return;
    }
    *connections += 1;
    let address = Bytes::copy_from_slice(&connections.to_be_bytes());
    for (inbox, peer) in [(one, other), (other, one)] {
        let prefixes = peer.prefixes();
        inbox.join(Peer { address: address.clone(), inbox: Arc::clone(peer), waiting: Arc::default() }, &prefixes);
    }
}

fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

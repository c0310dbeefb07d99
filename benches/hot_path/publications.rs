//! The subscriber's path: from the bytes of a publication to the return of the function that hears it.
//!
//! Owns the publications, each with the next number of its publisher, and the proof that all were heard: when a
//! contestant ends, its service has received every one and dropped none.

use std::hint::black_box;

use bench_desk::publication::{self, Listener};
use bench_desk::{Desk, HEARD_BORROWED, HEARD_OWNED, message};
use bytes::Bytes;
use rmp::encode::ByteBuf;
use service_framework::testing::{TestService, TestServiceBuilder};

use crate::contestant::Contestant;
use crate::{c_plugin, plugin_path};

/// The connection of the plugin in C.
const C_HEARD: &str = "heard";

pub(crate) fn hearing() -> Vec<Contestant> {
    let by_hand = {
        let mut listener = Listener::default();
        move |frames: &[Bytes; 1]| {
            black_box(listener.hear(black_box(&frames[0])).is_some_and(|order| {
                black_box(&order);
                true
            }));
        }
    };
    let (embedded, plugin) = (TestService::of::<Desk>, || TestService::from_path(plugin_path()));
    let mut contestants = vec![
        Contestant::with_each("by hand", publications(), by_hand),
        hears("embedded, borrowed", embedded(), HEARD_BORROWED),
        hears("embedded, owned", embedded(), HEARD_OWNED),
        hears("plugin, borrowed", plugin(), HEARD_BORROWED),
        hears("plugin, owned", plugin(), HEARD_OWNED),
    ];
    match c_plugin("benches/desk/listener.c") {
        Ok(path) => contestants.push(hears("plugin in C", TestService::from_path(path), C_HEARD)),
        Err(reason) => eprintln!("\nNOT MEASURED: the plugin in C, because {reason}"),
    }
    contestants
}

/// The next publication of one publisher.
fn publications() -> impl FnMut() -> [Bytes; 1] {
    let mut number = 0;
    move || {
        number += 1;
        let mut frame = ByteBuf::new();
        let order = message::order(message::SEQUENCE + number);
        publication::write(&order, message::WORKFLOW_ID, (0x9e37_79b9_7f4a_7c15, number.unsigned_abs()), &mut frame);
        [frame.into_vec().into()]
    }
}

fn hears(name: &'static str, service: TestServiceBuilder, connection: &'static str) -> Contestant {
    let service = service.start().expect("a listener");
    let place = service.place_of(connection).expect("a connection of the listener");
    let mut hearing = Hearing { service, connection, heard: 0 };
    Contestant::with_each(name, publications(), move |frames| {
        hearing.heard += 1;
        black_box(hearing.service.handle(place, black_box(frames)));
    })
}

struct Hearing {
    service: TestService,
    connection: &'static str,
    heard: u64,
}

impl Drop for Hearing {
    fn drop(&mut self) {
        let stats = self.service.stats();
        let stats = &stats.inbound[self.connection];
        assert_eq!((stats.received, stats.dropped.len()), (self.heard, 0), "{stats:?}");
    }
}

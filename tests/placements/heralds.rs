//! Publishing from threads and before there is anybody to hear, wherever the sockets live.

use service_framework::prelude::*;
use service_framework::{ErrorKind, Json, Placement, Service, ServiceBuilder, json};

use crate::publications::{Setup, TICKS, Tick, at, creation, sink, stats};
use crate::support::{PATIENCE, free_address, until};
use crate::{each_placement, started};

/// Publishes on behalf of threads, or as its config says.
struct Herald {
    setup: Setup,
}

impl ServiceDefinition for Herald {
    type Config = Setup;

    fn new(setup: Setup) -> Result<Self> {
        Ok(Self { setup })
    }

    fn models(m: &mut Models<Self>) {
        m.publisher(&TICKS).topic("TICK");
        m.setup_connections(|config| creation(&config, "ticks"));
        m.init(Self::init);
    }

    fn name() -> &'static str {
        "herald"
    }
}

impl Herald {
    fn init(&mut self, ctx: &mut Context) -> Result<()> {
        if self.setup.count < 0 {
            let error = ctx.wait_for_subscribers(&TICKS, 1, Duration::from_millis(20)).expect_err("nobody is there");
            assert_eq!((error.kind(), error.code()), (ErrorKind::NoPeer, "no_peer"), "{error}");
            return Err(error);
        }
        let (sender, count) = (ctx.sender()?, self.setup.count);
        std::thread::spawn(move || {
            for n in 0..count {
                sender.send(&TICKS, &Tick { key: String::new(), n }).expect("a service that takes it");
            }
        });
        Ok(())
    }
}

fn herald(placement: Placement, address: &str, count: i64, creation: &Json) -> ServiceBuilder {
    let config = json!({"test": 0, "count": count, "creation": creation.to_string()});
    Service::of::<Herald>().addresses(at("out", "publisher", address)).config(config).placement(placement)
}

#[test]
fn a_thread_publishes_as_fast_as_it_can_and_nothing_is_lost_on_the_way_to_the_sockets() {
    each_placement(|placement| {
        let address = free_address();
        let of_subscriber = at("in", "subscriber", &address);
        let (_subscriber, hears, gate) =
            sink(|builder| builder.placement(placement).addresses(of_subscriber), &json!({}));
        drop(gate);
        // Nobody sends before the subscriber is there: `init` comes after the wait.
        let creation = json!({"wait_for_subscribers": 1, "wait_for_subscribers_s": 30});
        let herald = started(herald(placement, &address, 5_000, &creation));
        for n in 0..5_000 {
            assert_eq!(hears.recv_timeout(PATIENCE).expect("a tick").n, n);
        }
        assert_eq!(stats(&herald).sent, 5_000);
    });
}

#[test]
fn a_publisher_that_waits_for_nobody_in_vain_says_so_or_goes_on() {
    each_placement(|placement| {
        let address = "127.0.0.1:0";
        let error =
            herald(placement, address, -1, &json!({})).build().expect("good").run_service().expect_err("in vain");
        assert!(error.to_string().contains("0 of 1 subscribers were there within 20ms"), "{error}");
        let patient = json!({"wait_for_subscribers": 1, "wait_for_subscribers_s": 0.02, "wait_after_creation_s": 0.05});
        let began = std::time::Instant::now();
        let mut herald = started(herald(placement, address, 10, &patient));
        assert!(began.elapsed() >= Duration::from_millis(50));
        until("the ticks", || (stats(&herald).sent == 10).then_some(()));
        herald.stop_service().expect("a clean end");
    });
}

#[test]
fn what_was_published_before_the_service_stops_still_leaves() {
    each_placement(|placement| {
        for _ in 0..5 {
            let address = free_address();
            let of_subscriber = at("in", "subscriber", &address);
            let (_subscriber, hears, gate) =
                sink(|builder| builder.placement(placement).addresses(of_subscriber), &json!({}));
            drop(gate);
            let creation = json!({"wait_for_subscribers": 1, "wait_for_subscribers_s": 30});
            let mut herald = started(herald(placement, &address, 300, &creation));
            until("the first tick to be sent", || (stats(&herald).sent > 0).then_some(()));
            until("the thread to be through", || (stats(&herald).sent == 300).then_some(()));
            herald.stop_service().expect("a clean end");
            for n in 0..300 {
                assert_eq!(hears.recv_timeout(PATIENCE).expect("a tick").n, n);
            }
        }
    });
}

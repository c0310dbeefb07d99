//! A peer that is back is found within moments, a hundred times over.

use std::time::{Duration, Instant};

use service_framework_runtime::transport::SocketOptions;

use crate::bench::{Bench, Endpointed};

const RESTARTS: usize = 100;

/// The longest that anybody should have to wait for a peer that is back.
const SOON: Duration = Duration::from_secs(2);

fn quick() -> SocketOptions {
    SocketOptions {
        reconnect_min: Duration::from_millis(1),
        reconnect_max: Duration::from_millis(10),
        ..SocketOptions::default()
    }
}

pub(crate) async fn a_hundred_restarts_of_a_listener_are_survived(bench: &Bench) {
    let mut times = Times::default();
    for endpoint in bench.endpoints("restarting") {
        let mut router = bench.router();
        router.bind(&endpoint).await;
        let endpoint = router.endpoint.clone();
        let mut dealer = bench.connected_with(&endpoint, &quick()).await;
        for _ in 0..RESTARTS / 2 {
            router.close().await;
            dealer.until_lost().await;
            router = bench.router();
            router.bind(&endpoint).await;
            times.until_served(&mut router, &mut dealer).await;
        }
    }
    times.report(bench, "a listener");
}

pub(crate) async fn a_hundred_restarts_of_a_requester_are_survived(bench: &Bench) {
    let mut times = Times::default();
    let mut router = bench.listening().await;
    let mut staying = bench.connected(&router.endpoint).await;
    for _ in 0..RESTARTS {
        let mut dealer = bench.dealer_with(&quick());
        dealer.connect(&router.endpoint).await;
        times.until_served(&mut router, &mut dealer).await;
        dealer.close().await;
        router.until_ready(1).await;
        router.serves(&mut staying).await;
    }
    times.report(bench, "a requester");
}

/// How long it took from a peer's being back to the next good round trip.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    async fn until_served(&mut self, router: &mut Endpointed, dealer: &mut Endpointed) {
        let back = Instant::now();
        dealer.until_ready(1).await;
        router.serves(dealer).await;
        self.0.push(back.elapsed());
    }

    fn report(mut self, bench: &Bench, who: &str) {
        self.0.sort();
        let (median, max) = (self.0[self.0.len() / 2], self.0[self.0.len() - 1]);
        println!("{}: {who} is back in service after {median:?}, {max:?} at most", bench.transport.name());
        assert_eq!(self.0.len(), RESTARTS);
        assert!(max < SOON, "it took {max:?}");
    }
}

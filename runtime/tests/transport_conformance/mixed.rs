//! The two ZeroMQ crates understand each other, and find each other again.

use service_framework_runtime::transport::{Omq, Transport, Zeromq};

use crate::bench::{self, Bench, request};

/// A requester of one transport and a replyer of another, each of which is restarted.
fn work_together(asking: &'static dyn Transport, answering: &'static dyn Transport) {
    bench::run(answering, async |answering| {
        let asking = Bench::new(asking);
        for endpoint in answering.endpoints("mixed") {
            let mut router = answering.router();
            router.bind(&endpoint).await;
            let endpoint = router.endpoint.clone();
            let mut dealer = asking.connected(&endpoint).await;
            router.serves(&mut dealer).await;
            for size in [0, 1, 255, 256, 100_000, 1 << 20] {
                let body = vec![9; size];
                dealer.send(request(1, &body));
                router.echo().await;
                assert_eq!(dealer.receive().await, request(1, &body));
            }

            router.close().await;
            dealer.until_lost().await;
            let mut router = answering.router();
            router.bind(&endpoint).await;
            dealer.until_ready(1).await;
            router.serves(&mut dealer).await;

            dealer.close().await;
            router.until_lost().await;
            let mut dealer = asking.connected(&endpoint).await;
            router.serves(&mut dealer).await;
        }
    });
}

#[test]
fn an_omq_requester_and_a_zeromq_replyer_work_together() {
    work_together(&Omq, &Zeromq);
}

#[test]
fn a_zeromq_requester_and_an_omq_replyer_work_together() {
    work_together(&Zeromq, &Omq);
}

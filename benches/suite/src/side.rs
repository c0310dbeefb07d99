//! This program as one side of a contestant: which one, and what all of them share.
//!
//! Owns the executor of a side and its end: a side ends when nobody is left to write to it. Never measures.

use bench_desk::process::told;
use omq_tokio::Endpoint;

/// The argument that makes this program one side: it is followed by the role, the words that say what it is, and the
/// endpoint.
pub(crate) const SIDE: &str = "--side";

pub(crate) fn play(role: &str, words: &str, endpoint: &str) {
    let words: Vec<&str> = words.split(' ').collect();
    match role {
        "desk" => crate::request::desk(&words, endpoint),
        "client" => crate::request::client(&words, endpoint),
        "publisher" => crate::publish::publisher(&words, endpoint),
        "subscriber" => crate::publish::subscriber(&words, endpoint),
        "owner" => crate::states::owner(&words, endpoint),
        "copies" => crate::states::copies(&words, endpoint),
        "host" => crate::crowd::host(&words, endpoint),
        "asker" => {
            let connections = words.concat().parse().expect("a number of connections");
            crate::crowd::asker(connections, &endpoint.split(' ').collect::<Vec<_>>());
        }
        _ => panic!("no role is called `{role}`"),
    }
}

/// Runs a side on this thread; with the word `busy` it never sleeps, as the framework does it.
pub(crate) fn block_on(words: &[&str], side: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().expect("an executor");
    if words.contains(&"busy") {
        runtime.spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
    }
    runtime.block_on(side);
}

/// Runs until nobody is left to write to this process.
pub(crate) fn until_left() {
    while told().is_some() {}
}

/// Ends this process when nobody is left to write to it.
pub(crate) fn exit_when_left() {
    std::thread::spawn(|| {
        until_left();
        std::process::exit(0);
    });
}

pub(crate) fn endpoint(text: &str) -> Endpoint {
    text.parse().expect("an endpoint")
}

/// The next message of a subscription to NATS.
pub(crate) async fn next(messages: &mut async_nats::Subscriber) -> Option<async_nats::Message> {
    use futures_core::Stream as _;
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *messages).poll_next(context)).await
}

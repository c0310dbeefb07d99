//! The service between a feed that the test speaks for and a desk, over real sockets; where only the
//! desk's answers matter, by a script.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use desk::Desk;
use feed::Feed;
use service_framework::testing::{Answer, TestService};
use service_framework::{Error, Service, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until there is what is waited for.
#[track_caller]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// The service's next connection to the feed, and what it asked for.
fn accept(listener: &TcpListener) -> (TcpStream, String) {
    let (stream, _) = until("the service to connect", || match listener.accept() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        accepted => Some(accepted.unwrap()),
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut asked = String::new();
    BufReader::new(&stream).read_line(&mut asked).unwrap();
    (stream, asked)
}

fn line(trade_id: u64, price: &str) -> String {
    format!("{trade_id} 2026-01-05T09:30:00Z BTC-USD buy 0.25 {price}\n")
}

fn desk() -> Service {
    let addresses = json!({"connections": {"in": {"trade": {"replyer": "127.0.0.1:0"}}}});
    let mut desk = Service::of::<Desk>().addresses(addresses).build().unwrap();
    desk.run_service().unwrap();
    desk
}

fn feed(address: &str, desk: &Service) -> Service {
    let addresses = json!({"connections": {"out": {"desk": {"requester": desk.address("trade")}}}});
    let mut feed = Service::of::<Feed>().addresses(addresses).config(json!({"feed": address})).build().unwrap();
    feed.run_service().unwrap();
    feed
}

fn until_answered(feed: &Service, count: u64) {
    until("the desk's answers", || (feed.stats().outbound["desk"].received == count).then_some(()));
}

#[test]
fn after_a_hang_up_the_feed_is_asked_for_what_came_after_the_last_answer() {
    let (listener, address) = listener();
    let desk = desk();
    let feed = feed(&address, &desk);
    let (mut stream, asked) = accept(&listener);
    assert_eq!(asked, "since 0\n");
    // Half a line looks like a trade, too, at another price.
    let third = line(3, "64000.5");
    write!(stream, "{}{}{}", line(1, "64000.1"), line(2, "64000.3"), third.split_at(third.len() - 2).0).unwrap();
    until_answered(&feed, 2);
    drop(stream);

    let (mut stream, asked) = accept(&listener);
    assert_eq!(asked, "since 2\n");
    write!(stream, "{third}").unwrap();
    until_answered(&feed, 3);
    let told = &desk.stats().inbound["trade"];
    assert_eq!((told.received, told.dropped.len()), (3, 0), "{told}");
}

#[test]
fn a_line_that_makes_no_sense_and_a_trade_that_cannot_be_are_passed_over() {
    let (listener, address) = listener();
    let desk = desk();
    let feed = feed(&address, &desk);
    let (mut stream, _) = accept(&listener);
    write!(stream, "hello\n{}\u{0}\n{}", line(1, "0"), line(2, "64000.1")).unwrap();
    until_answered(&feed, 1);
    assert_eq!(feed.stats().outbound["desk"].sent, 1);
    assert_eq!(desk.stats().inbound["trade"].received, 1);
}

#[test]
fn a_trade_is_sent_again_until_the_desk_has_counted_it_and_keeps_its_place() {
    let (listener, address) = listener();
    let mut feed = TestService::of::<Feed>().config(json!({ "feed": address })).start().unwrap();
    let mut answers = vec![
        Error::with_code("overloaded", "too much to do").retryable().into(),
        // This one has counted the trade, and nobody was told.
        Answer::peer_lost(),
        Error::caller("trade_seen", "counted before").into(),
        Error::caller("too_precise", "it has 9 decimals").into(),
        Error::caller("trade_seen", "counted before").into(),
    ]
    .into_iter();
    feed.answer("desk", move |_| answers.next().unwrap()).unwrap();
    let (mut stream, _) = accept(&listener);
    write!(stream, "{}{}{}", line(1, "64000.1"), line(2, "64000.123456789"), line(3, "64000.3")).unwrap();
    feed.take_posts(5, PATIENCE).unwrap();
    let told: Vec<_> = feed.sent().into_iter().map(|sent| sent.arguments["trade_id"].clone()).collect();
    assert_eq!(told, [1, 1, 1, 2, 3]);
    drop(stream);
    assert_eq!(accept(&listener).1, "since 3\n");
}

#[test]
fn a_stop_ends_the_thread_and_its_connection() {
    let (listener, address) = listener();
    let desk = desk();
    let mut feed = feed(&address, &desk);
    let (mut stream, _) = accept(&listener);
    feed.stop_service().unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_stop_does_not_wait_for_a_feed_that_is_not_there() {
    let desk = desk();
    let mut feed = feed("127.0.0.1:1", &desk);
    feed.stop_service().unwrap();
}

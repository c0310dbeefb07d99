//! Whoever can reach the port can ruin a connection, never the socket.

use std::time::{Duration, Instant};

use service_framework_runtime::transport::SocketOptions;

use crate::bench::Bench;
use crate::raw::{Raw, frame, long_header};

pub(crate) async fn bytes_that_are_no_zeromq_end_that_connection_only(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let garbage: Vec<u8> = (0..1_000_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for bytes in [b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nUser-Agent: somebody\r\n\r\n", &garbage[..]] {
        let mut stranger = Raw::connect(&router.endpoint).await;
        stranger.write(bytes).await;
        router.beside(stranger.until_closed()).await;
    }
    for socket_type in ["PUB", "ROUTERS", ""] {
        let mut stranger = Raw::introduced(&router.endpoint, socket_type, "").await;
        router.beside(stranger.until_closed()).await;
    }
    let mut stranger = Raw::introduced(&router.endpoint, "DEALER", "").await;
    stranger.write(&[0xff; 64]).await;
    router.beside(stranger.until_closed()).await;
    router.serves(&mut dealer).await;
}

pub(crate) async fn a_frame_that_announces_a_tebibyte_ends_that_connection_only(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    for length in [1 << 40, u64::MAX >> 1, u64::MAX] {
        let mut stranger = Raw::introduced(&router.endpoint, "DEALER", "").await;
        stranger.write(&long_header(length)).await;
        router.beside(stranger.until_closed()).await;
    }
    router.serves(&mut dealer).await;
}

pub(crate) async fn a_message_of_endless_frames_ends_that_connection_only(bench: &Bench) {
    let small = SocketOptions { max_message_size: 1 << 20, ..SocketOptions::default() };
    let mut router = bench.listening_with(&small).await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let mut stranger = Raw::introduced(&router.endpoint, "DEALER", "").await;
    let frames: Vec<u8> = (0..1_000).flat_map(|_| frame(true, b"")).collect();
    assert!(router.beside(stranger.is_refused_within(16 << 20, &frames)).await);
    router.serves(&mut dealer).await;
}

pub(crate) async fn a_peer_that_never_introduces_itself_is_disconnected(bench: &Bench) {
    let impatient = SocketOptions { handshake_timeout: Duration::from_millis(200), ..SocketOptions::default() };
    let mut router = bench.listening_with(&impatient).await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let mut silent = Raw::connect(&router.endpoint).await;
    let mut slow = Raw::connect(&router.endpoint).await;
    slow.write(&[0xff]).await;
    let connected = Instant::now();
    router.serves(&mut dealer).await;
    router.beside(silent.until_closed()).await;
    router.beside(slow.until_closed()).await;
    assert!(connected.elapsed() < Duration::from_secs(5), "disconnected after {:?}", connected.elapsed());
    router.serves(&mut dealer).await;
}

pub(crate) async fn silent_strangers_hold_up_a_newcomer_only_until_they_are_disconnected(bench: &Bench) {
    let impatient = SocketOptions {
        handshake_timeout: Duration::from_millis(200),
        max_pending_handshakes: 4,
        ..SocketOptions::default()
    };
    let mut router = bench.listening_with(&impatient).await;
    let mut early = bench.connected(&router.endpoint).await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(Raw::connect(&router.endpoint).await);
    }
    router.serves(&mut early).await;
    let mut late = bench.connected(&router.endpoint).await;
    router.serves(&mut late).await;
    for mut stranger in silent {
        router.beside(stranger.until_closed()).await;
    }
}

pub(crate) async fn ten_thousand_connections_come_and_go(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    for number in 0..10_000 {
        let stranger = Raw::connect(&router.endpoint).await;
        if number % 1_000 == 0 {
            drop(stranger);
            router.serves(&mut dealer).await;
        }
    }
    router.serves(&mut dealer).await;
    router.until_ready(1).await;
}

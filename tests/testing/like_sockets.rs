//! The same bytes in give the same bytes out, through the kit and over a socket.

use fixtures::Desk;
use service_framework::testing::TestService;
use service_framework::{Service, Value, json};

use super::support::messages::{bytes, request, request_with};
use super::support::peer::Peer;

#[test]
fn what_is_answered_is_the_same_byte_by_byte() {
    let addresses = json!({"connections": {
        "in": {"echo": {"replyer": "127.0.0.1:0"}, "trouble": {"replyer": "127.0.0.1:0"}},
        "out": {"peer": {"requester": "127.0.0.1:1"}},
    }});
    let mut service = Service::of::<Desk>().addresses(addresses).build().unwrap();
    service.run_service().unwrap();
    let mut desk = TestService::of::<Desk>().start().unwrap();
    let of = |text: &str, key: &str, value: Value| {
        request_with(Value::map([("text", Value::from(text)), (key, value)]), "w")
    };
    let requests = [
        ("echo", request("hello", "w")),
        ("echo", of("é", "price", Value::Decimal("0.10".parse().unwrap()))),
        ("echo", of("é", "samples", Value::FloatArray(vec![0.5, f64::NAN]))),
        ("echo", of("a type that is wrong", "count", "7".into())),
        ("echo", of("a key that is not known", "cuont", 7_i64.into())),
        ("echo", bytes(&Value::map([("args", Value::map([("text", Value::from("no id"))]))]))),
        ("echo", b"\xc1".to_vec()),
        ("echo", Vec::new()),
        ("trouble", request("error", "w")),
        ("trouble", request("panic", "w")),
        ("trouble", request("nothing", "w")),
    ];
    for (connection, request) in requests {
        let mut peer = Peer::dealer(service.address(connection).unwrap());
        peer.send_request(&request);
        let frames = peer.receive();
        let answer = desk.deliver_bytes(connection, request.clone()).unwrap().unwrap();
        assert_eq!(frames, [Vec::new(), answer.to_vec()], "to {request:?}");
    }
    let (kit, sockets) = (desk.stats(), service.stats());
    assert_eq!(kit.inbound, sockets.inbound, "and so are the counters");
}

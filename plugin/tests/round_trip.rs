//! What a service declares, and what its host reads: the same model.
#![allow(unsafe_code, reason = "the test is the other side of the C ABI")]

use std::collections::{BTreeMap, HashSet};
use std::ffi::c_void;

use service_framework::abi::{OK, Text};
use service_framework::prelude::*;
use service_framework::service_table;
use service_framework_model::parse::service_model;

#[derive(Model)]
#[model(rename_all = "lowercase")]
enum Side {
    Buy,
    Sell,
}

#[derive(Model)]
struct Level {
    #[model(min = Decimal::ONE, max = Decimal::ONE_HUNDRED)]
    price: Decimal,
    note: Option<String>,
}

#[derive(Model)]
#[model(open)]
struct Everything {
    any: Value,
    #[model(default = vec![1, 255], max_length = 4)]
    bytes: Vec<u8>,
    #[model(default = Level { price: Decimal::TWO, note: None })]
    level: Level,
    #[model(default = vec![Side::Buy])]
    sides: Vec<Side>,
    #[model(required)]
    nothing: Option<u64>,
    #[model(min_length = 1, pattern = "[a-z]+")]
    name: String,
    #[model(min = -0.5, default = 0.1)]
    float: f64,
    tuple: (bool, u8, (DateTime<Utc>,)),
    #[model(default = BTreeMap::from([(Decimal::TEN, Uuid::from_u128(7))]))]
    map: BTreeMap<Decimal, Uuid>,
    #[model(default = HashSet::from([i64::MIN]))]
    set: HashSet<i64>,
    #[model(default = FloatArray(vec![0.25, -4.0]))]
    floats: FloatArray,
    #[model(default = DateTime::UNIX_EPOCH)]
    since: DateTime<Utc>,
}

struct Service;

const OUT: Requester<Everything, Everything> = Requester::new("out");

impl ServiceDefinition for Service {
    type Config = Everything;

    fn new(_: Everything) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&OUT).timeout(Duration::from_millis(1500));
        m.replyer::<Everything, Level>("in", |_, _, _| Err(Error::new("not called"))).peers(Peers::Own);
        m.init(|_, _| Ok(()));
    }
}

unsafe extern "C" fn collect(sink: *mut c_void, text: Text) {
    // SAFETY: the sink is the buffer that goes with this function, and the text is lent for the call.
    unsafe { (*sink.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(text.pointer, text.len)) };
}

#[test]
fn the_host_reads_the_models_that_a_service_declares() {
    let mut json: Vec<u8> = Vec::new();
    // SAFETY: the sink is a buffer, as `collect` expects.
    let status = unsafe { (service_table::<Service>().describe)((&raw mut json).cast(), collect) };
    assert_eq!(status, OK);
    let model = service_model(&String::from_utf8(json).unwrap()).unwrap();
    assert_eq!(model.name, "round_trip");
    assert_eq!(model.config, Everything::record());
    assert_eq!(model.connections.len(), 2);
    assert_eq!((model.connections[0].name.as_str(), model.connections[1].name.as_str()), ("in", "out"));
    assert_eq!(model.connections[0].arguments, Everything::record());
    assert_eq!(model.connections[0].return_arguments, Level::record());
    assert_eq!(model.connections[0].peers, Peers::Own);
    assert_eq!(model.connections[1].creation_argument("timeout_s"), Some(&1.5.into()));
}

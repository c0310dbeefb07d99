//! What a service declares, and what its host reads: the same model.

mod support;

use std::collections::{BTreeMap, HashSet};

use service_framework::abi::OK;
use service_framework::prelude::*;
use service_framework::schema;
use service_framework_model::parse::service_model;
use support::describe;

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
const VENUE: ExternalTarget<Everything, Level> = ExternalTarget::new("venue");

impl ServiceDefinition for Service {
    type Config = Everything;

    fn new(_: Everything) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&OUT).retries(1).timeout(Duration::from_millis(1500)).idempotent().retries(3);
        m.external_target(&VENUE, |_| Ok(|_| Err(Error::new("not called"))))
            .timeout(Duration::from_secs(2))
            .calls_in_flight(4);
        m.replyer::<Everything, Level>("in", |_, _, _| Err(Error::new("not called"))).peers(Peers::Own);
        m.init(|_, _| Ok(()));
    }
}

#[test]
fn the_host_reads_the_models_that_a_service_declares() {
    let (status, json) = describe::<Service>();
    assert_eq!(status, OK);
    let model = service_model(&json).unwrap();
    assert_eq!(model.name, "round_trip");
    assert_eq!(model.config, Everything::record());
    let [order, out, venue] = &model.connections[..] else { panic!("{:?}", model.connections) };
    assert_eq!((&*order.name, &*out.name, &*venue.name), ("in", "out", "venue"));
    assert_eq!((&order.arguments, &order.return_arguments), (&Everything::record(), &Level::record()));
    assert_eq!(order.peers, Peers::Own);
    let said = [
        ("timeout_s".to_owned(), 1.5.into()),
        ("idempotent".to_owned(), true.into()),
        ("retries".to_owned(), 3.into()),
    ];
    assert_eq!(out.optional_creation_arguments, said);
    assert_eq!((venue.side, &*venue.connection_type), (schema::Side::Out, "external_target"));
    assert_eq!((&venue.arguments, &venue.return_arguments), (&Everything::record(), &Level::record()));
    let said = [("timeout_s".to_owned(), 2.0.into()), ("calls_in_flight".to_owned(), 4.into())];
    assert_eq!(venue.optional_creation_arguments, said);
}

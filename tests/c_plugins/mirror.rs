//! Every value that there is, through slots that C reads and slots that C makes.

use fixtures::Everything;
use service_framework::json;
use service_framework::prelude::*;

use crate::ours::{Lead, Leader, lead};
use crate::support::PATIENCE;
use crate::support::messages::request_with;
use crate::support::peer::Peer;
use crate::support::runner::{Folder, Running};
use crate::values::{canonical_of, every_value, everything, under};
use crate::{c_runner, stopped};

fn mirror(folder: &Folder) -> Running {
    let bind = json!({"replyer": "127.0.0.1:0"});
    let addresses = json!({"connections": {"in": {"any": bind, "everything": bind}}});
    Running::start(&mut c_runner("tests/c_plugins/mirror.c", &addresses, folder))
}

#[test]
fn c_gives_every_untyped_value_back() {
    let folder = Folder::new();
    let mut mirror = mirror(&folder);
    let mut peer = Peer::dealer(&mirror.address("any"));
    for value in every_value() {
        let reply = peer.ask(&request_with(under("payload", value.clone()), "w"));
        assert_eq!(canonical_of(reply.returned()), canonical_of(&under("echo", value)));
    }
    stopped(mirror);
}

#[test]
fn c_gives_every_type_of_a_model_back() {
    const NEXT: Requester<Everything, Everything> = Requester::new("next");
    struct Asker;
    impl Lead for Asker {
        fn declare(m: &mut Models<Leader<Self>>) {
            m.requester(&NEXT).timeout(PATIENCE);
        }
        fn lead(ctx: &mut Context) -> Result<()> {
            assert_eq!(ctx.send(&NEXT, &everything())?, everything());
            let with_gaps = Everything { flag: None, items: Some(vec![]), nested: None, ..everything() };
            assert_eq!(ctx.send(&NEXT, &with_gaps)?, with_gaps);
            Ok(())
        }
    }
    let folder = Folder::new();
    let mut mirror = mirror(&folder);
    lead::<Asker>(mirror.address("everything").strip_prefix("tcp://").unwrap());
    stopped(mirror);
}

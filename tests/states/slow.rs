//! Services whose functions take longer than their copies may be silent.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;

/// Notes how good its copy is each time that its function is called. The first time that it is good, it takes long, and
/// looks again.
struct Slow;

const PLAIN: InState<BTreeMap<String, i64>> = InState::new("plain");
const SILENCE: Duration = Duration::from_millis(200);
static NOTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl ServiceDefinition for Slow {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_in(&PLAIN).stale_after(SILENCE).on_change(Self::on_change);
    }
}

impl Slow {
    fn on_change(&mut self, _: Changes<'_>, ctx: &mut Context) -> Result<()> {
        let condition = |ctx: &mut Context| Ok::<_, Error>(format!("{:?}", ctx.state(&PLAIN)?.status()?.condition));
        if condition(ctx)? == "Live" && !noted().iter().any(|noted| noted == "Stale") {
            std::thread::sleep(2 * SILENCE);
        }
        let seen = condition(ctx)?;
        noted().push(seen);
        Ok(())
    }
}

fn noted() -> std::sync::MutexGuard<'static, Vec<String>> {
    NOTED.lock().expect("no panic")
}

#[test]
fn a_function_that_took_long_and_saw_its_copy_stale_is_told_that_it_is_not() {
    let meeting = Meeting::over_tcp("omq");
    let mut owner =
        meeting.owner(Placement::Inline, &json!({"states": json!({"plain": {"heartbeat_s": 0.02}}).to_string()}));
    owner.change.change("edit", "plain", Value::map([("a", Value::Int(1))]));
    let addresses = json!({"states": {"in": {"plain": meeting.of_copy()["states"]["in"]["plain"]}}});
    // The sockets go on meanwhile, so that all that the owner has said is there when the function returns.
    let builder = Service::of::<Slow>().addresses(addresses).placement(Placement::Offloaded);
    let mut slow = builder.build().expect("a good service");
    slow.run_service().expect("a service");
    until("a copy that was seen stale and is good again", || {
        let noted = noted();
        let stale = noted.iter().position(|noted| noted == "Stale")?;
        (noted.iter().skip(stale).last()? == "Live").then_some(())
    });
    slow.stop_service().expect("a clean end");
}

//! What a message costs between two services of a group: from the sender's arguments to the other service's function and,
//! for a request, back.
//!
//! Owns the two services and the turns. Both models are checked; nothing is written. Beside it stands what a request
//! costs that is written and read by hand on one thread, without checks and without services.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bench_desk::stats::{median, quantile};
use bench_desk::{BORROWED, Desk, HEARD_BORROWED, HEARD_OWNED, OWNED, Order, OwnedAck, by_hand, message, publication};
use rmp::encode::ByteBuf;
use service_framework::prelude::*;
use service_framework::{Group, Service, json};

/// How many messages make a turn.
const TURN: u32 = 1_500;
/// How many turns of each are measured.
const ROUNDS: usize = 401;

const BORROWING: Requester<Order<'static>, OwnedAck> = Requester::new("borrowing");
const OWNING: Requester<Order<'static>, OwnedAck> = Requester::new("owning");
const SAYING: Publisher<Order<'static>> = Publisher::new("saying");

/// Sends, and measures how long that takes.
struct Sender;

impl ServiceDefinition for Sender {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&BORROWING);
        m.requester(&OWNING);
        m.publisher(&SAYING).topic(publication::TOPIC);
        m.main(Self::measure);
    }
}

impl Sender {
    fn measure(&mut self, ctx: &mut Context) -> Result<()> {
        let order = message::order(message::SEQUENCE);
        let (mut desk, mut request, mut reply) = (by_hand::Desk::default(), ByteBuf::new(), ByteBuf::new());
        let mut by_hand = || {
            request.as_mut_vec().clear();
            by_hand::write_call(black_box(&order), message::WORKFLOW_ID, &mut request);
            reply.as_mut_vec().clear();
            black_box(desk.answer(black_box(request.as_vec()), &mut reply));
            black_box(&reply);
        };
        let names = ["by hand, written and read", "request, borrowed", "request, owned", "publication, one subscriber"];
        let mut times = [const { Vec::new() }; 4];
        for round in 0..ROUNDS {
            for turn in 0..names.len() {
                let which = (round + turn) % names.len();
                let began = Instant::now();
                for _ in 0..TURN {
                    match which {
                        0 => by_hand(),
                        1 => drop(black_box(ctx.send(&BORROWING, black_box(&order))?)),
                        2 => drop(black_box(ctx.send(&OWNING, black_box(&order))?)),
                        _ => ctx.send(&SAYING, black_box(&order))?,
                    }
                }
                times[which].push(began.elapsed().as_nanos() as f64 / f64::from(TURN));
            }
        }
        println!("{ROUNDS} rounds of {TURN} messages each\n\n| | median ns | p5 to p95 |\n|---|---|---|");
        for (name, times) in names.iter().zip(&times) {
            let [low, high] = [0.05, 0.95].map(|share| quantile(times, share));
            println!("| {name} | {:.0} | {low:.0} to {high:.0} |", median(times));
        }
        Ok(())
    }
}

fn main() {
    let unused = json!({"connections": {"in": {HEARD_OWNED: {"subscriber": "inproc://unused"}}}});
    Group::new()
        .service("desk", Service::of::<Desk>().addresses(unused).slow_after(None::<Duration>))
        .main("sender", Service::of::<Sender>())
        .relation("sender.borrowing", &format!("desk.{BORROWED}"))
        .relation("sender.owning", &format!("desk.{OWNED}"))
        .relation("sender.saying", &format!("desk.{HEARD_BORROWED}"))
        .build()
        .and_then(|mut group| group.run_blocking())
        .expect("a group");
}

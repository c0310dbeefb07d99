//! What a message costs between the bytes of a request and the bytes of its reply, and between the bytes of a
//! publication and the return of the function that hears it, beside loops written by hand.
//!
//! Owns the contestants that answer. All replies are compared byte by byte first. Everything is checked as in a service
//! that runs.

mod contestant;
mod publications;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench_desk::{Ack, BORROWED, Desk, OWNED, Order, acknowledge, by_hand, message};
use bytes::Bytes;
use rmp::encode::ByteBuf;
use service_framework::schema::Peers;
use service_framework::testing::{TestService, TestServiceBuilder};
use service_framework::{Model as _, Uuid};
use service_framework_model::slot::Slot;
use service_framework_model::validator::Validator;
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{self, WorkflowId};

use contestant::{Contestant, ROUNDS, TURN, table};

fn main() {
    let request = request();
    let reply = reply_by_hand(&request);
    println!("request {} bytes, reply {} bytes, {ROUNDS} rounds of {TURN} messages each", request.len(), reply.len());
    table("bytes in, validated, handler, reply bytes out", hot_path(&request, &reply));
    table("bytes in, topic cut, validated, handler", publications::hearing());
    table("read and validate a request", reading(&request));
    table("validate and write a reply", writing(&reply));
}

fn request() -> Bytes {
    let mut request = ByteBuf::new();
    by_hand::write_call(&message::order(message::SEQUENCE), message::WORKFLOW_ID, &mut request);
    request.into_vec().into()
}

fn reply_by_hand(request: &[u8]) -> Vec<u8> {
    let mut reply = ByteBuf::new();
    by_hand::Desk::default().answer(request, &mut reply).expect("a request");
    reply.into_vec()
}

fn hot_path(request: &Bytes, reply: &[u8]) -> Vec<Contestant> {
    let by_hand = {
        let (mut desk, mut out, request) = (by_hand::Desk::default(), ByteBuf::new(), request.clone());
        move || {
            out.as_mut_vec().clear();
            black_box(desk.answer(black_box(&request), &mut out));
            black_box(&out);
        }
    };
    let (embedded, plugin) = (TestService::of::<Desk>, || TestService::from_path(plugin_path()));
    let mut contestants = vec![
        Contestant::new("by hand", by_hand),
        Contestant::new("embedded, borrowed", service(embedded(), BORROWED, request, reply)),
        Contestant::new("embedded, owned", service(embedded(), OWNED, request, reply)),
        Contestant::new("plugin, borrowed", service(plugin(), BORROWED, request, reply)),
        Contestant::new("plugin, owned", service(plugin(), OWNED, request, reply)),
    ];
    match c_plugin("examples/c/desk.c") {
        Ok(path) => {
            let desk = service(TestService::from_path(path), C_DESK, request, reply);
            contestants.push(Contestant::new("plugin in C", desk));
        }
        Err(reason) => eprintln!("\nNOT MEASURED: the plugin in C, because {reason}"),
    }
    contestants
}

/// The desk as a service, asked as the service loop asks it.
fn service(desk: TestServiceBuilder, connection: &str, request: &Bytes, reply: &[u8]) -> impl FnMut() + 'static {
    let mut path = desk.start().expect("the desk is made");
    let place = path.place_of(connection).expect("a connection of the desk");
    let identity = Bytes::from_static(b"\0\0\0\0\x01");
    let correlation = Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 42]);
    let frames = [identity, correlation, Bytes::new(), request.clone()];
    let (route, answer) = path.handle(place, &frames).expect("an answer");
    assert_eq!(route, &frames[..3], "{connection}");
    assert_eq!(answer, reply, "{connection}");
    move || {
        black_box(path.handle(place, black_box(&frames)));
    }
}

/// The library beside this program: cargo builds it with the benchmark, which depends on it.
fn plugin_path() -> PathBuf {
    let program = std::env::current_exe().expect("the path of this program");
    let name = format!("{}bench_desk{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    program.with_file_name(name)
}

/// The name of the connection of the desk in C.
const C_DESK: &str = "order";

/// A plugin in C, compiled as the README of the examples says.
fn c_plugin(source: &str) -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(source.replace('/', "_")).with_extension("so");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-O2", "-shared", "-fPIC", "-I"]).arg(root.join("plugin/include"));
    compiler.arg("-o").arg(&library).arg(root.join(source));
    let status = compiler.status().map_err(|error| format!("{compiler:?} does not run: {error}"))?;
    if status.success() { Ok(library) } else { Err(format!("{compiler:?} ended with {status}")) }
}

fn reading(request: &Bytes) -> Vec<Contestant> {
    let by_hand = {
        let request = request.clone();
        move || {
            black_box(by_hand::read_call(black_box(&request)));
        }
    };
    let validator = Validator::new(&Order::record()).expect("a good model");
    let (request, mut arena) = (request.clone(), Arena::new());
    let framework = move || {
        arena.reset();
        let call = envelope::read_call(black_box(&request), &validator, &arena);
        black_box(call.is_ok());
    };
    vec![Contestant::new("by hand", by_hand), Contestant::new("framework", framework)]
}

fn writing(reply: &[u8]) -> Vec<Contestant> {
    let ack = acknowledge(&message::order(message::SEQUENCE));
    let by_hand = {
        let (mut desk, mut out) = (by_hand::Desk::default(), ByteBuf::new());
        move || {
            out.as_mut_vec().clear();
            desk.write_answer(black_box(&ack), black_box(message::WORKFLOW_ID), &mut out);
            black_box(&out);
        }
    };
    let validator = Validator::new(&Ack::record()).expect("a good model");
    let id = WorkflowId::Uuid(Uuid::parse_str(message::WORKFLOW_ID).expect("a UUID"));
    let (arena, mut out) = (Arena::new(), Vec::new());
    let mut framework = move |expected: Option<&[u8]>| {
        out.clear();
        let written = black_box(&ack).with_slots(&arena, |slots| {
            envelope::write_answer(&validator, Slot::as_foreign(slots), Peers::Any, black_box(&id), &mut out)
        });
        black_box(written.is_ok());
        if let Some(expected) = expected {
            assert_eq!(out, expected);
        }
    };
    framework(Some(reply));
    vec![Contestant::new("by hand", by_hand), Contestant::new("framework", move || framework(None))]
}

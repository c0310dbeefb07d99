//! Services inside of a program: several at once, beside an executor or inside of one, stopped in every way, and
//! leaving the program's own things alone.

mod support;

use std::error::Error;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fixtures::{Desk, Driver};
use service_framework::{
    Json, LogFormat, Mode, RunError, Service, ServiceError, StartError, Stats, StopReason, json, tracing,
};
use support::messages::request;
use support::peer::Peer;
use support::recorder::{has_heard, recorder};
use support::runner::Folder;
use support::until;

/// Where nobody listens: a port of this machine that only its administrator could bind.
const NOBODY: &str = "127.0.0.1:1";

fn desk_addresses(peer: &str) -> Json {
    let anywhere = json!({"replyer": "127.0.0.1:0"});
    json!({"connections": {"in": {"echo": anywhere, "trouble": anywhere}, "out": {"peer": {"requester": peer}}}})
}

fn desk() -> Service {
    Service::of::<Desk>().addresses(desk_addresses(NOBODY)).build().expect("a good service")
}

fn driver(task: &str, peer: &str) -> Service {
    let addresses = json!({"connections": {"out": {"peer": {"requester": peer}}}});
    Service::of::<Driver>().addresses(addresses).config(json!({"task": task})).build().expect("a good service")
}

fn address(service: &Service, name: &str) -> String {
    service.address(name).expect("a running service").to_owned()
}

#[track_caller]
fn answers(service: &Service) {
    let reply = Peer::dealer(&address(service, "echo")).ask(&request("hello", "w"));
    assert_eq!(reply.text(), "hello");
}

/// What a text is answered with by the replyer that gets into trouble.
fn trouble(service: &Service, text: &str) -> String {
    Peer::dealer(&address(service, "trouble")).ask(&request(text, "w")).code().to_owned()
}

#[test]
fn many_services_live_in_one_program_and_talk_to_each_other() {
    let (_recorder, peer) = recorder();
    let mut desks: Vec<_> = (0..20).map(|_| desk()).collect();
    for desk in &mut desks {
        desk.run_service().unwrap();
    }
    desks.iter().for_each(answers);
    let mut chain = Service::of::<Desk>().addresses(desk_addresses(&peer)).build().unwrap();
    chain.run_service().unwrap();
    assert_eq!(trouble(&chain, "ask the peer"), "no error");
    assert!(has_heard("ask the peer"));
    driver("ask the peer", &peer).run_service_as_main_blocking().unwrap();
    assert!(has_heard("main"));
    for desk in &mut desks {
        desk.stop_service().unwrap();
    }
}

#[test]
fn a_service_starts_and_stops_inside_of_an_executor_of_either_kind() {
    for mut builder in [tokio::runtime::Builder::new_multi_thread(), tokio::runtime::Builder::new_current_thread()] {
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async {
            let mut service = desk();
            service.run_service().unwrap();
            answers(&service);
            service.stop_service().unwrap();
            driver("nothing", NOBODY).run_service_as_main_blocking().unwrap();
            service.run_service().unwrap();
            let stopper = service.stopper().unwrap();
            std::thread::spawn(move || stopper.stop(StopReason::Requested));
            service.wait().unwrap();
            service.run_service().unwrap();
            drop(service);
            // The program's own executor is as it was.
            assert_eq!(tokio::spawn(async { 7 }).await.unwrap(), 7);
            tokio::time::sleep(Duration::from_millis(1)).await;
        });
    }
}

#[test]
fn a_stopped_service_runs_again_with_fresh_counters() {
    let mut service = desk();
    for _ in 0..3 {
        service.run_service().unwrap();
        answers(&service);
        assert_eq!(service.stats().inbound["echo"].received, 1);
        service.stop_service().unwrap();
        assert!(
            service.address("echo").is_none() && service.stats() == Stats::default() && service.stopper().is_none()
        );
    }
    service.stop_service().expect("stopping what does not run is no error");
    service.wait().expect("nor is waiting for it");
}

#[test]
fn a_service_that_has_ended_by_itself_runs_again_though_nobody_asked_how_it_ended() {
    let mut service = driver("nothing", NOBODY);
    assert!(!service.is_running());
    for _ in 0..3 {
        service.run_service_as_main().unwrap();
        until("main to have returned", || (!service.is_running()).then_some(()));
    }
    let mut service = driver("wait", NOBODY);
    service.run_service_as_main().unwrap();
    assert!(service.is_running());
    assert!(matches!(service.run_service_as_main(), Err(ServiceError::Running)));
}

#[test]
fn an_end_that_was_told_is_not_told_again() {
    let (kept, subscriber) = program_subscriber();
    tracing::subscriber::with_default(subscriber, || {
        let mut service = driver("dance", NOBODY);
        service.run_service_as_main_blocking().unwrap_err();
        drop(service);
        let mut service = driver("dance", NOBODY);
        service.run_service_as_main().unwrap();
        until("main to have failed", || (!service.is_running()).then_some(()));
    });
    let said = kept.lock().unwrap().matches("the service did not end well").count();
    assert_eq!(said, 1, "only that of the service which nobody asked");
}

#[test]
fn a_dropped_service_gives_its_port_back() {
    let mut service = desk();
    service.run_service().unwrap();
    let endpoint = address(&service, "echo");
    drop(service);
    let address = endpoint.strip_prefix("tcp://").unwrap();
    // Another test may have got the port meanwhile: it will give it back too.
    until("the port to be free", || TcpListener::bind(address).ok());
}

#[test]
fn another_thread_stops_a_service_that_this_one_waits_for() {
    let mut service = desk();
    service.run_service().unwrap();
    let stopper = service.stopper().unwrap();
    let endpoint = address(&service, "echo");
    let stopping = std::thread::spawn(move || {
        assert_eq!(Peer::dealer(&endpoint).ask(&request("hello", "w")).text(), "hello");
        stopper.stop(StopReason::Requested);
    });
    service.wait().unwrap();
    stopping.join().unwrap();
}

#[test]
fn a_port_that_is_taken_is_an_error_that_names_the_connection_and_nothing_stays_behind() {
    let mut first = desk();
    first.run_service().unwrap();
    let taken = address(&first, "echo");
    let addresses = json!({"connections": {
        "in": {"trouble": {"replyer": "127.0.0.1:0"}, "echo": {"replyer": taken}},
        "out": {"peer": {"requester": NOBODY}},
    }});
    let mut second = Service::of::<Desk>().addresses(addresses).build().unwrap();
    let error = second.run_service().unwrap_err();
    assert!(matches!(error, ServiceError::Start(StartError::Wiring(_))), "{error:?}");
    assert_eq!(error.exit_code(), 69);
    let text = error.to_string();
    assert!(text.contains("`echo`") && text.contains(&taken) && text.contains("in use"), "{text}");
    assert!(second.stopper().is_none());
    first.stop_service().unwrap();
    second.run_service().expect("the port is free now");
    answers(&second);
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_before_anything_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = json!({"connections": {
        "in": {"echo": {"replyer": taken.local_addr().unwrap().to_string()}, "ecco": {"replyer": "127.0.0.1:0"}},
        "out": {"peer": {"requester": "127.0.0.1:seven"}},
    }});
    let config = json!({"depth": 1000, "loud": "very"});
    let mut service = Service::of::<Desk>().addresses(addresses).config(config).build().unwrap();
    let error = service.run_service().unwrap_err();
    let ServiceError::Invalid(diagnostics) = &error else { panic!("{error:?}") };
    assert_eq!((diagnostics.error_count(), error.exit_code()), (5, 78), "{error}");
    for part in ["`depth`", "100", "`loud`", "ecco`", "did you mean `echo`", "trouble", "seven"] {
        assert!(error.to_string().contains(part), "no {part} in {error}");
    }
}

#[test]
fn a_service_that_cannot_be_made_or_fails_in_init_does_not_run() {
    let start = |task: &str| {
        let builder = Service::of::<Desk>().addresses(desk_addresses(NOBODY)).config(json!({"task": task}));
        builder.build().unwrap().run_service().unwrap_err()
    };
    let made = start("fail in new");
    assert!(
        matches!(&made, ServiceError::Start(StartError::New(said)) if said.contains("told to fail in new")),
        "{made:?}"
    );
    let init = start("fail in init");
    assert!(
        matches!(&init, ServiceError::Start(StartError::Init(said)) if said.contains("told to fail in init")),
        "{init:?}"
    );
    assert_eq!((made.exit_code(), init.exit_code()), (70, 70));
}

#[test]
fn what_runs_cannot_be_run_again_and_main_mode_needs_a_main() {
    let mut service = desk();
    service.run_service().unwrap();
    assert!(matches!(service.run_service(), Err(ServiceError::Running)));
    answers(&service);
    let error = desk().run_service_as_main().unwrap_err();
    assert!(matches!(error, ServiceError::Invalid(_)), "{error:?}");
    assert!(error.to_string().contains("no `main`"), "{error}");
    assert!(desk().validate(Mode::Service).is_ok());
}

#[test]
fn a_stop_ends_a_main_that_waits_or_looks() {
    for task in ["wait", "look"] {
        let mut service = driver(task, NOBODY);
        service.run_service_as_main().unwrap();
        stops_soon(&mut service);
    }
}

#[test]
fn a_stop_ends_a_main_that_asks_a_silent_peer() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut service = driver("ask the peer", &silent.local_addr().unwrap().to_string());
    service.run_service_as_main().unwrap();
    let mut peer = Peer::accepted(&silent);
    assert_eq!(peer.receive().len(), 3, "correlation, empty frame, body");
    stops_soon(&mut service);
}

/// Stops long before the minute that a request, or the hour that a wait, would take.
fn stops_soon(service: &mut Service) {
    let began = Instant::now();
    service.stop_service().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn main_that_fails_or_panics_is_the_error_of_the_run() {
    for (task, part) in [("dance", "does not know how to dance"), ("panic", "told to panic")] {
        let error = driver(task, NOBODY).run_service_as_main_blocking().unwrap_err();
        assert!(matches!(&error, ServiceError::Run(RunError::Main(said)) if said.contains(part)), "{error:?}");
        assert_eq!(error.exit_code(), 70);
    }
}

#[test]
fn a_function_that_fails_or_panics_answers_and_the_service_goes_on() {
    let mut service = desk();
    service.run_service().unwrap();
    let mut peer = Peer::dealer(&address(&service, "trouble"));
    let failed = peer.ask(&request("error", "w"));
    assert_eq!((failed.code(), failed.workflow_id().as_str()), ("unknown_symbol", Some("w")));
    assert_eq!(failed.of_error("field").and_then(|field| field.as_str()), Some("text"));
    assert_eq!(failed.of_error("is_caller_error"), Some(&true.into()));
    let panicked = peer.ask(&request("panic", "w"));
    assert_eq!(panicked.of_error("is_caller_error"), Some(&false.into()));
    assert_eq!(peer.ask(&request("fine", "w")).text(), "fine");
    let stats = &service.stats().inbound["trouble"];
    assert_eq!((stats.received, stats.dropped.values().sum::<u64>()), (3, 2));
    assert_eq!((stats.dropped.get("unknown_symbol"), stats.dropped.get(panicked.code())), (Some(&1), Some(&1)));
    service.stop_service().unwrap();
}

#[test]
fn a_service_that_stops_on_errors_answers_first_and_says_why() {
    let builder = Service::of::<Desk>().addresses(desk_addresses(NOBODY)).stop_on_error(true);
    let mut service = builder.build().unwrap();
    service.run_service().unwrap();
    assert_eq!(trouble(&service, "error"), "unknown_symbol", "a caller's mistake stops nothing");
    assert_eq!(trouble(&service, "panic"), "panicked");
    let error = service.wait().unwrap_err();
    assert!(
        matches!(&error, ServiceError::Run(RunError::Function(said)) if said.contains("told to panic")),
        "{error:?}"
    );
}

#[test]
fn code_that_does_not_return_is_left_behind_when_patience_ends() {
    let addresses = json!({"connections": {"out": {"peer": {"requester": NOBODY}}}});
    let builder = Service::of::<Driver>().addresses(addresses).config(json!({"task": "never return"}));
    let (short, folder) = (Duration::from_millis(50), Folder::new());
    let builder = builder.stop_timeout(short).linger(Duration::ZERO).log_path(folder.path());
    let mut service = builder.build().unwrap();
    service.run_service_as_main().unwrap();
    until("main to begin", || only_file(folder.path()).contains("main begins").then_some(()));
    let error = service.stop_service().unwrap_err();
    assert!(matches!(&error, ServiceError::Run(RunError::StillRunning(after)) if *after == short), "{error:?}");
    assert_eq!(error.exit_code(), 70);
}

#[test]
fn the_programs_signals_stay_its_own() {
    let caught = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        status.lines().find(|line| line.starts_with("SigCgt")).unwrap().to_owned()
    };
    let before = caught();
    let mut service = desk();
    service.run_service().unwrap();
    answers(&service);
    assert_eq!(caught(), before);
}

/// A subscriber of the program that keeps the messages that it gets.
fn program_subscriber() -> (Arc<Mutex<String>>, impl tracing::Subscriber + Send + Sync) {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<String>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let kept = Arc::clone(&lines.0);
    (kept, tracing_subscriber::fmt().with_ansi(false).with_writer(move || lines.clone()).finish())
}

#[test]
fn each_service_logs_into_its_own_folder_and_the_programs_subscriber_stays() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let (kept, subscriber) = program_subscriber();
    let folders = [Folder::new(), Folder::new()];
    tracing::subscriber::with_default(subscriber, || {
        for folder in &folders {
            let marked = json!({"task": format!("mark {}", COUNT.fetch_add(1, Ordering::Relaxed))});
            let builder = Service::of::<Desk>().addresses(desk_addresses(NOBODY)).config(marked);
            let mut service = builder.log_path(folder.path()).build().unwrap();
            service.run_service().unwrap();
            tracing::info!("a line of the program while a service runs");
            service.stop_service().unwrap();
        }
    });
    let program = kept.lock().unwrap().clone();
    assert_eq!(program.matches("a line of the program").count(), 2);
    assert!(!program.contains("the desk opens"), "{program}");
    for (place, folder) in folders.iter().enumerate() {
        let log = only_file(folder.path());
        assert!(
            log.contains(&format!("task=mark {place}")) && !log.contains(&format!("task=mark {}", 1 - place)),
            "{log}"
        );
        assert!(!log.contains("a line of the program"), "{log}");
    }
}

#[test]
fn an_embedded_service_logs_in_json_where_that_is_asked_for() {
    let folder = Folder::new();
    let builder = Service::of::<Desk>().addresses(desk_addresses(NOBODY)).log_path(folder.path());
    let mut service = builder.log_format(LogFormat::Json).build().unwrap();
    service.run_service().unwrap();
    service.stop_service().unwrap();
    let log = only_file(folder.path());
    let lines: Vec<Json> = log.lines().map(|line| service_framework::serde_json::from_str(line).expect(line)).collect();
    let opens = lines.iter().find(|line| line["message"].as_str().unwrap().starts_with("the desk opens")).unwrap();
    assert_eq!(opens["fields"], json!({"digits": 7}), "the fields of an embedded service keep their types");
}

fn only_file(folder: &Path) -> String {
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("expected one file, got {files:?}") };
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn the_errors_of_services_are_errors_of_the_standard_library() {
    let error: Box<dyn Error + Send + Sync> = Box::new(desk().run_service_as_main().unwrap_err());
    assert!(!error.to_string().is_empty());
    let error = Service::of::<Desk>().console_loglevel("LOUD").build().err().unwrap();
    assert!(matches!(&error, ServiceError::Option(said) if said.contains("`LOUD`")), "{error:?}");
}

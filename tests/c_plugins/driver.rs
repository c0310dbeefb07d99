//! The example `driver.c`: a main function in C that drives desks in C and in Rust, bears refusals, waits for a desk
//! that is not there, and stops when it is told to.

use bench_desk::{BORROWED, Desk};
use service_framework::Service;

use crate::desk::DESK;
use crate::support::runner::{Ended, Folder, Running};
use crate::{asking, c_runner, listening, stopped};

const DRIVER: &str = "examples/c/driver.c";

fn driven(folder: &Folder, endpoint: &str, arguments: &[&str]) -> Ended {
    Running::start(c_runner(DRIVER, &asking("order", endpoint), folder).arg("-m").args(arguments)).ended()
}

#[test]
fn the_driver_in_c_drives_the_desk_in_c() {
    let folder = Folder::new();
    let mut desk = Running::start(&mut c_runner(DESK, &listening("order"), &folder));
    let ended = driven(&folder, &desk.address("order"), &["--count", "500"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "orders: 500\nacknowledged: 500\nrefused: 0\n");
    assert!(stopped(desk).contains("the desk closes after 500 orders"));
}

#[test]
fn the_driver_in_c_drives_a_desk_in_rust() {
    let mut desk = Service::of::<Desk>().addresses(bench_desk::addresses("127.0.0.1:0")).build().unwrap();
    desk.run_service().unwrap();
    let folder = Folder::new();
    let ended = driven(&folder, desk.address(BORROWED).unwrap(), &["--count", "500", "--quantity", "2"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "orders: 500\nacknowledged: 500\nrefused: 0\n");
    desk.stop_service().unwrap();
}

#[test]
fn an_order_that_is_refused_is_counted_and_not_sent_again() {
    let folder = Folder::new();
    let mut desk = Running::start(c_runner(DESK, &listening("order"), &folder).args(["--decimals", "1"]));
    let ended = driven(&folder, &desk.address("order"), &["--count", "3"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "orders: 3\nacknowledged: 0\nrefused: 3\n");
    assert!(ended.stderr.contains("order 3 was refused"), "{ended:?}");
    assert!(ended.stderr.contains("(too_precise)"), "{ended:?}");
    assert!(stopped(desk).contains("the desk closes after 0 orders"));
}

#[test]
fn a_driver_whose_desk_is_not_there_tries_again_until_it_is_stopped() {
    let folder = Folder::new();
    // Nobody listens at a port that was bound and let go.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let addresses = asking("order", &format!("tcp://{free}"));
    let mut driver = Running::start(c_runner(DRIVER, &addresses, &folder).arg("-m"));
    driver.until_logged("order 1 is sent again");
    driver.signal("TERM");
    let ended = driver.ended();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "orders: 0\nacknowledged: 0\nrefused: 0\n"), "{ended:?}");
}

#[test]
fn a_driver_that_cannot_be_made_says_why() {
    let folder = Folder::new();
    let quantity = "79228162514264337593543950335";
    let ended = driven(&folder, "tcp://127.0.0.1:9", &["--quantity", quantity]);
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("the price of the quantity has more than 28 digits (too_large)"), "{ended:?}");
}

//! The demo as a newcomer runs it: real processes of the runner, with plugins from files.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Mutex;

/// What the made trades of `examples/replay/config.json` come to. The sums were made by another program, in fractions.
const FIGURES: [&str; 5] = [
    "answers checked: 5000",
    "position: -67.65176311",
    "average price: 105398.34394625",
    "realised profit: 2998.16870718613686",
    "unrealised profit: 767.43796455886313",
];

/// The demo writes into a folder of its own, in which only one has room.
static FOLDER: Mutex<()> = Mutex::new(());

/// What the demo says when it succeeds.
fn demo() -> String {
    let output = Command::new(env!("CARGO")).arg("demo").current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let [said, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{said}\n{errors}");
    said
}

#[test]
fn the_demo_ends_by_itself_with_the_figures_that_its_trades_come_to() {
    let _folder = FOLDER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let said = demo();
    for figure in FIGURES {
        assert!(said.contains(figure), "no `{figure}` in:\n{said}");
    }
}

#[test]
fn the_demo_finds_another_port_where_its_own_is_taken() {
    let _folder = FOLDER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // Whether it is this listener that has the port, or somebody else: it is taken.
    let _listener = TcpListener::bind("127.0.0.1:7101");
    let said = demo();
    assert!(said.contains("127.0.0.1:7101 is taken, so the system picks a port"), "{said}");
    assert!(said.contains("every answer checked"), "{said}");
}

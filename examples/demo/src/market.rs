//! The scene on the market: a book and its copies, while its owner is killed and comes back.
//!
//! Owns the order of things, and the comparison at the end: the copy is the owner's book to the last digit.

use std::net::{Ipv4Addr, TcpListener};

use crate::error::Error;
use crate::figures::Figures;
use crate::process::{Output, Process};
use crate::server::{CANNOT_BIND, PATIENCE, Server};
use crate::stage::Stage;

/// Where the market's sockets are, as its example has it.
const WRITTEN: [&str; 3] = ["127.0.0.1:7120", "127.0.0.1:7121", "127.0.0.1:7122"];
/// How many events the market has after it has come back.
const EVENTS: &str = "600";

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) figures: Figures,
    /// Levels of the book that owner and copy share.
    pub(crate) levels: usize,
}

/// Plays the scene, with a desk that is ready.
pub(crate) fn play(stage: &Stage, desk: &Server) -> Result<Outcome, Error> {
    let mut moves: Vec<(String, String)> = Vec::new();
    moves.extend(desk.moved().map(|(written, bound)| (written.to_owned(), bound.to_owned())));
    let market = match start_market(stage, &moves, &[]) {
        Err(Error::Ended { status, .. }) if status.code() == Some(CANNOT_BIND) => {
            println!("    an address is taken, so others are used");
            for written in WRITTEN {
                moves.push((written.to_owned(), free_address()?));
            }
            start_market(stage, &moves, &[])?
        }
        started => started?,
    };
    let top = start(stage, "top", &moves, &[])?;
    let mut strategy = start(stage, "strategy", &moves, &["-c", "examples/strategy/config.json"])?;
    wait_for_book(&mut strategy, "Live", 1)?;

    println!("\nThe market is killed: the copies are stale, and say so");
    market.kill(PATIENCE)?;
    wait_for_book(&mut strategy, "Stale", 1)?;

    println!("\nIt comes back: the copies are live again, with nobody's help");
    let mut market = start_market(stage, &moves, &["--count", EVENTS])?;
    wait_for_book(&mut strategy, "Live", 2)?;
    market.wait_for_line(PATIENCE, |line| line.ends_with("the market is closed").then_some(()))?;

    println!("\nOwner and copy end, and each says what it has");
    let owner = market.terminate(PATIENCE)?;
    // The owner's last word has come, and so has everything before it.
    wait_for_book(&mut strategy, "Stale", 2)?;
    let copy = strategy.terminate(PATIENCE)?;
    let view = top.terminate(PATIENCE)?;
    println!("    what the view has seen:");
    view.show();
    compared(&owner, copy)
}

/// Starts an example with its own addresses, but for those that have moved.
fn start(stage: &Stage, service: &str, moves: &[(String, String)], more: &[&str]) -> Result<Process, Error> {
    let mut addresses = format!("examples/{service}/addresses.json");
    if !moves.is_empty() {
        let mut text = stage.read(&addresses)?;
        for (written, moved) in moves {
            text = text.replace(written, moved);
        }
        addresses = stage.write(&format!("{service}.addresses.json"), &text)?;
    }
    let arguments: Vec<&str> = ["-a", addresses.as_str()].into_iter().chain(more.iter().copied()).collect();
    Process::start(stage.command(service, &arguments)?)
}

fn start_market(stage: &Stage, moves: &[(String, String)], more: &[&str]) -> Result<Process, Error> {
    let arguments: Vec<&str> =
        ["-m", "-c", "examples/market/config.json"].into_iter().chain(more.iter().copied()).collect();
    let mut market = start(stage, "market", moves, &arguments)?;
    // The runner logs each state with its addresses when they are open.
    market.wait_for_line(PATIENCE, |line| line.contains("out `book` at tcp://").then_some(()))?;
    println!("    ready, log in {}", market.log());
    Ok(market)
}

/// Waits until the strategy has logged for the `nth` time that its copy is in this condition.
fn wait_for_book(strategy: &mut Process, condition: &str, nth: usize) -> Result<(), Error> {
    let line = strategy.wait_for_nth_line(PATIENCE, nth, |line| {
        let (_, said) = line.split_once("the book is ")?;
        said.starts_with(condition).then(|| said.to_owned())
    })?;
    println!("    strategy: the book is {line}");
    Ok(())
}

fn compared(owner: &Output, copy: Output) -> Result<Outcome, Error> {
    let (figures, book) = copy
        .stdout
        .split_once("ignored: ")
        .and_then(|(figures, rest)| {
            let (ignored, book) = rest.split_once('\n')?;
            Some((format!("{figures}ignored: {ignored}\n"), book.to_owned()))
        })
        .ok_or_else(|| Error::Figure(format!("the strategy printed no book:\n{}", copy.stdout)))?;
    if book != owner.stdout {
        let differs = owner.stdout.lines().zip(book.lines()).find(|(owner, copy)| owner != copy);
        return Err(Error::Figure(format!("owner and copy differ, first in {differs:?}")));
    }
    Ok(Outcome { figures: Figures::of(figures), levels: book.lines().count().saturating_sub(1) })
}

fn free_address() -> Result<String, Error> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    free.map(|address| address.to_string()).map_err(Error::io("find a free port"))
}

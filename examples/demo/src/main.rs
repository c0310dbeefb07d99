//! `cargo demo`: builds the runner and the example services, runs them as processes, and says what comes out.
//!
//! Owns the story. Every command that it shows can be typed by hand in the project's folder.

mod artifacts;
mod error;
mod figures;
mod market;
mod process;
mod server;
mod stage;

use std::process::ExitCode;
use std::time::Instant;

use error::Error;
use market::Outcome;
use server::Server;
use stage::Stage;

fn main() -> ExitCode {
    match story() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nthe demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn story() -> Result<(), Error> {
    println!("Building the runner and seven example services");
    let stage = Stage::set(&["desk", "replay", "echo", "asker", "market", "strategy", "top"])?;
    let began = Instant::now();

    println!("\nA desk answers each trade with position and profit");
    let desk = Server::start(&stage, "desk", "trade")?;
    println!("\nA replay tells it of trades, and checks every answer against sums of its own");
    let replay = desk.run_client(&stage, "replay")?;
    println!("\nSIGTERM: the desk finishes what it has in hand, says goodbye and ends");
    desk.stop()?;

    println!("\nA market owns a book; a strategy and a view hold copies of it, and the strategy has a desk");
    let desk = Server::start(&stage, "desk", "trade")?;
    let Outcome { figures: strategy, levels } = market::play(&stage, &desk)?;
    desk.stop()?;

    println!("\nThe smallest pair: echo answers, asker asks");
    let echo = Server::start(&stage, "echo", "echo")?;
    let asker = echo.run_client(&stage, "asker")?;
    echo.stop()?;

    println!("\nA mistake is told with its place, before anything is bound or started");
    let mistake = ["validate", "-m", "-a", "examples/replay/addresses.json", "--cuont", "5"];
    process::run(stage.command("replay", &mistake), 78)?.show_errors();

    // Both services have checked every answer themselves; this is whether they were asked for as many as they should.
    let (replayed, asked) = (replay.get("answers checked")?, asker.get("answered as asked")?);
    stage.expect_count("replay", replayed)?;
    stage.expect_count("asker", asked)?;

    println!("\nSummary");
    println!("  requests       {replayed} trades and {asked} questions, every answer checked");
    println!("  speed          {replayed} trades in {} s", replay.get("seconds")?);
    println!(
        "  round trip     p50 {} us, p99 {} us",
        replay.get("round trip p50 us")?,
        replay.get("round trip p99 us")?
    );
    println!("  position       {} {}", replay.get("position")?, replay.get("symbol")?);
    println!("  average price  {}, last price {}", replay.get("average price")?, replay.get("last price")?);
    println!("  profit         {} realised", replay.get("realised profit")?);
    println!("                 {} unrealised", replay.get("unrealised profit")?);
    println!("  book           {levels} levels, the copy's and the owner's the same to the last digit");
    println!("  strategy       {} trades seen, {} orders", strategy.get("trades")?, strategy.get("orders")?);
    println!("  processes      10, one killed, each of the others ended with the exit code that it should have");
    println!("  time           {:.1} s after the build", began.elapsed().as_secs_f64());
    Ok(())
}

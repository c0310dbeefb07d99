//! A terminal view of a copy of the book: its best levels, how good it is, and what was counted.
//!
//! Owns what a frame looks like. On a terminal each frame takes the place of the one before; elsewhere a line is written
//! when the copy's condition changes, and now and then.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod frame;

use std::io::{IsTerminal as _, Write as _, stdout};
use std::ops::ControlFlow;

use book::{BOOK_TOPIC, Book};
use service_framework::prelude::*;
use service_framework::{StateStatus, StateView};

use frame::{Frame, Level};

/// What can be set.
#[derive(Debug, Model)]
pub struct Config {
    /// How many levels of each side are shown.
    #[model(default = 8, min = 1, max = 100)]
    levels: u32,
    /// Seconds between two frames on a terminal.
    #[model(default = 0.1, min = 0.01, max = 60.0)]
    interval: f64,
}

/// The copy of the book.
pub const BOOK: InState<Book> = InState::new("book");

/// The service.
#[derive(Debug)]
pub struct Top {
    config: Config,
    last: Option<Condition>,
    updates: u64,
}

impl ServiceDefinition for Top {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { config, last: None, updates: 0 })
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_in(&BOOK).topic(BOOK_TOPIC).deep().peers(Peers::Own).on_change(Self::on_book);
        m.init(Self::init);
    }
}

impl Top {
    fn init(&mut self, ctx: &mut Context) -> Result<()> {
        if stdout().is_terminal() {
            ctx.every(Duration::from_secs_f64(self.config.interval), Self::draw)?;
        }
        Ok(())
    }

    fn on_book(&mut self, changes: Changes<'_>, ctx: &mut Context) -> Result<()> {
        self.updates += changes.numbers().map_or(0, |numbers| numbers.end() - numbers.start() + 1);
        let condition = ctx.state(&BOOK)?.status()?.condition;
        if self.last.replace(condition) != Some(condition) && !stdout().is_terminal() {
            let line = self.frame(ctx)?.line();
            writeln!(stdout(), "{line}")?;
        }
        Ok(())
    }

    fn draw(&mut self, ctx: &mut Context) -> Result<()> {
        let frame = self.frame(ctx)?;
        stdout().write_all(frame.drawn().as_bytes())?;
        stdout().flush()?;
        Ok(())
    }

    fn frame(&self, ctx: &mut Context) -> Result<Frame> {
        let view = ctx.state(&BOOK)?;
        let status: StateStatus = view.status()?;
        let symbol = view.get::<String>("symbol")?.unwrap_or_default();
        let (bids, asks) = (self.levels(&view, "bids", true)?, self.levels(&view, "asks", false)?);
        Ok(Frame { symbol, status, updates: self.updates, bids, asks })
    }

    fn levels(&self, view: &StateView<'_, Book>, side: &str, is_backward: bool) -> Result<Vec<Level>> {
        let mut levels = Vec::new();
        if view.status()?.keys == 0 {
            return Ok(levels);
        }
        view.scan::<Decimal, Decimal>(side, None, is_backward, |price, size| {
            levels.push((price, size));
            if levels.len() < self.config.levels as usize { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(levels)
    }
}

export_service!(Top);

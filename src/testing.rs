//! A kit for the tests of a service: deliver a message, look at what was sent, let time go by.
//!
//! A [`TestService`] is a service without sockets. What it is told and what it does goes the way of production: config
//! and models are validated with the same diagnostics, a message is parsed and checked from its bytes, the answer is
//! checked and written, timers, workflow ids and counters are those of the service loop. Only the peers are the test's,
//! and the clock. So a test needs no addresses, no ports and no sleep, and gives the same result each time. It works on
//! a Rust type ([`TestService::of`]) and on a built library ([`TestService::from_path`]).
//!
//! ```toml
//! [dependencies]
//! service_framework = { version = "0.1", default-features = false }
//!
//! # The kit is part of the runtime, which the plugin itself does without.
//! [dev-dependencies]
//! service_framework = "0.1"
//! ```
//!
//! ```
//! use service_framework::json;
//! use service_framework::prelude::*;
//! use service_framework::testing::{TestError, TestService};
//!
//! #[derive(Model)]
//! pub struct Entry { amount: Decimal }
//! #[derive(Model)]
//! pub struct Total { total: Decimal }
//! #[derive(Model)]
//! pub struct Receipt { number: i64 }
//! #[derive(Model)]
//! pub struct Settings { #[model(default = 60, min = 1)] report_every_s: u64 }
//!
//! const LEDGER: Requester<Total, Receipt> = Requester::new("ledger");
//!
//! pub struct Till { total: Decimal, report_every: Duration }
//!
//! impl ServiceDefinition for Till {
//!     type Config = Settings;
//!     fn new(settings: Settings) -> Result<Self> {
//!         Ok(Self { total: Decimal::ZERO, report_every: Duration::from_secs(settings.report_every_s) })
//!     }
//!     fn models(m: &mut Models<Self>) {
//!         m.replyer("entry", Self::on_entry);
//!         m.requester(&LEDGER);
//!         m.init(Self::init);
//!     }
//! }
//!
//! impl Till {
//!     fn init(&mut self, ctx: &mut Context) -> Result<()> {
//!         ctx.every(self.report_every, Self::report)?;
//!         Ok(())
//!     }
//!     fn on_entry(&mut self, entry: Entry, _: &mut Context) -> Result<Total> {
//!         if entry.amount.is_zero() {
//!             return Err(Error::caller("empty", "an entry of nothing").with_field("amount"));
//!         }
//!         self.total += entry.amount;
//!         Ok(Total { total: self.total })
//!     }
//!     fn report(&mut self, ctx: &mut Context) -> Result<()> {
//!         ctx.send(&LEDGER, &Total { total: self.total }).map(|_| ())
//!     }
//! }
//!
//! # fn main() -> std::result::Result<(), TestError> {
//! let mut till = TestService::of::<Till>().config(json!({"report_every_s": 10})).start()?;
//!
//! // What a peer would get back: return arguments, or an error reply.
//! assert_eq!(till.deliver("entry", json!({"amount": "2.50"}))?, json!({"total": "2.50"}));
//! assert_eq!(till.deliver("entry", json!({"amount": 0})).unwrap_err().code(), "empty");
//!
//! // The other end is played by a script; time goes by only when the test says so.
//! till.answer("ledger", |_| json!({"number": 1}))?;
//! till.advance(Duration::from_secs(25))?;
//! let sent = till.sent();
//! assert_eq!(sent.len(), 2);
//! assert_eq!(sent[0].arguments, json!({"total": "2.50"}));
//! assert_eq!(sent[1].at, Duration::from_secs(20));
//! # Ok(())
//! # }
//! ```
//!
//! | a test wants | it calls |
//! |---|---|
//! | a message from a peer, as JSON, as a model, with any arguments, as bytes | [`deliver`](TestService::deliver), [`deliver_as`](TestService::deliver_as), [`deliver_value`](TestService::deliver_value), [`deliver_bytes`](TestService::deliver_bytes) |
//! | to play the other end of a requester or an external target | [`answer`](TestService::answer), [`answer_as`](TestService::answer_as), [`Answer`] |
//! | to see what left | [`sent`](TestService::sent), [`stats`](TestService::stats) |
//! | time to go by | [`advance`](TestService::advance), [`elapsed`](TestService::elapsed) |
//! | `main` | [`start_as_main`](TestServiceBuilder::start_as_main), [`run_main`](TestService::run_main), [`stop_after`](TestService::stop_after) |
//! | a stop or a signal | [`stop`](TestService::stop), [`signal`](TestService::signal) |
//! | the sends of threads that the service made | [`take_posts`](TestService::take_posts) |
//!
//! JSON is in the form of config files: decimals, times and UUIDs as text, bytes in base64. Names and types that are not
//! those of the model are the test's own slip, and told as such with the key path; what is beyond a range, a length or a
//! pattern goes out as it is, for the service to refuse.
//!
//! What the kit leaves out: sockets, and with them queues, lost messages and the order between connections; placements,
//! the busy mode and the watchdog. An external target without a script is the service's own and is called for real; it
//! takes none of the service's time, and its timeout does not end it.

pub use service_framework_runtime::testing::{Answer, Refused, Sent, TestError, TestService, TestServiceBuilder};

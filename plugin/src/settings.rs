//! What else can be said about a connection once it is declared.
//!
//! Owns the words of the creation arguments on the author's side. Never judges them: the host does.

use std::time::Duration;

use service_framework_model::schema::{ConnectionModel, Peers};

use crate::Json;

/// What else can be said about a replyer.
pub struct ReplyerSettings<'m>(pub(crate) &'m mut ConnectionModel);

impl ReplyerSettings<'_> {
    /// Who may be at the other end; anybody unless it is said.
    pub fn peers(self, peers: Peers) -> Self {
        self.0.peers = peers;
        self
    }
}

/// What else can be said about a requester.
pub struct RequesterSettings<'m>(pub(crate) &'m mut ConnectionModel);

impl RequesterSettings<'_> {
    /// How long a request waits for its reply, with all its attempts.
    pub fn timeout(self, timeout: Duration) -> Self {
        set(self.0, "timeout_s", timeout.as_secs_f64());
        self
    }

    /// Says that the other side may act twice on the same request and no harm is done, which is what
    /// [`retries`](Self::retries) need.
    pub fn idempotent(self) -> Self {
        set(self.0, "idempotent", true);
        self
    }

    /// How often a request that may have been acted on is sent once more, here or to the next address, when its peer is
    /// lost or does not reply; never unless it is said. The service does not start unless the requester is
    /// [`idempotent`](Self::idempotent), too.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # #[derive(Model)] pub struct Query { symbol: String }
    /// # #[derive(Model)] pub struct Price { price: Decimal }
    /// # struct Desk;
    /// const PRICES: Requester<Query, Price> = Requester::new("prices");
    ///
    /// # impl ServiceDefinition for Desk {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// fn models(m: &mut Models<Self>) {
    ///     m.requester(&PRICES).timeout(Duration::from_secs(2)).idempotent().retries(3);
    /// }
    /// # }
    /// ```
    pub fn retries(self, retries: u32) -> Self {
        set(self.0, "retries", retries);
        self
    }

    /// Who may be at the other end; anybody unless it is said.
    pub fn peers(self, peers: Peers) -> Self {
        self.0.peers = peers;
        self
    }
}

/// What else can be said about an external target.
pub struct ExternalTargetSettings<'m>(pub(crate) &'m mut ConnectionModel);

impl ExternalTargetSettings<'_> {
    /// How long the service waits for the return of a call. The call itself is not interrupted.
    pub fn timeout(self, timeout: Duration) -> Self {
        set(self.0, "timeout_s", timeout.as_secs_f64());
        self
    }

    /// How many calls may be in flight; one unless it is said. As many targets are made. A call that timed out is in
    /// flight until it returns.
    pub fn calls_in_flight(self, calls: u32) -> Self {
        set(self.0, "calls_in_flight", calls);
        self
    }
}

/// Says a creation argument, or says it anew.
fn set(connection: &mut ConnectionModel, argument: &str, value: impl Into<Json>) {
    let arguments = &mut connection.optional_creation_arguments;
    arguments.retain(|(name, _)| name != argument);
    arguments.push((argument.to_owned(), value.into()));
}

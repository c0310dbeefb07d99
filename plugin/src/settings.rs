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

/// What else can be said about a publisher.
pub struct PublisherSettings<'m>(pub(crate) &'m mut ConnectionModel);

impl PublisherSettings<'_> {
    /// The topic of its messages, by which subscribers choose; none unless it is said.
    pub fn topic(self, topic: &str) -> Self {
        set(self.0, "topic", topic);
        self
    }

    /// Says that it connects to its address, which is a bus or a subscriber that binds.
    pub fn connects(self) -> Self {
        set(self.0, "is_x_pub", true);
        self
    }

    /// Says that its messages carry no numbers: their subscribers cannot know what they missed.
    pub fn unnumbered(self) -> Self {
        set(self.0, "seq", false);
        self
    }

    /// How long the service waits after the publisher was made, before `init`. To wait for subscribers themselves is
    /// what [`wait_for_subscribers`](Self::wait_for_subscribers) does.
    pub fn wait_after_creation(self, pause: Duration) -> Self {
        set(self.0, "wait_after_creation_s", pause.as_secs_f64());
        self
    }

    /// How many subscribers the service waits for before `init`, and how long at most: it goes on without them.
    /// [`Context::wait_for_subscribers`](crate::Context::wait_for_subscribers) waits at any other time.
    pub fn wait_for_subscribers(self, count: u32, patience: Duration) -> Self {
        set(self.0, "wait_for_subscribers", count);
        set(self.0, "wait_for_subscribers_s", patience.as_secs_f64());
        self
    }

    /// Who may be at the other end; anybody unless it is said.
    pub fn peers(self, peers: Peers) -> Self {
        self.0.peers = peers;
        self
    }
}

/// What else can be said about a subscriber.
///
/// Of the four things that can be done with a message for which its queue has no room, the last one that is said counts.
/// Whatever is dropped is counted by its reason.
pub struct SubscriberSettings<'m>(pub(crate) &'m mut ConnectionModel);

impl SubscriberSettings<'_> {
    /// The topic that it subscribes to; everything unless it is said.
    pub fn topic(self, topic: &str) -> Self {
        set(self.0, "topic", topic);
        self
    }

    /// Says that it binds its address, for publishers that connect.
    pub fn binds(self) -> Self {
        set(self.0, "is_binder", true);
        self
    }

    /// How many messages wait for the service; 100,000 unless it is said.
    pub fn queue_messages(self, messages: u64) -> Self {
        set(self.0, "queue_messages", messages);
        self
    }

    /// How many bytes they may have together; 256 MiB unless it is said.
    pub fn queue_bytes(self, bytes: u64) -> Self {
        set(self.0, "queue_bytes", bytes);
        self
    }

    /// When the queue is full, takes no more until there is room: what comes meanwhile waits with its publisher, which
    /// drops it when its own queue is full. So it is unless something else is said.
    pub fn block(self) -> Self {
        self.queue("block")
    }

    /// When the queue is full, drops the message that has waited longest.
    pub fn drop_oldest(self) -> Self {
        self.queue("drop_oldest")
    }

    /// When the queue is full, drops what comes.
    pub fn drop_newest(self) -> Self {
        self.queue("drop_newest")
    }

    /// Keeps one message for each combination of these arguments: a later one takes the place of the one that waits. The
    /// function sees the last of each, however far it is behind.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # #[derive(Model)] pub struct Price { symbol: String, venue: String, price: Decimal }
    /// # struct Strategy;
    /// # impl Strategy { fn on_price(&mut self, _: Price, _: &mut Context) -> Result<()> { Ok(()) } }
    /// # impl ServiceDefinition for Strategy {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// fn models(m: &mut Models<Self>) {
    ///     m.subscriber("prices", Self::on_price).topic("PRICE").conflate_by(&["symbol", "venue"]);
    /// }
    /// # }
    /// ```
    pub fn conflate_by(self, arguments: &[&str]) -> Self {
        set(self.0, "queue", "conflate");
        set(self.0, "conflate_by", arguments);
        self
    }

    fn queue(self, policy: &str) -> Self {
        self.0.optional_creation_arguments.retain(|(name, _)| name != "conflate_by");
        set(self.0, "queue", policy);
        self
    }

    /// How long the service waits after the subscriber was made, before `init`.
    pub fn wait_after_creation(self, pause: Duration) -> Self {
        set(self.0, "wait_after_creation_s", pause.as_secs_f64());
        self
    }

    /// Who may be at the other end; anybody unless it is said.
    pub fn peers(self, peers: Peers) -> Self {
        self.0.peers = peers;
        self
    }
}

/// Says a creation argument, or says it anew.
fn set(connection: &mut ConnectionModel, argument: &str, value: impl Into<Json>) {
    let arguments = &mut connection.optional_creation_arguments;
    arguments.retain(|(name, _)| name != argument);
    arguments.push((argument.to_owned(), value.into()));
}

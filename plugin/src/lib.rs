//! What the author of a service links: the traits and the derive for models, the builder, the context, and the C ABI
//! over which a service and its host talk.
//!
//! Owns the service's side of the boundary. Brings neither an executor nor a ZeroMQ library, validates nothing that the
//! host validates, and keeps no state outside of a service's instance.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

extern crate self as service_framework;

pub mod abi;
mod argument;
mod builder;
mod context;
mod definition;
mod destination;
mod error;
mod export;
mod host;
mod logs;
mod model;
mod outbound;
mod panics;
pub mod prelude;
mod sender;
mod settings;
mod stats;
mod table;
mod target;
mod timers;
mod untyped;

pub use argument::{Argument, FloatArray, Key};
pub use builder::Models;
pub use chrono::{self, DateTime, Utc};
pub use context::Context;
pub use definition::ServiceDefinition;
pub use destination::{Destination, ExternalTarget, Publisher, Requester};
pub use error::{Error, ErrorKind, Result};
pub use model::{Model, OwnedModel};
pub use rust_decimal::{self, Decimal};
pub use sender::Sender;
pub use serde_json::{self, Value as Json, json};
pub use service_framework_macros::Model;
pub use service_framework_model::schema::{self, ArgType, KeyType, Peers, Record};
pub use service_framework_model::value::{Timestamp, Value};
pub use settings::{ExternalTargetSettings, PublisherSettings, ReplyerSettings, RequesterSettings, SubscriberSettings};
pub use stats::{ConnectionStats, Stats};
pub use table::service_table;
pub use target::Target;
pub use timers::Timer;
pub use tracing;
pub use uuid::{self, Uuid};

/// What the code of `#[derive(Model)]` names. Not for use by hand: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use service_framework_model::dynamic::Arena;
    pub use service_framework_model::error::{Code, Refusal};
    pub use service_framework_model::schema::{ArgType, Field, Record};
    pub use service_framework_model::slot::{Slot, View};
    pub use service_framework_model::value::Value;

    pub use crate::argument::{
        Argument, Measured, Numeric, Textual, at_least, at_most, deepest, longest, matching, shortest,
    };
    pub use crate::model::{Model, OwnedModel, not_one_of, read_nested, too_few_slots};
}

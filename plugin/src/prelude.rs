//! What a service needs, in one `use`.

pub use std::time::Duration;

pub use chrono::{DateTime, Utc};
pub use rust_decimal::Decimal;
pub use service_framework_macros::Model;
pub use service_framework_model::schema::{ArgType, Peers, Record};
pub use service_framework_model::value::Value;
pub use tracing::{debug, error, info, trace, warn};
pub use uuid::Uuid;

pub use crate::argument::FloatArray;
pub use crate::builder::Models;
pub use crate::context::Context;
pub use crate::definition::ServiceDefinition;
pub use crate::destination::{ExternalTarget, Publisher, Requester};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::export_service;
pub use crate::model::Model;
pub use crate::sender::Sender;
pub use crate::state::{Changes, Condition, Deletes, InState, OnStale, OutState};
pub use crate::target::Target;
pub use crate::timers::Timer;

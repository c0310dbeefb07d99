//! What a script answers: the other end of a requester or an external target, as a test plays it.
//!
//! Owns the words of a script. When an answer arrives, and what it does to the request, is for the port.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value as Json;
use service_framework_model::schema::Peers;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::RemoteError;
use service_framework_plugin::{Error, Model, OwnedModel, Result};

use super::error::{Refused, TestError};
use super::message::{self, Part};

/// What the other end of an `out` connection does with a request.
///
/// JSON, an [`Error`] of the service's own API, and a `Result` of the two become one by themselves:
///
/// ```
/// use service_framework::testing::Answer;
/// use service_framework::{Error, json};
/// use std::time::Duration;
///
/// let returned: Answer = json!({"price": "10.5"}).into();
/// let refused: Answer = Error::caller("unknown_symbol", "there is no such symbol").into();
/// let late = Answer::from(json!({"price": "10.5"})).after(Duration::from_secs(2));
/// let lost = Answer::peer_lost();
/// ```
///
/// So does what another service under test answers, which is how two of them are wired: the one is moved into the script
/// of the other.
///
/// ```
/// use service_framework::prelude::*;
/// use service_framework::testing::{Answer, TestError, TestService};
/// # #[derive(Model)] pub struct Text { text: String }
/// # pub struct Echo;
/// # impl ServiceDefinition for Echo {
/// #     type Config = ();
/// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
/// #     fn models(m: &mut Models<Self>) { m.replyer("echo", Self::on_text); }
/// # }
/// # impl Echo { fn on_text(&mut self, text: Text, _: &mut Context) -> Result<Text> { Ok(text) } }
/// # const ECHO: Requester<Text, Text> = Requester::new("echo");
/// # pub struct Asker;
/// # impl ServiceDefinition for Asker {
/// #     type Config = ();
/// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
/// #     fn models(m: &mut Models<Self>) { m.requester(&ECHO); m.main(Self::ask); }
/// # }
/// # impl Asker {
/// #     fn ask(&mut self, ctx: &mut Context) -> Result<()> { ctx.send(&ECHO, &Text { text: "hello".into() }).map(|_| ()) }
/// # }
///
/// # fn main() -> std::result::Result<(), TestError> {
/// let mut echo = TestService::of::<Echo>().start()?;
/// let asker = TestService::of::<Asker>().answer("echo", move |question| {
///     echo.deliver("echo", question.clone()).map_or_else(Answer::from, Answer::from)
/// });
/// asker.start_as_main()?.run_main()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) reply: Reply,
    pub(super) after: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// Return arguments, in the form of config files.
    Json(Json),
    /// The same, whatever the model says.
    Value(Value),
    /// A whole message.
    Bytes(Bytes),
    Error(RemoteError),
    Never,
    NoPeer,
    PeerLost,
    Busy,
    /// No answer at all: the script went wrong.
    Slip(String),
}

impl Answer {
    const fn new(reply: Reply) -> Self {
        Self { reply, after: Duration::ZERO }
    }

    /// Returns this value, whether the model of the connection knows it or not.
    #[must_use]
    pub const fn value(returned: Value) -> Self {
        Self::new(Reply::Value(returned))
    }

    /// Replies with these bytes, whatever they are: what a hostile or broken peer does.
    #[must_use]
    pub fn bytes(reply: impl Into<Bytes>) -> Self {
        Self::new(Reply::Bytes(reply.into()))
    }

    /// Takes the request and never answers it: the service waits for as long as its timeout says, and is told
    /// [`ErrorKind::TimedOut`](service_framework_plugin::ErrorKind::TimedOut).
    #[must_use]
    pub const fn never() -> Self {
        Self::new(Reply::Never)
    }

    /// Nobody is there: the request never leaves, and the service is told
    /// [`ErrorKind::NoPeer`](service_framework_plugin::ErrorKind::NoPeer) when it has waited for as long as its timeout
    /// says. This is what a requester without a script meets.
    #[must_use]
    pub const fn no_peer() -> Self {
        Self::new(Reply::NoPeer)
    }

    /// Takes the request and goes away: the service is told
    /// [`ErrorKind::PeerLost`](service_framework_plugin::ErrorKind::PeerLost).
    #[must_use]
    pub const fn peer_lost() -> Self {
        Self::new(Reply::PeerLost)
    }

    /// All calls that may be in flight are taken: the service is told
    /// [`ErrorKind::Busy`](service_framework_plugin::ErrorKind::Busy) at once, and nothing was called.
    #[must_use]
    pub const fn busy() -> Self {
        Self::new(Reply::Busy)
    }

    /// The same answer after this much of the service's time.
    #[must_use]
    pub const fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }
}

impl From<Json> for Answer {
    fn from(returned: Json) -> Self {
        Self::new(Reply::Json(returned))
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Self::new(Reply::Error(RemoteError {
            code: error.code().to_owned(),
            message: error.message().to_owned(),
            field: error.field().map(str::to_owned),
            is_caller_error: error.is_caller_error(),
            is_retryable: error.is_retryable(),
        }))
    }
}

/// What another service under test did not return: its refusal is handed on as it is, so that two services can be wired
/// by a script. Anything else is an error of the test.
impl From<TestError> for Answer {
    fn from(error: TestError) -> Self {
        let TestError::Refused(Refused { code, message, field, is_caller_error, is_retryable }) = error else {
            return Self::new(Reply::Slip(error.to_string()));
        };
        Self::new(Reply::Error(RemoteError { code, message, field, is_caller_error, is_retryable }))
    }
}

impl From<Result<Json>> for Answer {
    fn from(result: Result<Json>) -> Self {
        result.map_or_else(Self::from, Self::from)
    }
}

/// A script: from the bytes of a request to what is answered.
pub(super) type Script = Box<dyn FnMut(&str, &Bytes) -> std::result::Result<Answer, TestError>>;

/// A script that reads JSON.
pub(super) fn script<T: Into<Answer>>(mut answer: impl FnMut(&Json) -> T + 'static) -> Script {
    Box::new(move |_, body| Ok(answer(&message::to_shown_json(Part::Arguments, body)).into()))
}

/// A script that reads and returns models of Rust.
pub(super) fn typed_script<A, R>(mut answer: impl FnMut(A) -> Result<R> + 'static) -> Script
where
    A: OwnedModel,
    R: Model,
{
    Box::new(move |name, body| {
        let returned = match answer(message::to_model(name, body)?) {
            Ok(returned) => returned,
            Err(error) => return Ok(error.into()),
        };
        let id = message::workflow_id(body);
        // Between two models of this program there is no old peer to spare.
        message::from_model(Part::Returned, (name, Peers::Own), &returned, &id).map(Answer::bytes)
    })
}

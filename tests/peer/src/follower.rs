//! A copy of a state on sockets of its own, one message at a time.
//!
//! Owns the way between the sockets and the copy, which is the state machine that services have. It waits for the first
//! message before it asks for anything, as the copies of the Python library do, so that what both ask for can be compared.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use service_framework::prelude::*;
use service_framework_connections::Frames;
use service_framework_model::schema::{Merge, Peers, Side, StateModel, StateValue};
use service_framework_model::state::StateValidator;
use service_framework_model::wire::decode_value;
use service_framework_runtime::transport::Socket;
use service_framework_states::copy::{Copy, Status};
use service_framework_states::rules::Protocol;
use service_framework_states::settings::CopySettings;

use crate::sockets::prefix;

/// Longer than any role runs.
const NEVER: Duration = Duration::from_secs(86_400);

/// A copy and its sockets.
pub(crate) struct Follower {
    copy: Copy,
    subscriber: Box<dyn Socket>,
    requester: Option<Box<dyn Socket>>,
    resets: usize,
    /// Whether it was a number that went back, and not a gap, after which something was missing.
    has_gone_back: bool,
}

/// What the sockets had.
enum News {
    Message(Frames),
    Answer(Frames),
}

impl Follower {
    /// A copy without a value of a state of this type, which gets what begins with `topic`, if there is one.
    pub(crate) async fn start(
        state_type: &str,
        value: impl Into<StateValue>,
        topic: &str,
        mut subscriber: Box<dyn Socket>,
        requester: Option<Box<dyn Socket>>,
    ) -> Result<Self> {
        let kind = service_framework_states::find(state_type).ok_or_else(|| Error::new("no such type of state"))?;
        let model = StateModel::new("state", Side::In, state_type, value);
        let topic = Some(topic.to_owned()).filter(|topic| !topic.is_empty());
        subscriber.subscribe(&prefix(topic.as_deref().unwrap_or_default())).await?;
        let validator = Arc::new(StateValidator::new(&model.value, Merge::TopLevel, Peers::Any)?);
        let settings = CopySettings { topic, settle: NEVER, ..CopySettings::new(&model, kind) };
        let (seed, _) = Uuid::new_v4().as_u64_pair();
        let mut copy = Copy::new(Protocol, settings, validator, seed);
        copy.start(Instant::now());
        Ok(Self { copy, subscriber, requester, resets: 0, has_gone_back: false })
    }

    /// Waits for the next message of the owner, and takes it.
    ///
    /// # Errors
    /// If none has come when the time `ends`.
    pub(crate) async fn follow(&mut self, ends: Instant) -> Result<()> {
        while !self.step(ends).await? {}
        Ok(())
    }

    /// Waits until nothing is missing.
    ///
    /// # Errors
    /// If something still is when the time `ends`.
    pub(crate) async fn settle(&mut self, ends: Instant) -> Result<()> {
        while !self.is_complete() {
            self.step(ends).await?;
        }
        Ok(())
    }

    /// The value as it is.
    pub(crate) fn value(&self) -> Result<Value> {
        let mut encoded = Vec::new();
        self.copy.tree().encode(Peers::Any, &mut encoded);
        decode_value(&encoded).map_err(|refusal| Error::new(refusal.to_string()))
    }

    /// The number of the last update in the value, if there is one.
    pub(crate) fn number(&self) -> Option<u64> {
        self.copy.held()?.number
    }

    /// How many snapshots it has asked for. One that it asked for because a number went back is not counted: a copy of
    /// the Python library does not notice that its owner began anew, and asks for nothing then.
    pub(crate) const fn resets(&self) -> usize {
        self.resets
    }

    /// Messages that were none, or did not fit the model.
    pub(crate) const fn refused(&self) -> u64 {
        self.copy.counts().refused
    }

    fn is_complete(&self) -> bool {
        matches!(self.copy.status(Instant::now()), Status::Live | Status::LiveUnverified)
    }

    /// Does what comes next, and says whether it was a message of the owner.
    async fn step(&mut self, ends: Instant) -> Result<bool> {
        let wakes = self.copy.poll_timeout().unwrap_or(ends).min(ends);
        let news = tokio::time::timeout_at(
            wakes.into(),
            poll_fn(|context| {
                if let Poll::Ready(frames) = self.subscriber.poll_receive(context) {
                    return Poll::Ready(frames.map(News::Message));
                }
                match &mut self.requester {
                    Some(requester) => requester.poll_receive(context).map(|frames| frames.map(News::Answer)),
                    None => Poll::Pending,
                }
            }),
        );
        let (news, now) = (news.await, Instant::now());
        let mut is_message = false;
        match news {
            Ok(Ok(News::Message(frames))) => {
                let [frame] = frames.as_slice() else { return Err(Error::new("a message of several frames")) };
                let (was_complete, missed) = (self.is_complete(), self.copy.counts().missed);
                self.copy.handle_frame(frame.clone(), now);
                if was_complete {
                    self.has_gone_back = self.copy.counts().missed == missed;
                }
                is_message = true;
            }
            Ok(Ok(News::Answer(frames))) => {
                if let [ticket, empty, frame] = frames.as_slice()
                    && let Ok(ticket) = <[u8; 8]>::try_from(&**ticket)
                    && empty.is_empty()
                {
                    self.copy.handle_reply(u64::from_be_bytes(ticket), frame, now);
                }
            }
            Ok(Err(closed)) => return Err(closed.into()),
            Err(_) if now >= ends => return Err(Error::new("timeout")),
            Err(_) => self.copy.handle_timeout(now),
        }
        self.ask(now);
        Ok(is_message)
    }

    fn ask(&mut self, now: Instant) {
        while let Some(request) = self.copy.poll_request(now) {
            let frames = [Bytes::copy_from_slice(&request.ticket.to_be_bytes()), Bytes::new(), request.frame];
            let sent = self.requester.as_mut().map(|requester| requester.try_send(frames.into_iter().collect()));
            match sent {
                Some(Ok(())) => self.resets += usize::from(!self.has_gone_back),
                _ => self.copy.handle_failure(request.ticket, now),
            }
        }
    }
}

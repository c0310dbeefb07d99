//! The wait for messages of a socket.
//!
//! Owns one future that goes on for as long as the socket is open: to begin another one for each message costs an
//! allocation, and a look at everything that could have arrived. It never holds a message longer than the poll that found
//! it.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use omq_tokio::{Message, Socket};

use crate::transport::Closed;

pub(super) struct Receiving {
    /// Ends when the socket is closed.
    waiting: Pin<Box<dyn Future<Output = ()>>>,
    received: Rc<Cell<Option<Message>>>,
}

impl Receiving {
    pub(super) fn from(socket: Arc<Socket>) -> Self {
        let received: Rc<Cell<Option<Message>>> = Rc::default();
        let taken = Rc::clone(&received);
        let waiting = Box::pin(async move {
            while let Ok(message) = socket.recv().await {
                taken.set(Some(message));
                handed_out(&taken).await;
            }
        });
        Self { waiting, received }
    }

    /// The next message.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Message, Closed>> {
        let is_over = self.waiting.as_mut().poll(context).is_ready();
        match self.received.take() {
            Some(message) => Poll::Ready(Ok(message)),
            None if is_over => Poll::Ready(Err(Closed)),
            None => Poll::Pending,
        }
    }
}

/// Waits until the message was taken: by whoever has polled for it, so that nobody need be woken.
async fn handed_out(received: &Cell<Option<Message>>) {
    poll_fn(|_| {
        let message = received.take();
        let is_there = message.is_some();
        received.set(message);
        if is_there { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}

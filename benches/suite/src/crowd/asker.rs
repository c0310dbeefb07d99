//! A client by hand with many connections, which asks over one after another.
//!
//! Owns how many requests are on their way, and whose turn is next. It is the same for all contestants: only what answers
//! differs. Each connection is a socket of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bench_desk::{Order, acknowledge, by_hand, message};
use bytes::Bytes;
use omq_tokio::options::WorkloadProfile;
use omq_tokio::{Message, Socket, SocketType};
use rmp::encode::ByteBuf;
use tokio::sync::Notify;

use crate::request::ROOM;
use crate::request::by_hand::omq;
use crate::side::{block_on, endpoint};
use crate::turn::{Said, Times, Turn, now};

/// Asks over this many connections, to each of these endpoints in turn, until nobody tells it to any more.
pub(crate) fn asker(connections: usize, endpoints: &[&str]) {
    block_on(&[], async {
        let mut sockets = Vec::with_capacity(connections);
        for at in endpoints.iter().cycle().take(connections) {
            let socket = omq(SocketType::Dealer, WorkloadProfile::Latency);
            socket.connect(endpoint(at)).await.expect("an endpoint");
            sockets.push(socket);
        }
        let waiting = vec![VecDeque::new(); connections];
        let state = State { waiting, number: 0, left: 0, open: 0, times: Times::default() };
        let asker = Arc::new(Asker { sockets, state: Mutex::new(state), all_came: Notify::new() });
        for place in 0..connections {
            let asker = Arc::clone(&asker);
            tokio::spawn(async move { asker.listen(place).await });
        }
        // In it each of them connects.
        asker.turn(connections as i64, connections).await;
        println!("ready");
        while let Some(turn) = Turn::next() {
            let began = now();
            let times = asker.turn(turn.count, turn.in_flight).await;
            Said { count: turn.count, seconds: (now() - began).as_secs_f64(), times }.say();
        }
    });
}

struct Asker {
    sockets: Vec<Socket>,
    state: Mutex<State>,
    all_came: Notify,
}

struct State {
    /// The requests on their way over each connection, with the time at which each left: replies come in their order.
    waiting: Vec<VecDeque<(i64, Duration)>>,
    /// Of the last request.
    number: i64,
    /// How many are still to leave in this turn, and how many have no reply yet.
    left: i64,
    open: i64,
    times: Times,
}

impl Asker {
    async fn turn(&self, count: i64, in_flight: usize) -> Times {
        {
            let mut state = self.state();
            (state.left, state.open) = (count, count);
        }
        for _ in 0..in_flight {
            self.send().await;
        }
        self.all_came.notified().await;
        std::mem::take(&mut self.state().times)
    }

    /// Sends the next request, if there is one.
    async fn send(&self) {
        let (place, number) = {
            let mut state = self.state();
            if state.left == 0 {
                return;
            }
            state.left -= 1;
            state.number += 1;
            let place = state.number as usize % self.sockets.len();
            let number = state.number;
            state.waiting[place].push_back((number, now()));
            (place, number)
        };
        let mut request = ByteBuf::with_capacity(ROOM);
        by_hand::write_call(&order(number), message::WORKFLOW_ID, &mut request);
        let correlation = Bytes::copy_from_slice(&number.to_be_bytes());
        let frames = [correlation, Bytes::new(), request.into_vec().into()];
        self.sockets[place].send(Message::multipart(frames)).await.expect("a desk that is there");
    }

    async fn listen(&self, place: usize) {
        loop {
            let reply = self.sockets[place].recv().await.expect("an open socket");
            let [correlation, body] = [0, 2].map(|frame| reply.part_slice(frame).expect("three frames"));
            {
                let mut state = self.state();
                let (number, left) = state.waiting[place].pop_front().expect("a request before its reply");
                assert_eq!(correlation, number.to_be_bytes());
                assert_eq!(by_hand::read_answer(body), Some(acknowledge(&order(number))));
                state.times.note(left);
                state.open -= 1;
                if state.open == 0 {
                    self.all_came.notify_one();
                }
            }
            self.send().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn order(number: i64) -> Order<'static> {
    message::order(message::SEQUENCE + number)
}

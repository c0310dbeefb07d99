//! Everything that the service sends over: requesters, external targets, publishers, the states that it owns, and who
//! waits for which answer.
//!
//! Owns the tickets: the one request of the service's own code, and those that other threads have posted. Never blocks;
//! whoever drives it decides how long.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{SendError, SyncSender};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use service_framework_connections::requests::{Stray, Unanswered};
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::owner::Update;

use super::estate::Estate;
use super::line::Line;
use super::outlet::Outlet;
use super::post::{Post, Posts, Request};
use crate::alarm::Alarm;
use crate::control::Control;
use crate::pool::{Closing, Pool};
use crate::registration::Registration;
use crate::transport::Socket;
use crate::wiring::Wiring;

type Answer = Result<Bytes, Unanswered>;

/// A request that another thread waits for.
struct Posted {
    ticket: u64,
    place: usize,
    waiting: SyncSender<Answer>,
}

/// What threads have posted for connections that have their other ends on this thread.
#[derive(Clone, Default)]
pub(crate) struct Relays {
    /// The places of those connections.
    pub(crate) places: Vec<usize>,
    pub(crate) posts: Rc<RefCell<VecDeque<Post>>>,
}

/// What is left of the lines of a service that has ended.
pub(super) struct Closed {
    /// Sockets that are to be closed.
    pub(super) requesters: Vec<Box<dyn Socket>>,
    /// Sockets that are to be closed when what they were handed has left.
    pub(super) publishers: Vec<Box<dyn Socket>>,
    /// Threads that are to be waited for.
    pub(super) pools: Vec<Closing>,
}

/// The lines of one service.
pub(super) struct Lines {
    lines: Vec<Line>,
    outlets: Vec<Outlet>,
    estates: Vec<Estate>,
    pools: Vec<Pool>,
    posts: Posts,
    /// Where posts go that no socket carries.
    relays: Relays,
    /// Whether threads may still post: a queue without senders is not asked again.
    is_posted_to: bool,
    /// In whose name posts are waited for.
    registration: Registration,
    next_ticket: u64,
    /// The ticket of the service's own request, and its outcome once it has one.
    own: Option<(u64, Option<Answer>)>,
    posted: Vec<Posted>,
    /// The requests of copies.
    asked: Vec<Asked>,
    /// What came of them, until it is collected.
    answers: Vec<AnswerOfOwner>,
    wiring: Arc<Wiring>,
    control: Arc<Control>,
    alarm: Alarm,
}

/// A request of a copy, which goes on while its service does something else.
struct Asked {
    ticket: u64,
    place: usize,
    /// The copy's own ticket.
    of_copy: u64,
}

/// What came of a request of a copy.
pub(super) struct AnswerOfOwner {
    pub(super) place: usize,
    pub(super) of_copy: u64,
    pub(super) answer: Answer,
}

impl Lines {
    pub(super) fn new(pools: Vec<Pool>, posts: Posts, wiring: Arc<Wiring>, control: Arc<Control>) -> Self {
        Self {
            lines: Vec::new(),
            outlets: Vec::new(),
            estates: Vec::new(),
            pools,
            posts,
            relays: Relays::default(),
            is_posted_to: true,
            registration: Registration::default(),
            next_ticket: 0,
            own: None,
            posted: Vec::new(),
            asked: Vec::new(),
            answers: Vec::new(),
            wiring,
            control,
            alarm: Alarm::default(),
        }
    }

    /// What threads post for these connections is for somebody else to take.
    pub(super) fn relay(&mut self, relays: Relays) {
        self.relays = relays;
    }

    pub(super) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    pub(super) fn add_outlet(&mut self, outlet: Outlet) {
        self.outlets.push(outlet);
    }

    pub(super) fn add_estate(&mut self, estate: Estate) {
        self.estates.push(estate);
    }

    /// The state that the service owns at `place`.
    pub(super) fn estate(&mut self, place: usize) -> Option<&mut Estate> {
        self.estates.iter_mut().find(|estate| estate.place == place)
    }

    /// Publishes what the service's states are in the beginning.
    pub(super) fn start_estates(&mut self) {
        let now = Instant::now();
        self.estates.iter_mut().for_each(|estate| estate.start(&self.wiring, now));
    }

    /// Keeps an update of a state until the sockets are driven the next time; returns how many messages wait for that.
    pub(super) fn publish_update(&mut self, place: usize, update: &Update, id: &WorkflowId<'_>) -> usize {
        let Some(estate) = self.estates.iter_mut().find(|estate| estate.place == place) else { return 0 };
        estate.publish(update, id, &self.wiring, Instant::now())
    }

    /// Begins the request of a copy, whose answer is collected.
    pub(super) fn ask(&mut self, place: usize, of_copy: u64, body: Bytes, deadline: Instant) {
        let ticket = self.ticket();
        self.asked.push(Asked { ticket, place, of_copy });
        if !self.begin(ticket, place, body, deadline) {
            self.settle(ticket, Err(Unanswered::NoPeer));
        }
    }

    /// What came of the requests of copies.
    pub(super) fn take_answers(&mut self) -> std::vec::Drain<'_, AnswerOfOwner> {
        self.answers.drain(..)
    }

    /// Whether something came of one.
    pub(super) const fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Gives up the sockets of a requester, and takes others in their place.
    pub(super) fn replace_line(&mut self, line: Line) -> Vec<Box<dyn Socket>> {
        self.asked.retain(|asked| asked.place != line.place);
        let Some(old) = self.lines.iter_mut().find(|old| old.place == line.place) else { return Vec::new() };
        std::mem::replace(old, line).into_sockets()
    }

    /// Keeps a publication until the sockets are driven the next time; returns how many wait for that. The buffer may be
    /// used again.
    pub(super) fn publish(&mut self, place: usize, publication: &mut Vec<u8>) -> usize {
        let Some(outlet) = self.outlets.iter_mut().find(|outlet| outlet.place == place) else { return 0 };
        outlet.push(publication);
        outlet.waiting()
    }

    /// Hands the publications that wait to their sockets.
    pub(super) fn send_publications(&mut self) {
        for outlet in &mut self.outlets {
            outlet.send(&self.wiring);
        }
        for estate in &mut self.estates {
            estate.send(&self.wiring);
        }
    }

    /// How many subscribers the publisher at `place` has.
    pub(super) fn subscribers(&mut self, place: usize) -> usize {
        let outlet = self.outlets.iter_mut().find(|outlet| outlet.place == place);
        outlet.map_or(0, Outlet::subscribers)
    }

    /// Begins the one request that the service's own code waits for. Returns whether there is such a connection.
    pub(super) fn begin_own(&mut self, place: usize, body: Bytes, deadline: Instant) -> bool {
        let ticket = self.ticket();
        self.own = Some((ticket, None));
        self.begin(ticket, place, body, deadline)
    }

    /// How the service's own request ended, once.
    pub(super) fn own_outcome(&mut self) -> Option<Answer> {
        let (_, outcome) = self.own.as_mut()?;
        let outcome = outcome.take()?;
        self.own = None;
        Some(outcome)
    }

    /// Ends the service's own request: the service stops and does not wait any longer.
    pub(super) fn stop_own(&mut self) {
        if let Some((ticket, None)) = self.own {
            self.stop(ticket);
        }
    }

    /// Ends what other threads have posted.
    pub(super) fn stop_posted(&mut self) {
        while let Some(Posted { ticket, .. }) = self.posted.last() {
            let (ticket, before) = (*ticket, self.posted.len());
            self.stop(ticket);
            if self.posted.len() == before {
                self.settle(ticket, Err(Unanswered::Stopping));
            }
        }
    }

    /// Sends and receives whatever can be, once.
    pub(super) async fn turn(&mut self) {
        if self.is_used() {
            poll_fn(|cx| {
                self.drive(cx);
                Poll::Ready(())
            })
            .await;
        }
    }

    /// Sends and receives whatever can be, and has the caller woken when there is more; or until the service's own
    /// request is over.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        loop {
            self.take_posts(cx);
            for outlet in &mut self.outlets {
                outlet.drive(cx, &self.wiring);
            }
            for estate in &mut self.estates {
                estate.drive(cx, &self.wiring);
            }
            let mut is_done = true;
            for line in &mut self.lines {
                is_done &= line.drive(cx, &self.wiring).is_pending();
            }
            for pool in &mut self.pools {
                pool.drive(cx, &self.wiring);
            }
            self.settle_all();
            if let Some((_, Some(_))) = self.own {
                return;
            }
            if !is_done {
                continue;
            }
            let deadlines = self.lines.iter().filter_map(Line::poll_deadline);
            let deadlines = deadlines.chain(self.pools.iter().filter_map(Pool::poll_deadline));
            let deadlines = deadlines.chain(self.estates.iter().filter_map(Estate::poll_deadline));
            let Some(deadline) = deadlines.min() else { return };
            if self.alarm.poll(deadline, cx).is_pending() {
                return;
            }
            let now = Instant::now();
            self.lines.iter_mut().for_each(|line| line.handle_timeout(now));
            self.pools.iter_mut().for_each(|pool| pool.handle_timeout(now));
            self.estates.iter_mut().for_each(|estate| estate.handle_timeout(&self.wiring, now));
        }
    }

    /// Whether somebody could wait for the lines to be driven.
    pub(super) fn is_used(&self) -> bool {
        !self.lines.is_empty() || !self.pools.is_empty() || !self.outlets.is_empty() || !self.estates.is_empty()
    }

    /// Ends everything that is in flight, and gives up what is to be closed.
    pub(super) fn close(mut self) -> Closed {
        self.stop_posted();
        self.posts.close();
        // Who posts a publication does not wait for it to leave; who posts a request learns that nobody took it.
        while let Ok(post) = self.posts.try_recv() {
            if let Post::Publication { place, body } = post {
                self.take_publication(place, body);
            }
        }
        let wiring = &self.wiring;
        Closed {
            requesters: self.lines.into_iter().flat_map(Line::into_sockets).collect(),
            publishers: {
                let estates = self.estates.into_iter().flat_map(|estate| estate.close(wiring));
                self.outlets.into_iter().map(|outlet| outlet.into_socket(wiring)).chain(estates).collect()
            },
            pools: self.pools.into_iter().flat_map(Pool::hang_up).collect(),
        }
    }

    fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }

    fn begin(&mut self, ticket: u64, place: usize, body: Bytes, deadline: Instant) -> bool {
        if let Some(line) = self.lines.iter_mut().find(|line| line.place == place) {
            line.begin(ticket, body, deadline, &self.wiring);
        } else if let Some(pool) = self.pools.iter_mut().find(|pool| pool.place() == place) {
            pool.begin(ticket, body, deadline);
        } else {
            return false;
        }
        true
    }

    fn take_publication(&mut self, place: usize, mut body: Vec<u8>) {
        if self.relays.places.contains(&place) {
            // It may have a socket too.
            self.publish(place, &mut body.clone());
            self.relays.posts.borrow_mut().push_back(Post::Publication { place, body });
        } else {
            self.publish(place, &mut body);
        }
    }

    fn take_posts(&mut self, cx: &mut Context<'_>) {
        if self.posts.is_empty() && self.registration.is_of(cx) {
            return;
        }
        while self.is_posted_to {
            match self.posts.poll_recv(cx) {
                Poll::Ready(Some(Post::Publication { place, body })) => self.take_publication(place, body),
                Poll::Ready(Some(Post::Request(request))) if request.claim() => {
                    if self.relays.places.contains(&request.place) {
                        self.relays.posts.borrow_mut().push_back(Post::Request(request));
                    } else {
                        self.take(request);
                    }
                }
                // Its thread has given it up.
                Poll::Ready(Some(Post::Request(_))) => {}
                Poll::Ready(None) => self.is_posted_to = false,
                Poll::Pending => return self.registration.renew(cx),
            }
        }
    }

    fn take(&mut self, post: Request) {
        let (ticket, place) = (self.ticket(), post.place);
        self.posted.push(Posted { ticket, place, waiting: post.answer });
        if self.control.is_stopping() {
            self.settle(ticket, Err(Unanswered::Stopping));
        } else if post.deadline <= Instant::now() {
            // The service had no time for it, whoever may be at the other end.
            self.settle(ticket, Err(Unanswered::Busy));
        } else if !self.begin(ticket, place, post.body, post.deadline) {
            self.settle(ticket, Err(Unanswered::NoPeer));
        }
    }

    fn stop(&mut self, ticket: u64) {
        self.lines.iter_mut().for_each(|line| line.handle_stop(ticket));
        self.pools.iter_mut().for_each(|pool| pool.handle_stop(ticket));
        self.settle_all();
    }

    fn settle_all(&mut self) {
        while let Some((ticket, answer)) = self.outcome() {
            self.settle(ticket, answer);
        }
    }

    fn outcome(&mut self) -> Option<(u64, Answer)> {
        let of_lines = self.lines.iter_mut().find_map(Line::poll_outcome);
        of_lines.or_else(|| self.pools.iter_mut().find_map(Pool::poll_outcome))
    }

    /// Hands an answer to whoever waits for it.
    fn settle(&mut self, ticket: u64, answer: Answer) {
        match &mut self.own {
            Some((own, outcome)) if *own == ticket => *outcome = Some(answer),
            _ => {
                if let Some(at) = self.asked.iter().position(|asked| asked.ticket == ticket) {
                    let Asked { place, of_copy, .. } = self.asked.swap_remove(at);
                    self.answers.push(AnswerOfOwner { place, of_copy, answer });
                    return;
                }
                let Some(at) = self.posted.iter().position(|posted| posted.ticket == ticket) else { return };
                let Posted { place, waiting, .. } = self.posted.swap_remove(at);
                // Whoever posted it may have given up.
                if let Err(SendError(Ok(_))) = waiting.send(answer)
                    && let Some(counters) = self.wiring.counters(place)
                {
                    counters.dropped(Stray::Late.word());
                }
            }
        }
    }
}

//! Which `out` connection of one service is which `in` connection of another, and whether that can work.
//!
//! Owns the rules of relations, and what is said when one is broken. Never runs anything.

use service_framework_connections::registry::{self, SocketRole};
use service_framework_connections::topic;
use service_framework_model::json::Json;
use service_framework_model::nearest::suggestion;
use service_framework_model::problem::Span;
use service_framework_model::schema::{ConnectionModel, ServiceModel, Side};

use crate::diagnostics::{Diagnostic, Diagnostics, Source};
use crate::document::Document;
use crate::running::Mode;

/// A service of a group, as its relations see it.
pub(super) struct Member<'m> {
    pub(super) name: &'m str,
    pub(super) model: &'m ServiceModel,
    pub(super) mode: Mode,
}

/// A connection of one of the services: which service, and the place of the connection in its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) member: usize,
    pub(super) place: usize,
}

/// Two connections that are each other's ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) from: End,
    pub(super) to: End,
    /// Whether what is published waits until the publisher's function has returned: the subscriber may be at work below
    /// it.
    pub(super) is_deferred: bool,
}

/// A relation as it was written: two names such as `strategy.orders` and `desk.orders`.
#[derive(Clone, Debug)]
pub struct WrittenRelation {
    /// The `out` connection.
    pub from: String,
    /// The `in` connection.
    pub to: String,
    /// Where it was written.
    pub source: Source,
    /// Where in that source.
    pub span: Option<Span>,
}

impl WrittenRelation {
    /// Those under `relations` in a document: a list of `in` connections under each `out` connection.
    #[must_use]
    pub fn all_in(document: &Document) -> Vec<Self> {
        let relations = document.node.member("relations").and_then(|member| member.node.members());
        let all = relations.into_iter().flatten().flat_map(|relation| {
            let ends = if let Json::List(ends) = &relation.node.json { ends.as_slice() } else { &[] };
            ends.iter().map(|into| Self {
                from: relation.name.clone(),
                to: into.as_text().unwrap_or_default().to_owned(),
                source: document.source.clone(),
                span: into.span,
            })
        });
        all.collect()
    }
}

/// Finds the ends of all relations.
pub(super) fn resolve(
    members: &[Member<'_>],
    written: &[WrittenRelation],
    problems: &mut Diagnostics,
) -> Vec<Relation> {
    let mut relations: Vec<Relation> = Vec::new();
    for WrittenRelation { from, to, source, span } in written {
        let path = format!("{from} -> {to}");
        let error = |message: String, help: Option<String>| {
            Diagnostic::error(source.clone(), message).at(path.clone()).with_span(*span).with_help(help)
        };
        let ends = find(members, from, Side::Out).and_then(|from| Ok((from, find(members, to, Side::In)?)));
        let (from, to) = match ends {
            Ok(ends) => ends,
            Err((message, help)) => {
                problems.push(error(message, help));
                continue;
            }
        };
        let relation = Relation { from, to, is_deferred: false };
        let is_requester = role(members, from) == Some(SocketRole::Dealer);
        if relations.contains(&relation) {
            problems.push(error("it is there twice".to_owned(), Some("remove one of them".to_owned())));
        } else if is_requester && relations.iter().any(|other| other.from == from) {
            let message = "the requester has another relation already: a request has one answer".to_owned();
            problems.push(error(message, Some("keep one of them".to_owned())));
        } else if let Some((message, help)) = misfit(members, &relation) {
            problems.push(error(message, Some(help)));
        } else {
            relations.push(relation);
        }
    }
    if let Some(cycle) = cycle_of_requests(members, &relations) {
        let message = format!("the services wait for each other's answers in a circle: {cycle}");
        let help = "answer one of these requests from what the service knows already, or publish instead of asking";
        if let Some(WrittenRelation { source, .. }) = written.first() {
            problems.push(Diagnostic::error(source.clone(), message).with_help(help.to_owned()));
        }
    }
    let leads_back = |relation: &Relation| reaches(&relations, relation.to.member, relation.from.member);
    let deferred: Vec<bool> = relations.iter().map(leads_back).collect();
    for (relation, is_deferred) in relations.iter_mut().zip(deferred) {
        // A request cannot wait; that it leads back by requests alone was refused.
        relation.is_deferred = is_deferred && role(members, relation.from) == Some(SocketRole::Publisher);
    }
    relations
}

/// The services in an order in which each comes after those that it reaches at once.
pub(super) fn order(count: usize, relations: &[Relation]) -> Vec<usize> {
    let at_once: Vec<Relation> = relations.iter().copied().filter(|relation| !relation.is_deferred).collect();
    let mut order: Vec<usize> = (0..count).collect();
    // The number of services that one reaches is greater than that of each of them.
    order.sort_by_key(|member| (0..count).filter(|other| reaches(&at_once, *member, *other)).count());
    order
}

type Misfit = (String, Option<String>);

/// The connection of this name, such as `desk.orders`.
fn find(members: &[Member<'_>], name: &str, side: Side) -> Result<End, Misfit> {
    let Some((service, connection)) = name.split_once('.') else {
        let message = format!("`{name}` names no connection");
        return Err((
            message,
            Some("write the names of the service and of its connection: `service.connection`".into()),
        ));
    };
    let Some(member) = members.iter().position(|member| member.name == service) else {
        let message = format!("there is no service `{service}`");
        return Err((message, suggestion(service, members.iter().map(|member| member.name))));
    };
    let Some(Member { model, .. }) = members.get(member) else { return Err((String::new(), None)) };
    let place = model.connections.iter().position(|found| found.side == side && found.name == connection);
    if let Some(place) = place {
        return Ok(End { member, place });
    }
    if model.states.iter().any(|state| state.name == connection) {
        let message = format!("`{name}` is a state, and a state has sockets");
        return Err((message, Some("give both of its sides `inproc://` addresses".to_owned())));
    }
    let word = side.word();
    let message = format!("`{service}` declares no `{word}` connection `{connection}`");
    let is_elsewhere = model.connections.iter().any(|found| found.name == connection);
    let help = if is_elsewhere {
        Some("a relation leads from an `out` connection to an `in` connection: turn it round".to_owned())
    } else {
        suggestion(connection, model.connections.iter().filter(|c| c.side == side).map(|c| c.name.as_str()))
    };
    Err((message, help))
}

fn connection<'m>(members: &[Member<'m>], end: End) -> Option<&'m ConnectionModel> {
    members.get(end.member)?.model.connections.get(end.place)
}

fn role(members: &[Member<'_>], end: End) -> Option<SocketRole> {
    registry::find(&connection(members, end)?.connection_type)?.socket()
}

/// Why two connections cannot be each other's ends, and what to do.
fn misfit(members: &[Member<'_>], relation: &Relation) -> Option<(String, String)> {
    let (from, to) = (connection(members, relation.from)?, connection(members, relation.to)?);
    let (kind_of_from, kind_of_to) = (registry::find(&from.connection_type)?, registry::find(&to.connection_type)?);
    if kind_of_from.socket().is_none() || !kind_of_from.compatible_with.contains(&kind_of_to.word) {
        let expected = kind_of_from.compatible_with.join(", ");
        let message = format!("a {} and a {} are no ends of each other", kind_of_from.word, kind_of_to.word);
        let help = if kind_of_from.socket().is_none() || expected.is_empty() {
            format!("a {} stands in no relation: remove it", kind_of_from.word)
        } else {
            format!("the other end of a {} is a {expected}", kind_of_from.word)
        };
        return Some((message, help));
    }
    if members.get(relation.to.member)?.mode == Mode::Main {
        let message =
            format!("`{}` runs main, and nothing comes in in main mode", members.get(relation.to.member)?.name);
        return Some((message, "run its service loop instead".to_owned()));
    }
    let (published, heard) = (topic::topic(from), topic::topic(to));
    if published != heard {
        let shown =
            |topic: Option<&str>| topic.map_or_else(|| "no topic".to_owned(), |topic| format!("the topic {topic:?}"));
        let message = format!("it is published with {}, and heard with {}", shown(published), shown(heard));
        return Some((message, "give both the same topic".to_owned()));
    }
    None
}

/// Whether one service leads to another over relations.
fn reaches(relations: &[Relation], from: usize, to: usize) -> bool {
    let (mut seen, mut open) = (Vec::new(), vec![from]);
    while let Some(member) = open.pop() {
        for relation in relations.iter().filter(|relation| relation.from.member == member) {
            let next = relation.to.member;
            if next == to {
                return true;
            }
            if !seen.contains(&next) {
                seen.push(next);
                open.push(next);
            }
        }
    }
    false
}

/// A circle of services that ask each other, for people.
fn cycle_of_requests(members: &[Member<'_>], relations: &[Relation]) -> Option<String> {
    let is_request = |relation: &&Relation| role(members, relation.from) == Some(SocketRole::Dealer);
    let requests: Vec<Relation> = relations.iter().filter(is_request).copied().collect();
    let leads_back = |relation: &&Relation| {
        reaches(&requests, relation.to.member, relation.from.member) || relation.to.member == relation.from.member
    };
    let first = requests.iter().find(leads_back)?;
    let start = first.from.member;
    // Ways that grow by one service at a time: the first that is back is a shortest one.
    let mut ways = vec![vec![start, first.to.member]];
    let way = loop {
        if let Some(way) = ways.iter().find(|way| way.last() == Some(&start)) {
            break way.clone();
        }
        let goes_on = |way: &Vec<usize>| {
            let next = requests.iter().filter(|relation| way.last() == Some(&relation.from.member));
            let next = next.map(|relation| relation.to.member);
            let next: Vec<usize> = next.filter(|next| *next == start || !way.contains(next)).collect();
            let way = way.clone();
            next.into_iter().map(move |next| way.iter().copied().chain([next]).collect())
        };
        let longer: Vec<Vec<usize>> = ways.iter().flat_map(goes_on).collect();
        if longer.is_empty() {
            return None;
        }
        ways = longer;
    };
    let names = way.iter().filter_map(|at| members.get(*at)).map(|member| format!("`{}`", member.name));
    Some(names.collect::<Vec<_>>().join(" -> "))
}

#[cfg(test)]
mod tests;

use proptest::prelude::*;
use service_framework_model::schema::Record;

use super::*;

/// Services and relations between them: from which to which, and whether it asks.
fn models(count: usize, edges: &[(usize, usize, bool)]) -> (Vec<ServiceModel>, Vec<WrittenRelation>) {
    let model = |at: usize| ServiceModel {
        name: at.to_string(),
        config: Record::new(),
        connections: Vec::new(),
        states: Vec::new(),
        functions: Vec::new(),
    };
    let mut models: Vec<ServiceModel> = (0..count).map(model).collect();
    let mut written = Vec::new();
    for (number, (from, to, asks)) in edges.iter().enumerate() {
        let name = format!("c{number}");
        let (out, into) = if *asks { ("requester", "replyer") } else { ("publisher", "subscriber") };
        models[*from].connections.push(ConnectionModel::new(&name, Side::Out, out));
        models[*to].connections.push(ConnectionModel::new(&name, Side::In, into));
        let (from, to) = (format!("{from}.{name}"), format!("{to}.{name}"));
        written.push(WrittenRelation { from, to, source: Source::Embedded("relations"), span: None });
    }
    (models, written)
}

fn resolved(count: usize, edges: &[(usize, usize, bool)]) -> (Vec<Relation>, String) {
    let (models, written) = models(count, edges);
    let names: Vec<String> = (0..count).map(|at| at.to_string()).collect();
    let members = models.iter().zip(&names).map(|(model, name)| Member { name, model, mode: Mode::Service });
    let mut problems = Diagnostics::new();
    let relations = resolve(&members.collect::<Vec<_>>(), &written, &mut problems);
    (relations, problems.render(false))
}

#[test]
fn what_is_published_waits_only_where_it_leads_back() {
    let (relations, problems) = resolved(4, &[(0, 1, false), (1, 2, true), (2, 0, true), (0, 3, false)]);
    assert_eq!(problems, "");
    let deferred: Vec<bool> = relations.iter().map(|relation| relation.is_deferred).collect();
    assert_eq!(deferred, [true, false, false, false]);
    assert_eq!(order(4, &relations), [3, 0, 2, 1]);
}

#[test]
fn a_service_that_asks_itself_is_a_circle() {
    let (_, problems) = resolved(2, &[(0, 1, true), (1, 1, true)]);
    assert!(problems.contains("in a circle: `1` -> `1`"), "{problems}");
}

#[test]
fn the_circle_that_is_told_is_a_shortest_one_and_no_way_that_leads_nowhere_hides_it() {
    let (_, problems) = resolved(5, &[(3, 1, true), (4, 1, true), (1, 4, true), (1, 3, true)]);
    assert!(problems.contains("in a circle: `3` -> `1` -> `3`"), "{problems}");
}

proptest! {
    /// Whatever leads where: a circle of requests is told if and only if there is one; without one, no call at once leads
    /// back to a service that is at work, and those that others reach begin first.
    #[test]
    fn no_call_leads_back(edges in prop::collection::vec((0_usize..5, 0_usize..5, any::<bool>()), 0..12)) {
        let (relations, problems) = resolved(5, &edges);
        let steps = |wanted: &dyn Fn(usize) -> bool| {
            let mut reached = [[false; 5]; 5];
            for (number, (from, to, _)) in edges.iter().enumerate() {
                reached[*from][*to] |= wanted(number);
            }
            for via in 0..5 {
                for from in 0..5 {
                    for to in 0..5 {
                        reached[from][to] |= reached[from][via] && reached[via][to];
                    }
                }
            }
            reached
        };
        let asking = steps(&|number| edges[number].2);
        let has_circle = (0..5).any(|at| asking[at][at]);
        prop_assert_eq!(problems.contains("in a circle"), has_circle, "{}", problems);
        if !has_circle {
            prop_assert_eq!(relations.len(), edges.len());
            let at_once = steps(&|number| !relations[number].is_deferred);
            let order = order(5, &relations);
            let place = |member: usize| order.iter().position(|other| *other == member).unwrap();
            for (from, reached) in at_once.iter().enumerate() {
                for (to, is_reached) in reached.iter().enumerate() {
                    prop_assert!(!is_reached || place(to) < place(from));
                }
            }
        }
    }
}

//! Running, failing and printing a flow costs as much per delivery for many deliveries as for few.
//!
//! The tests count allocations, so their results do not depend on the machine. They are a binary of
//! their own, because they replace the allocator.

mod domain;

use std::collections::BTreeMap;

use allocation_counter::measure;
use flow_harness::{Flow, FlowFailure, flow::AfterAct, prelude::*};

use crate::domain::{
    Chainer, Fill, Filled, Full, Jar, JarHandler, Label, Piece, Shelf, Worker, domain, ordered,
    piece,
};

const FEW: usize = 100;
const MANY: usize = 4 * FEW;

/// The maximum growth of the cost from `FEW` to `MANY`, in tenths.
const MAX_GROWTH: u64 = 45;

/// The name of a flow that fails, and the flow with this number of deliveries.
type Case = (&'static str, fn(FlowHarness, usize) -> FlowFailure);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("chain: other event", |flow, n| fail(flow.when_event(piece("label", n)).then_event(piece("label", 7_777)))),
    ("chain: matching", |flow, n| fail(flow.when_event(piece("label", n)).then(expect::event_matching::<Piece>(|_| false)))),
    ("chain: no events", |flow, n| fail(flow.when_event(piece("label", n)).then_no_events())),
    ("chain: events", |flow, n| fail(flow.when_event(piece("label", n)).then_events(pieces_of_chain(n)))),
    ("chain: row", |flow, n| fail(flow.when_event(piece("label", n)).then_projection::<Label>("piece-1").has(|_| false))),
    ("chain: row is", |flow, n| fail(flow.when_event(piece("label", n)).then_projection::<Label>("piece-1").is(Label { id: "piece-1".into(), left: 9 }))),
    ("chain: no row", |flow, n| fail(flow.when_event(piece("none", n)).then_projection::<Label>("piece-1").is(Label { id: "piece-1".into(), left: 9 }))),
    ("chain: other row", |flow, n| fail(flow.when_event(piece("label", n)).then_projection::<Label>("piece-2").is(Label { id: "piece-2".into(), left: 9 }))),
    ("chain: no aggregate", |flow, n| fail(flow.when_event(piece("none", n)).then_aggregate::<Shelf>("piece-1").has(|_| true))),
    ("chain: no call", |flow, n| fail(flow.when_event(piece("none", n)).then_handled_by::<JarHandler>())),
    ("chain: calls", |flow, n| fail(flow.when_event(piece("none", n)).then_handled_by::<Chainer>().times(0))),
    ("chain: failed", |flow, n| fail(flow.when_event(piece("none", n)).then(expect::handler_failed::<Chainer>(Full)))),
    ("chain: no command", |flow, n| fail(flow.when_event(piece("none", n)).then(expect::commands(Fill { id: "1".into(), times: 1 })))),
    ("chain: not scheduled", |flow, n| fail(flow.when_event(piece("none", n)).then(expect::scheduled::<Fill>()))),
    ("wide: other event", |flow, n| fail(flow.when_event(ordered("label", n)).then_event(piece("label", 7_777)))),
    ("wide: events", |flow, n| fail(flow.when_event(ordered("label", n)).then_events(wide_pieces(n)))),
    ("wide: same events", |flow, n| fail(flow.when_event(ordered("label", n)).then_events(vec![piece("label", 0); n]))),
    ("wide: row", |flow, n| fail(flow.when_event(ordered("label", n)).then_projection::<Label>("3").has(|_| false))),
    ("wide: no row", |flow, n| fail(flow.when_event(ordered("none", n)).then_projection::<Label>("3").has(|_| false))),
    ("wide: other row", |flow, n| fail(flow.when_event(ordered("label", n)).then_projection::<Label>("x").has(|_| false))),
    ("wide: rows", |flow, n| fail(flow.when_event(ordered("label", n)).then(expect::projections::<Label>().any(|_| false)))),
    ("wide: failures", |flow, n| fail(flow.when_event(ordered("fail", n)).then_handled_by::<Chainer>())),
    ("wide: settled", |flow, n| fail(flow.when_event(ordered("fail", n)).then_settled())),
    ("wide: rejections", |flow, n| fail(flow.when_event(ordered("submit", n)).then_handled_by::<Worker>())),
    ("lookups in a call", |flow, n| fail(flow.when_event(ordered("find here", n)).then_aggregate::<Shelf>("x").has(|_| true))),
    ("lookups in calls", |flow, n| fail(flow.when_event(ordered("find", n)).then_aggregate::<Shelf>("x").has(|_| true))),
    ("lookups in a chain", |flow, n| fail(flow.when_event(piece("find", n)).then_aggregate::<Shelf>("x").has(|_| true))),
    ("lookups of rows", |flow, n| fail(flow.when_event(ordered("find row", n)).then_projection::<Label>("x").has(|_| true))),
    ("lookups beside rows", |flow, n| fail(flow.when_event(ordered("label or find row", n)).then_projection::<Label>("x").has(|_| true))),
    ("nested commands", |flow, n| fail(flow.when_event(ordered("process", n)).then_aggregate::<Shelf>("x").has(|_| true))),
    ("silent changes", |flow, n| fail(flow.when_event(ordered("shelve", n)).then_aggregate::<Shelf>("x").has(|_| true))),
    ("one stream: field", |flow, n| fail(flow.when(Fill { id: "jar".into(), times: n }).then_aggregate::<Jar>("jar").like(BTreeMap::from([("n_filled", 9)])))),
    ("one stream: given", |flow, n| fail(flow.given_events(vec![Filled { id: "jar".into(), amount: 1 }; n]).when(Fill { id: "other".into(), times: 1 }).then_aggregate::<Jar>("jar").has(|_| false))),
];

fn fail(flow: Flow<'_, impl AfterAct>) -> FlowFailure {
    flow.try_run()
        .expect_err("the flow expects what does not happen")
}

/// Returns the pieces that `n` handlers of a chain raise, with one difference in the middle.
fn pieces_of_chain(n: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = (0..n).rev().map(|left| piece("label", left)).collect();
    pieces[n / 2].left = n;
    pieces
}

/// Returns the pieces that one handler raises, in the opposite order.
fn wide_pieces(n: usize) -> Vec<Piece> {
    let ids = (0..n).rev().map(|nth| nth.to_string());
    ids.map(|id| Piece {
        id,
        ..piece("label", 0)
    })
    .collect()
}

/// Returns the allocations and the allocated bytes of a flow that runs, fails and is printed.
fn cost(mode: Mode, case: fn(FlowHarness, usize) -> FlowFailure, n: usize) -> [u64; 2] {
    let harness = FlowHarness::new(domain).mode(mode).budget(100 * n);
    let info = measure(|| {
        let failure = case(harness, n);
        let text = failure.to_string();
        assert!(!text.is_empty());
        drop(failure.record_text());
    });

    [info.count_total, info.bytes_total]
}

/// Returns the cases whose cost grows faster than the number of deliveries, each with the growth.
///
/// Vectors grow in powers of two, and cells of maps do, so four times as many may cost a bit more.
fn too_expensive(mode: Mode) -> Vec<String> {
    let growth = |case| {
        let ([few, few_bytes], [many, many_bytes]) =
            (cost(mode, case, FEW), cost(mode, case, MANY));
        (10 * many / few).max(10 * many_bytes / few_bytes)
    };

    CASES
        .iter()
        .map(|(name, case)| (name, growth(*case)))
        .filter(|(_, growth)| MAX_GROWTH < *growth)
        .map(|(name, growth)| format!("{name}: {}.{} times", growth / 10, growth % 10))
        .collect()
}

#[test]
fn inline_flow_has_linear_cost() {
    assert_eq!(too_expensive(Mode::Sync), Vec::<String>::new());
}

#[test]
fn engine_flow_has_linear_cost() {
    assert_eq!(too_expensive(Mode::Engine), Vec::<String>::new());
}

#[test]
fn passing_flow_has_linear_cost() {
    let passes = |n: usize| {
        let harness = FlowHarness::new(domain).budget(100 * n);
        let info = measure(|| {
            let outcome = harness
                .when_event(ordered("shelve", n))
                .then_settled()
                .run();
            assert_eq!(outcome.warnings().len(), n);
        });

        info.count_total
    };

    assert!(10 * passes(MANY) / passes(FEW) <= MAX_GROWTH);
}

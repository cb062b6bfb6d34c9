//! Invariants are disabled by name and with a reason, for a harness or for one flow.

use flow_harness::{Invariant, prelude::*};
use rstest::rstest;

use crate::{
    fixture::{failure, mismatch, report},
    invariants::shelf::{pantry, put},
};

/// Returns an input that violates the invariant.
fn violating_input(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::RoundTrip => "secret",
        Invariant::Fold => "count beside",
        _ => "remember",
    }
}

#[rstest]
fn invariant_is_disabled_for_a_harness(
    #[values(Invariant::RoundTrip, Invariant::Fold, Invariant::Rebuild)] invariant: Invariant,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let pantry = pantry()
        .mode(mode)
        .disable_invariant(invariant, "it is known");

    pantry
        .when(put(violating_input(invariant)))
        .then_settled()
        .run();
}

#[rstest]
fn invariant_is_disabled_for_one_flow(
    #[values(Invariant::RoundTrip, Invariant::Fold, Invariant::Rebuild)] invariant: Invariant,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let flow = || {
        pantry()
            .mode(mode)
            .when(put(violating_input(invariant)))
            .then_settled()
    };

    flow().disable_invariant(invariant, "it is known").run();

    assert!(flow().try_run().is_err());
}

#[test]
fn disabled_invariant_is_reported_with_its_reason() {
    let flow = pantry()
        .disable_invariant(Invariant::Fold, "the dust is nobody's business")
        .when(put("plum"))
        .then_no_events()
        .disable_invariant(Invariant::Rebuild, "rows are made by hand");

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then no events      tests/it/invariants/disabled_invariant.rs:LINE

      expected  nothing
      found     JarPut
                unexpected   JarPut { shelf_id: "top", what: "plum" }

    why    Keeper handled PutJar and raised JarPut

    story   1 when   PutJar { shelf_id: "top", what: "plum" }  accepted
            2 then   no events                                 FAILED

    chain  PutJar                              Keeper  handled   <- here
           └ JarPut                            shelf-top @1
             └ StockKeeper                     wrote Stock "top"

    note   invariant not checked: fold, because the dust is nobody's business
           invariant not checked: rebuild, because rows are made by hand

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn disabled_invariant_needs_a_reason() {
    let in_flow = pantry()
        .when(put("plum"))
        .then_settled()
        .disable_invariant(Invariant::Rebuild, " ");
    let in_harness = pantry()
        .disable_invariant(Invariant::Rebuild, "")
        .when(put("plum"))
        .then_settled();

    insta::assert_snapshot!(mismatch(in_flow), @"
    expected  a reason why the invariant is disabled
    found     no reason; a later reader cannot tell whether the invariant must stay disabled
    ");
    assert_eq!(
        failure(in_harness).mismatch().expected,
        "a reason why the invariant is disabled"
    );
}

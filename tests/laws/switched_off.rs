//! A law is switched off by name and with a reason, in the harness or in the sentence.

use flow_harness::{Law, prelude::*};
use rstest::rstest;

use crate::{
    mismatch, report,
    shelf::{pantry, put},
};

/// What breaks each law.
fn breaking(law: Law) -> &'static str {
    match law {
        Law::RoundTrip => "secret",
        Law::Fold => "count beside",
        _ => "remember",
    }
}

#[rstest]
fn a_law_is_switched_off_for_all_sentences_of_a_harness(
    #[values(Law::RoundTrip, Law::Fold, Law::Rebuild)] law: Law,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let pantry = pantry().mode(mode).without_law(law, "it is known");

    pantry.when(put(breaking(law))).then_settled().run();
}

#[rstest]
fn a_law_is_switched_off_for_one_sentence(
    #[values(Law::RoundTrip, Law::Fold, Law::Rebuild)] law: Law,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let sentence = || pantry().mode(mode).when(put(breaking(law))).then_settled();

    sentence().without_law(law, "it is known").run();

    assert!(sentence().try_run().is_err());
}

#[test]
fn a_report_tells_what_was_not_checked_and_why() {
    let flow = pantry()
        .without_law(Law::Fold, "the dust is nobody's business")
        .when(put("plum"))
        .then_no_events()
        .without_law(Law::Rebuild, "rows are made by hand");

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then no events      tests/laws/switched_off.rs:LINE

      expected  nothing
      found     JarPut
                unexpected   JarPut { shelf_id: "top", what: "plum" }

    why    Keeper handled PutJar and raised JarPut

    story   1 when   PutJar { shelf_id: "top", what: "plum" }  accepted
            2 then   no events                                 FAILED

    chain  PutJar                              Keeper  handled   <- here
           └ JarPut                            shelf-top @1
             └ StockKeeper                     wrote Stock "top"

    laws   not checked: fold, because the dust is nobody's business
           not checked: rebuild, because rows are made by hand

    left   nothing waiting · no handlers failed
    "#);
}

#[test]
fn a_law_that_is_switched_off_without_a_reason_is_refused() {
    let in_sentence = pantry()
        .when(put("plum"))
        .then_settled()
        .without_law(Law::Rebuild, " ");
    let in_harness = pantry()
        .without_law(Law::Rebuild, "")
        .when(put("plum"))
        .then_settled();

    insta::assert_snapshot!(mismatch(in_sentence), @r"
    expected  a reason why the law `rebuild` is not looked after
    found     none: whoever reads it later cannot tell whether it still holds
    ");
    assert_eq!(
        mismatch(in_harness).lines().next(),
        Some("expected  a reason why the law `rebuild` is not looked after")
    );
}

//! Streams that wait for a newer program.

use flow_domain::handler::Source;
use flow_harness::{Mode, expect};
use rstest::rstest;

use crate::{
    fixture::report,
    upcast::tickets::{Sell, sell, tickets, tickets_from},
};

const TOMORROW: (&str, &str) = ("Theatre.Sold.v3", r#"{"id":"1","price":[1,"EUR"]}"#);

fn sell_another() -> Sell {
    Sell {
        id: "2".into(),
        ..sell(5)
    }
}

#[test]
fn paused_stream_is_a_problem_of_the_flow() {
    let report = report(
        tickets()
            .mode(Mode::Engine)
            .given_stored("ticket-1", [TOMORROW])
            .when(sell_another())
            .then_accepted(),
    );

    insta::assert_snapshot!(report, @r#"
    flow failed at step 3: then accepted      tests/it/upcast/paused_streams.rs:LINE

      expected  no stream that waits for a newer program
      found     RevenueProjector has paused the stream `ticket-1`: it does not know Theatre.Sold.v3
                Let the domain know this version of the event. If the test expects the pause, end the flow with `.then(expect::pending(..))`

    story   1 given  stored Theatre.Sold.v3 {"id":"1","price":[1,"EUR"]}
            2 when   Sell { id: "2", cents: 5 }                           accepted
            3 then   accepted                                             ok

    chain  Sell                                BoxOffice  handled
           └ Sold.v2                           ticket-2 @1
             └ RevenueProjector                wrote Revenue "2"

    end    1 pending · no handlers failed · no dead letters
    "#);
}

#[rstest]
fn expected_pause_keeps_the_messages_pending(
    #[values(Source::Broker, Source::EventStore)] source: Source,
) {
    tickets_from(source)
        .mode(Mode::Engine)
        .given_stored(
            "ticket-1",
            [TOMORROW, ("Theatre.Booked.v1", r#"{"id":"1","sum":1}"#)],
        )
        .when(sell_another())
        .then(expect::pending(2))
        .run();
}

#[test]
fn pause_does_not_keep_later_messages_from_their_handlers() {
    let report = report(
        tickets()
            .mode(Mode::Engine)
            .given_stored("ticket-1", [TOMORROW])
            .when(sell(5))
            .then_accepted(),
    );

    insta::assert_snapshot!(report, @r#"
    flow failed at step 3: then accepted      tests/it/upcast/paused_streams.rs:LINE

      expected  Sell is accepted
      found     Sell failed: the event `Theatre.Sold.v3` of `ticket-1` is newer than version 2,
                  which this program knows: run a program that knows version 3

    story   1 given  stored Theatre.Sold.v3 {"id":"1","price":[1,"EUR"]}
            2 when   Sell { id: "1", cents: 5 }                           FAILED: the event `Theatre.Sold.v3` of `ticket-1` is newer than ver ..
            3 then   accepted                                             FAILED

    chain  Sell                                BoxOffice  FAILED: the event `Theatre.Sold.v3` of `ticket-1` is newer than version 2 ..   <- here

    end    1 pending · 1 handler failed · no dead letters
    "#);
}

#[test]
fn newer_event_fails_the_step_without_an_engine() {
    let report = report(
        tickets()
            .mode(Mode::Sync)
            .given_stored("ticket-1", [TOMORROW])
            .when(sell_another())
            .then_accepted(),
    );

    insta::assert_snapshot!(report, @r#"
    flow failed at step 1: given stored Theatre.Sold.v3 {"id":"1","price":[1,"EUR"]}      tests/it/upcast/paused_streams.rs:LINE

      expected  the given step runs without problems
      found     RevenueProjector failed on Sold: the event `Theatre.Sold.v3` of `ticket-1` is newer than version 2,
                  which this program knows: run a program that knows version 3

      2 later steps were skipped

    story   1 given  stored Theatre.Sold.v3 {"id":"1","price":[1,"EUR"]}  FAILED
            2 when   Sell { id: "2", cents: 5 }                           skipped
            3 then   accepted                                             skipped

    chain  Sold.v3                             ticket-1 @1  no handler

    end    nothing pending · 1 handler failed
    "#);
}

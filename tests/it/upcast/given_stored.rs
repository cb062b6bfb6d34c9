//! Events as they were stored, before the act.

use flow_domain::handler::Source;
use flow_harness::{Mode, expect};
use rstest::rstest;

use crate::{
    fixture::report,
    upcast::tickets::{Revenue, Sold, Ticket, sell, tickets, tickets_from},
};

const GREAT: &str = r#"{"id":"1","sum":20000000000000000001}"#;

#[rstest]
fn stored_events_become_events_of_today(
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
    #[values(Source::Broker, Source::EventStore)] source: Source,
) {
    tickets_from(source)
        .mode(mode)
        .given_stored(
            "ticket-1",
            [
                ("Theatre.Booked.v1", GREAT),
                ("Theatre.Noted.v9", "[]"),
                ("Theatre.Sold.v1", r#"{"id":"1","sum":1}"#),
                ("Theatre.Sold.v2", r#"{"id":"1","cents":1}"#),
            ],
        )
        .when(sell(5))
        .then_event(Sold {
            id: "1".into(),
            cents: 5,
        })
        .then_aggregate::<Ticket>("1")
        .has(|ticket| ticket.cents == 20_000_000_000_000_000_008)
        .then_projection::<Revenue>("1")
        .has(|row| row.cents == 20_000_000_000_000_000_008)
        .run();
}

#[test]
fn stored_event_is_a_line_of_the_story() {
    let outcome = tickets()
        .given_stored("ticket-1", [("Theatre.Booked.v1", GREAT)])
        .when(sell(5))
        .then_accepted()
        .run();

    insta::assert_snapshot!(outcome.story(), @r#"
    1 given  stored Theatre.Booked.v1 {"id":"1","sum":20000000000000000001}
    2 when   Sell { id: "1", cents: 5 }                                      accepted
    3 then   accepted                                                        ok
    "#);
}

#[test]
fn stored_event_of_an_unknown_type_fails_the_step() {
    let report = report(
        tickets()
            .given_stored("ticket-1", [("Theatre.Bookd.v1", GREAT)])
            .when(sell(5))
            .then_accepted(),
    );

    insta::assert_snapshot!(report, @r#"
    flow failed at step 1: given stored Theatre.Bookd.v1 {"id":"1","sum":20000000000000000001}      tests/it/upcast/given_stored.rs:LINE

      expected  the given step runs without problems
      found     the event `Theatre.Bookd.v1` of `ticket-1` is not registered: list it in `#[aggregate(.., events(..))]`,
                  or add it with `.event_from_outside::<..>()`; if it has another name today, add `.was("Bookd",
                  ..)` to its `Upcast`; if nobody needs it any more, add `.retired("Bookd")`

      2 later steps were skipped

    why    no message was handled

    story   1 given  stored Theatre.Bookd.v1 {"id":"1","sum":20000000000000000001}  FAILED
            2 when   Sell { id: "1", cents: 5 }                                     skipped
            3 then   accepted                                                       skipped

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn stored_event_whose_step_fails_fails_the_step() {
    let both = r#"{"id":"1","sum":1,"cents":1}"#;
    let report = report(
        tickets()
            .given_stored("ticket-1", [("Theatre.Booked.v1", both)])
            .when(sell(5))
            .then_accepted(),
    );

    insta::assert_snapshot!(report, @r#"
    flow failed at step 1: given stored Theatre.Booked.v1 {"id":"1","sum":1,"cents":1}      tests/it/upcast/given_stored.rs:LINE

      expected  the given step runs without problems
      found     upcasting `Theatre.Booked.v1` failed: the step from version 1 failed: cannot rename the field `sum`: the object has a field `cents` already

      2 later steps were skipped

    why    no message was handled

    story   1 given  stored Theatre.Booked.v1 {"id":"1","sum":1,"cents":1}  FAILED
            2 when   Sell { id: "1", cents: 5 }                             skipped
            3 then   accepted                                               skipped

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn stored_event_without_a_valid_name_fails_the_step() {
    let bad_type = report(
        tickets()
            .given_stored("ticket-1", [("Booked", GREAT)])
            .when(sell(5))
            .then_accepted(),
    );
    let bad_json = report(
        tickets()
            .given_stored("ticket-1", [("Theatre.Booked.v1", "{")])
            .when(sell(5))
            .then_accepted(),
    );
    let bad_stream = report(
        tickets()
            .given_stored("ticket", [("Theatre.Booked.v1", GREAT)])
            .when(sell(5))
            .then_accepted(),
    );

    insta::assert_snapshot!(bad_type, @r#"
    flow failed at step 1: given stored events      tests/it/upcast/given_stored.rs:LINE

      expected  events that can be stored
      found     reading the type of an event failed: `Booked` is not the type of a message: it should look like `Shop.OrderPlaced.v1`

      2 later steps were skipped

    story   1 given  stored events               FAILED
            2 when   Sell { id: "1", cents: 5 }  skipped
            3 then   accepted                    skipped

    end    nothing pending · no handlers failed
    "#);
    insta::assert_snapshot!(bad_json, @r#"
    flow failed at step 1: given stored events      tests/it/upcast/given_stored.rs:LINE

      expected  events that can be stored
      found     reading the content of `Theatre.Booked.v1` failed: deserializing `JSON` failed: EOF while parsing an object at line 1 column 1

      2 later steps were skipped

    story   1 given  stored events               FAILED
            2 when   Sell { id: "1", cents: 5 }  skipped
            3 then   accepted                    skipped

    end    nothing pending · no handlers failed
    "#);
    insta::assert_snapshot!(bad_stream, @r#"
    flow failed at step 1: given stored events      tests/it/upcast/given_stored.rs:LINE

      expected  events that can be stored
      found     reading the name of a stream failed: `ticket` is not the name of a stream: it should look like `order-ord-001`

      2 later steps were skipped

    story   1 given  stored events               FAILED
            2 when   Sell { id: "1", cents: 5 }  skipped
            3 then   accepted                    skipped

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn outcome_folds_stored_events() {
    let outcome = tickets()
        .given_stored(
            "ticket-1",
            [("Theatre.Booked.v1", GREAT), ("Theatre.Noted.v1", "{}")],
        )
        .when(sell(5))
        .then_accepted()
        .run();

    let ticket = outcome.aggregate::<Ticket>("1");
    assert_eq!(
        ticket.map(|ticket| ticket.cents),
        Some(20_000_000_000_000_000_006)
    );
}

#[test]
fn record_names_the_stored_type() {
    let outcome = tickets()
        .given_stored("ticket-1", [("Theatre.Booked.v1", GREAT)])
        .when(sell(5))
        .then(expect::events(Sold {
            id: "1".into(),
            cents: 5,
        }))
        .run();

    let lines: Vec<String> = outcome
        .record()
        .entries()
        .iter()
        .map(|entry| entry.kind.to_string())
        .filter(|line| line.contains("upcast"))
        .collect();
    assert_eq!(
        lines,
        [
            "appended Theatre.Sold.v2 46b73e79-f0c3-8c00-98bc-9b3a9f64da94 to ticket-1 @1 at 1, \
             upcast from Theatre.Booked.v1"
        ]
    );
}

//! Messages that change nothing, before steps that only exclude something.

use std::fmt::Write;

use ::shop::{OrderConfirmed, OrderDashboard};
use flow_harness::{flow::Acted, prelude::*};
use rstest::rstest;

use crate::{
    fixture::{
        Brittle, Countdown, Counted, FakeMailer, Instructed, NoMailbox, Remind, Reminded, Tally,
        ask, counted, instructed, lab, lab_domain, payment_received, place_order, remind, report,
        shop, sign_ups, stock_received,
    },
    process_managers::library::{BookLent, library, move_book},
};

/// A flow in this mode.
type Case = (&'static str, fn(Mode) -> Flow<'static, Acted>);

#[rustfmt::skip]
const WARNING: &[Case] = &[
    ("event excluded", |mode| lab().mode(mode).when(ask("why?")).then(expect::no_event::<Counted>())),
    ("accepted, state absent", |mode| lab().mode(mode).when(ask("why?")).then_accepted().then_projection::<Tally>("t").absent()),
    ("two commands, no rows", |mode| lab().mode(mode).when(ask("why?")).when(ask("how?")).then(expect::projections::<Tally>().count(0))),
    ("submitted command", |mode| lab().mode(mode).when_submitted(ask("why?")).then_handled_by::<Brittle>().times(0)),
    ("event without effects", |mode| lab().mode(mode).when_event(counted(0)).then(expect::projections::<Tally>().none(|_| true))),
    ("event that a process manager skips", |mode| shop().mode(mode).when_event(payment_received()).then(expect::no_event::<OrderConfirmed>())),
    ("number met by an earlier act", |mode| lab().mode(mode).when_event(instructed("x")).then_handled_by::<Brittle>().times(1).when(ask("why?")).then_handled_by::<Brittle>().times(1)),
    ("id that is not in the run", |mode| ordered(mode).then_projection::<OrderDashboard>("ord-11").absent()),
    ("unchanged rows of none", |mode| lab().mode(mode).when_event(counted(1)).then(expect::projections::<Tally>().unchanged())),
];

#[rustfmt::skip]
const PASSING: &[Case] = &[
    ("test says that nothing changes", |mode| lab().mode(mode).when(ask("why?")).then_no_events().then(expect::no_event::<Counted>())),
    ("reply", |mode| lab().mode(mode).when(ask("why?")).then_reply(4_usize).then(expect::no_event::<Counted>())),
    ("handled once", |mode| lab().mode(mode).when_event(counted(0)).then_handled_by::<Countdown>().times(1)),
    ("closure", |mode| lab().mode(mode).when(ask("why?")).then(|_: &Outcome| Ok(())).then(expect::no_event::<Counted>())),
    ("one of two acts changes something", |mode| lab().mode(mode).when_event(counted(1)).when_event(counted(0)).then(expect::no_event::<Instructed>())),
    ("given command", |mode| library::<false, true>().mode(mode).given_command(move_book("")).when(move_book("r")).then(expect::no_event::<BookLent>())),
    ("redelivery", |mode| ordered(mode).then_accepted().when_redelivered(1).then(expect::no_event::<OrderConfirmed>())),
    ("id that a message has", |mode| ordered(mode).then_projection::<OrderDashboard>("prod-1").absent()),
    ("other id", |mode| ordered(mode).then_projection::<OrderDashboard>("somebody").absent()),
    ("fake that a handler may call", |mode| lab_with_fake().mode(mode).when_event(counted(0)).then(expect::no_event::<Counted>())),
];

fn ordered(mode: Mode) -> Flow<'static, Acted> {
    shop()
        .mode(mode)
        .given_events(stock_received(5))
        .when(place_order())
        .then_settled()
}

fn lab_with_fake() -> FlowHarness {
    FlowHarness::new(|fakes: &Resources| {
        fakes.get::<FakeMailer>();
        lab_domain()
    })
    .resource(FakeMailer::default)
}

/// Returns the texts about steps, one per line.
fn warnings(flow: Flow<'_, Acted>) -> String {
    let outcome = flow.run();
    let warnings = outcome.warnings().into_iter();
    let texts: Vec<String> = warnings
        .filter(|warning| warning.location.is_some())
        .map(|warning| warning.text)
        .collect();

    texts.join("\n")
}

fn warnings_in(mode: Mode) -> String {
    WARNING
        .iter()
        .fold(String::new(), |mut texts, (name, flow)| {
            writeln!(texts, "{name}\n{}\n", warnings(flow(mode))).expect("a string takes any text");
            texts
        })
}

#[test]
fn exclusion_after_acts_that_change_nothing_is_a_warning() {
    let in_sync = warnings_in(Mode::Sync);

    pretty_assertions::assert_eq!(warnings_in(Mode::Engine), in_sync);
    pretty_assertions::assert_eq!(warnings_in(Mode::Differential), in_sync);
    insta::assert_snapshot!(in_sync, @r#"
    event excluded
    Ask changed nothing: no event, no state, no row. The next steps only exclude something, so they would pass without it. Check the fields and the steps before. If the test expects this, add `.then_no_events()`

    accepted, state absent
    Ask changed nothing: no event, no state, no row. The next steps only exclude something, so they would pass without it. Check the fields and the steps before. If the test expects this, add `.then_no_events()`

    two commands, no rows
    Ask and Ask changed nothing: no event, no state, no row. The next steps only exclude something, so they would pass without it. Check the fields and the steps before. If the test expects this, add `.then_no_events()`

    submitted command
    Ask changed nothing: no event, no state, no row. The next steps only exclude something, so they would pass without it. Check the fields and the steps before. If the test expects this, add `.then_no_events()`

    event without effects
    Counted changed nothing: no event, no state, no row. The next steps only exclude something, so they would pass without it. Check the fields and the steps before. If the test expects this, add `.then_no_events()`

    event that a process manager skips
    PaymentReceived changed nothing: no event, no state, no row; Fulfilment skipped a message: no Fulfilment `ord-1` was started. The next steps only exclude something, so they would pass without it. Check the fields and the steps before. If the test expects this, add `.then_no_events()`

    number met by an earlier act
    Ask changed nothing: no event, no state, no row. The next steps only exclude something, so they would pass without it. Check the fields and the steps before. If the test expects this, add `.then_no_events()`

    id that is not in the run
    nothing in this run has the id "ord-11", so this expectation probably always passes; did you mean "ord-1"?

    unchanged rows of none
    the run stores no Tally, so no row can be unchanged. To expect no rows, use `.count(0)`
    "#);
}

#[rstest]
fn exclusion_that_says_something_is_no_warning(
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    for (name, flow) in PASSING {
        assert_eq!(warnings(flow(mode)), "", "{name}");
    }
}

#[test]
fn report_names_an_earlier_command_that_changed_nothing() {
    let flow = lab()
        .when(ask("why?"))
        .then_accepted()
        .when_event(counted(1))
        .then_no_events();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 4: then no events      tests/it/guards/idle_messages.rs:LINE

      expected  nothing
      found     Counted
                unexpected   Counted { counted_id: "count-1", left: 0 }

    why    Countdown handled Counted and raised Counted

    story   1 when   Ask { desk_id: "desk-1", question: "why?" }  accepted
            2 then   accepted                                     ok
            3 when   Counted { counted_id: "count-1", left: 1 }   accepted
            4 then   no events                                    FAILED

    chain  Ask                                 DeskHandler  handled, stored nothing
           Counted                             count-count-1 @1
           └ Countdown                         handled   <- here
             └ Counted                         count-count-1 @2
               └ Countdown                     handled, stored nothing

    warn   tests/it/guards/idle_messages.rs:LINE: Ask was accepted, but changed nothing: no event, no state, no row. Check its fields and the
             steps before it

    end    nothing pending · no handlers failed
    "#);
}

/// The mailbox is stored as state, so its events do not create it.
#[rstest]
fn given_events_that_no_handler_loads_are_a_warning(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let user = || "nobody".to_owned();
    let flow = sign_ups()
        .mode(mode)
        .given_events(Reminded { user: user() })
        .when(Remind { user: user() })
        .then_rejected(NoMailbox);

    insta::allow_duplicates! {
        insta::assert_snapshot!(warnings(flow), @r#"Mailbox is stored as state, so the given events do not create Mailbox "nobody" for Remind. Give the state with `.given_aggregate(..)` or `.given_command(..)`"#);
    }
    let created = sign_ups()
        .mode(mode)
        .given_command(remind("ada"))
        .given_events(Reminded { user: "ada".into() })
        .when(remind("ada"))
        .then_accepted();
    assert_eq!(warnings(created), "");
}

//! A `given_command` that changed nothing is part of the report of a failure.

use flow_harness::{flow::Acted, prelude::*};
use rstest::rstest;

use crate::{
    fixture::{ask, book_room, counted, lab, mask_line_numbers, report, rooms},
    process_managers::library::{library, move_book},
};

/// Returns the warnings about steps of the flow, one per line.
fn warnings(flow: Flow<'_, Acted>) -> String {
    let outcome = flow.then_settled().run();
    let warnings = outcome.warnings().into_iter();
    let lines: Vec<String> = warnings
        .filter(|warning| warning.location.is_some())
        .map(|warning| warning.to_string())
        .collect();
    mask_line_numbers(&lines.join("\n"))
}

#[rstest]
fn idle_given_command_is_a_warning(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = lab()
        .mode(mode)
        .given_command(ask("why?"))
        .when_event(counted(0));

    insta::allow_duplicates! {
        insta::assert_snapshot!(warnings(flow), @"tests/it/guards/idle_given_command.rs:LINE: the given command Ask was accepted, but changed nothing: no event, no state, no row. Check its fields and the given steps before it");
    }
}

#[rstest]
fn each_idle_given_command_is_a_warning(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = library::<false, true>()
        .mode(mode)
        .given_command(move_book(""))
        .given_command(move_book(""))
        .given_command(move_book("l"))
        .given_command(move_book(""))
        .when(move_book("r"));

    assert_eq!(warnings(flow).lines().count(), 2);
}

#[rstest]
fn given_command_with_an_effect_is_no_warning(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let stores_a_state = library::<false, true>()
        .mode(mode)
        .given_command(move_book(""))
        .when(move_book("l"));
    let schedules_a_command = rooms()
        .mode(mode)
        .given_command(book_room())
        .when_time_passes(::booking::PAYMENT_TERM);

    assert_eq!(warnings(stores_a_state), "");
    assert_eq!(warnings(schedules_a_command), "");
}

#[test]
fn report_names_an_idle_given_command() {
    let flow = lab()
        .given_command(ask("why?"))
        .when_event(counted(1))
        .then_no_events();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then no events      tests/it/guards/idle_given_command.rs:LINE

      expected  nothing
      found     Counted
                unexpected   Counted { counted_id: "count-1", left: 0 }

    why    Countdown handled Counted and raised Counted

    story   1 given  Ask { desk_id: "desk-1", question: "why?" }
            2 when   Counted { counted_id: "count-1", left: 1 }   accepted
            3 then   no events                                    FAILED

    chain  Counted                             count-count-1 @1
           └ Countdown                         handled   <- here
             └ Counted                         count-count-1 @2
               └ Countdown                     handled, stored nothing

    warn   tests/it/guards/idle_given_command.rs:LINE: the given command Ask was accepted, but changed nothing: no event, no state, no row.
             Check its fields and the given steps before it

    end    nothing pending · no handlers failed
    "#);
}

//! A start event for a key whose instance is complete.

use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    fixture::report,
    process_managers::library::{Loan, ReminderSet, library, move_book},
};

#[rstest]
fn start_event_begins_again_after_completion(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    library::<false, true>()
        .mode(mode)
        .given_command(move_book("lnr"))
        .when(move_book("l"))
        .then_event(ReminderSet {
            loan_id: "loan of Emma".into(),
        })
        .then_process_manager::<Loan>("loan of Emma")
        .is(Loan {
            n_events: 1,
            is_over: false,
        })
        .run();
}

#[rstest]
#[case::never_begun("r", 0, None)]
#[case::renewed_before_it_begins("nl", 1, Some((1, false)))]
#[case::live("ln", 1, Some((2, false)))]
#[case::second_start_of_a_live_one("ll", 1, Some((2, false)))]
#[case::complete("lr", 1, Some((2, true)))]
#[case::event_after_completion("lrn", 1, Some((2, true)))]
#[case::two_completions("lrr", 1, Some((2, true)))]
#[case::second_instance("lrl", 2, Some((1, false)))]
#[case::second_instance_is_complete("lrlnr", 2, Some((3, true)))]
#[case::third_instance("lrlrln", 3, Some((2, false)))]
fn instances_follow_each_other(
    #[case] moves: &str,
    #[case] n_reminders: usize,
    #[case] loan: Option<(u32, bool)>,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let outcome = library::<false, true>()
        .mode(mode)
        .when(move_book(moves))
        .then_settled()
        .run();

    assert_eq!(outcome.events_of::<ReminderSet>().len(), n_reminders);
    let found = outcome.process_manager::<Loan>("loan of Emma");
    assert_eq!(found.map(|loan| (loan.n_events, loan.is_over)), loan);
}

#[rstest]
fn process_manager_can_refuse_to_restart(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    library::<false, false>()
        .mode(mode)
        .given_command(move_book("lr"))
        .when(move_book("l"))
        .then_process_manager::<Loan<false, false>>("loan of Emma")
        .unchanged()
        .run();
}

#[test]
fn report_says_why_a_start_event_is_skipped() {
    let flow = library::<false, false>()
        .given_command(move_book("lr"))
        .when(move_book("l"))
        .then_process_manager::<Loan<false, false>>("loan of Emma")
        .has(|loan| !loan.is_over);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Loan "loan of Emma" has      tests/it/process_managers/restart.rs:LINE

      expected  Loan "loan of Emma" for which the closure returns true
      found     Loan "loan of Emma" { n_events: 2, is_over: true }

    why    Loan skipped BookLent: Loan `loan of Emma` is complete, and never begins again

    story   1 given  MoveBook { book_id: "Emma", moves: "lr" }
            2 when   MoveBook { book_id: "Emma", moves: "l" }   accepted
            3 then   Loan "loan of Emma" has                    FAILED

    chain  MoveBook                            BookHandler  stored Book "Emma"
           └ BookLent                          book-Emma @3
             └ Loan                            skipped: Loan `loan of Emma` is complete, and never begins again   <- here

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn report_shows_both_instances() {
    let flow = library::<false, true>()
        .given_command(move_book("lr"))
        .when(move_book("ln"))
        .then_process_manager::<Loan>("loan of Emma")
        .has(|loan| loan.is_over);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Loan "loan of Emma" has      tests/it/process_managers/restart.rs:LINE

      expected  Loan "loan of Emma" for which the closure returns true
      found     Loan "loan of Emma" { n_events: 2, is_over: false }

    why    perhaps: ReminderSet was raised, but no handler handles it
    fix    add a route for ReminderSet to the handler that needs it: `on.event(Self::the_method)`

    story   1 given  MoveBook { book_id: "Emma", moves: "lr" }
            2 when   MoveBook { book_id: "Emma", moves: "ln" }  accepted
            3 then   Loan "loan of Emma" has                    FAILED

    chain  MoveBook                            BookHandler  stored Book "Emma"
           ├ BookLent                          book-Emma @3
           │ └ Loan                            stored Loan "loan of Emma"
           │   └ ReminderSet                   reminder-loan of Emma @2  no handler   <- here
           └ BookRenewed                       book-Emma @4
             └ Loan                            stored Loan "loan of Emma"

    end    nothing pending · no handlers failed
    "#);
}

//! The same message again: it neither begins nor completes an instance a second time.

use flow_harness::{fault::StepFault, prelude::*};
use rstest::rstest;

use crate::{
    fixture::report,
    process_managers::library::{Loan, ReminderSet, library, move_book},
};

/// Delivers all events of `moves` twice. Returns the number of reminders, and the last instance.
fn redelivered<const ONCE: bool>(moves: &str, mode: Mode) -> (usize, Option<(u32, bool)>) {
    let outcome = library::<ONCE, true>()
        .mode(mode)
        .when(move_book(moves))
        .when_redelivered(2)
        .then_settled()
        .run();

    let loan = outcome.process_manager::<Loan<ONCE, true>>("loan of Emma");
    (
        outcome.events_of::<ReminderSet>().len(),
        loan.map(|loan| (loan.n_events, loan.is_over)),
    )
}

#[rstest]
#[case::complete("lr", 1, (2, true))]
#[case::start_in_the_middle("llr", 1, (3, true))]
#[case::two_completions("lrr", 1, (2, true))]
#[case::second_instance_is_complete("lrlr", 2, (2, true))]
fn redelivery_does_not_begin_again(
    #[case] moves: &str,
    #[case] n_reminders: usize,
    #[case] loan: (u32, bool),
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    assert_eq!(redelivered::<false>(moves, mode), (n_reminders, Some(loan)));
    assert_eq!(redelivered::<true>(moves, mode), (n_reminders, Some(loan)));
}

/// The instance that runs handles its own events again. It does not handle those of an earlier one.
#[rstest]
#[case::one_start("l", 1, 1)]
#[case::two_starts("ll", 1, 2)]
#[case::second_instance("lrl", 2, 1)]
#[case::third_instance("lrlrl", 3, 1)]
fn only_once_skips_events_of_the_running_instance(
    #[case] moves: &str,
    #[case] n_reminders: usize,
    #[case] n_events: u32,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let each_three_times = (n_reminders, Some((3 * n_events, false)));

    assert_eq!(redelivered::<false>(moves, mode), each_three_times);
    assert_eq!(
        redelivered::<true>(moves, mode),
        (n_reminders, Some((n_events, false)))
    );
}

/// The renewal belongs to the first instance, but is repeated for the second.
#[rstest]
fn only_once_skips_what_did_not_start_or_complete(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    assert_eq!(redelivered::<false>("lnrl", mode), (2, Some((5, false))));
    assert_eq!(redelivered::<true>("lnrl", mode), (2, Some((1, false))));
}

#[rstest]
fn crash_before_the_acknowledgement_does_not_begin_again(
    #[values(
        StepFault::Fails,
        StepFault::Conflicts,
        StepFault::Crashes,
        StepFault::Restarts
    )]
    fault: StepFault,
) {
    for moves in ["lr", "lrlr"] {
        library::<false, true>()
            .mode(Mode::Engine)
            .when(move_book(moves))
            .fault_at_every_step(fault)
            .then_process_manager::<Loan>("loan of Emma")
            .has(|loan| loan.is_over)
            .run();
    }
}

#[rstest]
fn crash_after_once_does_not_begin_again(
    #[values(StepFault::Crashes, StepFault::Restarts)] fault: StepFault,
) {
    library::<true, true>()
        .mode(Mode::Engine)
        .when(move_book("lnrl"))
        .fault_at_every_step(fault)
        .then_process_manager::<Loan<true, true>>("loan of Emma")
        .is(Loan {
            n_events: 1,
            is_over: false,
        })
        .run();
}

#[test]
fn chain_says_that_a_start_event_was_redelivered() {
    let flow = library::<false, true>()
        .mode(Mode::Engine)
        .when(move_book("lr"))
        .when_redelivered(1)
        .then_process_manager::<Loan>("loan of Emma")
        .has(|loan| !loan.is_over);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Loan "loan of Emma" has      tests/it/process_managers/redelivery.rs:LINE

      expected  Loan "loan of Emma" for which the closure returns true
      found     Loan "loan of Emma" { n_events: 2, is_over: true }

    why    Loan skipped BookReturned: an earlier Loan `loan of Emma` has handled this message

    story   1 when   MoveBook { book_id: "Emma", moves: "lr" }  accepted
            2 when   redelivered once
            3 then   Loan "loan of Emma" has                    FAILED

    chain  MoveBook                            BookHandler  stored Book "Emma"
           ├ BookLent                          book-Emma @1
           │ ├ Loan                            stored Loan "loan of Emma"
           │ │ └ ReminderSet                   reminder-loan of Emma @1
           │ └ Loan                            skipped: an earlier Loan `loan of Emma` has handled this message
           └ BookReturned                      book-Emma @2
             ├ Loan                            stored Loan "loan of Emma"
             └ Loan                            skipped: an earlier Loan `loan of Emma` has handled this message   <- here

    end    nothing pending · no handlers failed · no dead letters
    "#);
}

//! A fault at every delivery, in one run for each delivery.

use std::sync::{Arc, Mutex};

use ::booking::{PAYMENT_TERM, Room, Status};
use ::shop::{Inventory, Order, OrderStatus};
use flow_harness::{fault::StepFault, prelude::*};
use rstest::rstest;

use crate::fixture::{
    FlakyMailer, Tally, book_room, counted, instructed, lab, lab_domain, mask_line_numbers,
    payment_received, place_order, rooms, shop, stock_received,
};

#[rstest]
fn order_is_confirmed_with_a_fault_at_every_step(
    #[values(
        StepFault::Fails,
        StepFault::Conflicts,
        StepFault::Crashes,
        StepFault::Restarts
    )]
    fault: StepFault,
) {
    shop()
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .when(place_order())
        .when_event(payment_received())
        .fault_at_every_step(fault)
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .run();
}

#[rstest]
fn guest_gets_one_mail_with_a_fault_at_every_step(
    #[values(StepFault::Fails, StepFault::Crashes, StepFault::Restarts)] fault: StepFault,
) {
    rooms()
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .fault_at_every_step(fault)
        .then_projection::<Room>("b-1")
        .has(|room| room.status == Status::Released)
        .then(expect::resource(|mailer: &FlakyMailer| {
            mailer.state().sent == ["ada"]
        }))
        .run();
}

#[test]
fn non_idempotent_handler_is_found_with_its_step() {
    let failure = lab()
        .mode(Mode::Engine)
        .when_event(counted(1))
        .fault_at_every_step(StepFault::Crashes)
        .then(|outcome: &Outcome| match outcome.events().len() {
            1 => Ok(()),
            n => Err(Mismatch::new("one event", format!("{n} events"))),
        })
        .try_run()
        .expect_err("it raises another one");

    insta::assert_snapshot!(mask_line_numbers(&failure.to_string()), @r#"
    flow failed at step 2: then closure      tests/it/engine/fault_at_every_step.rs:LINE

      expected  one event
      found     2 events

    run    with a fault at delivery 1 of 2: the engine crashes after the commit of Countdown on Counted; without a fault the flow passes

    story   1 when   Counted { counted_id: "count-1", left: 1 }  accepted
            2 then   closure                                     FAILED

    chain  Counted                             count-count-1 @1
           ├ Countdown                         handled
           │ └ Counted                         count-count-1 @2
           │   └ Countdown                     handled, stored nothing
           └ Countdown                         handled (attempt 2)
             └ Counted                         count-count-1 @3
               └ Countdown                     handled, stored nothing

    end    nothing pending · no handlers failed · no dead letters
    rerun  cargo test engine::fault_at_every_step::non_idempotent_handler_is_found_with_its_step
    "#);
}

#[test]
fn failure_without_a_fault_does_not_mention_a_fault() {
    let failure = lab()
        .mode(Mode::Engine)
        .when_event(instructed("nothing"))
        .fault_at_every_step(StepFault::Fails)
        .then_projection::<Tally>("inst-1")
        .absent()
        .try_run()
        .expect_err("it is there");

    assert!(!failure.to_string().contains("with a fault"), "{failure}");
}

/// The mailer sends, and then its commit is refused. It handles each message once, but sends twice.
#[test]
fn second_mail_after_a_refused_commit_is_found() {
    let failure = rooms()
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .fault_at_every_step(StepFault::Conflicts)
        .then(expect::resource(|mailer: &FlakyMailer| {
            mailer.state().sent == ["ada"]
        }))
        .try_run()
        .expect_err("two mails");

    insta::assert_snapshot!(mask_line_numbers(&failure.to_string()), @r#"
    flow failed at step 3: then resource FlakyMailer      tests/it/engine/fault_at_every_step.rs:LINE

      expected  a FlakyMailer for which the closure returns true
      found     FlakyMailer { state: Mutex { data: MailServerState { n_down: 0, sent: ["ada", "ada"], failed: [] }, poisoned: false, .. } }

    run    with a fault at delivery 3 of 4: a conflict at the commit of GuestMailer on RoomReleased; without a fault the flow passes

    story   1 given  BookRoom { booking_id: "b-1", guest: "ada" }
            2 when   time passes: 3days                            now 2026-01-04T00:00:00Z
            3 then   resource FlakyMailer                          FAILED

    chain  ReleaseRoom                         BookingHandler  stored Booking "b-1"
           └ RoomReleased                      booking-b-1 @2
             ├ PaymentDeadline                 stored PaymentDeadline "b-1"
             ├ GuestMailer                     handled, stored nothing (after 1 lost race)
             └ RoomListProjector               wrote Room "b-1"

    end    nothing pending · no handlers failed · 1 race lost · no dead letters
    rerun  cargo test engine::fault_at_every_step::second_mail_after_a_refused_commit_is_found
    "#);
}

/// The function that builds the domain captures the list, so each run adds to it.
#[test]
fn fake_that_all_runs_share_is_named() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&kept);
    let domain = move || {
        list.lock().unwrap().push("a run");
        lab_domain()
    };
    let failure = FlowHarness::new(domain)
        .mode(Mode::Engine)
        .when_event(counted(0))
        .fault_at_every_step(StepFault::Crashes)
        .then(move |_: &Outcome| match kept.lock().unwrap().len() {
            1 => Ok(()),
            n => Err(Mismatch::new("one run", format!("{n} runs"))),
        })
        .try_run()
        .expect_err("the second run sees the first");

    let text = failure.to_string();
    let (_, note) = text.split_once("run    ").expect(&text);
    let (note, _) = note.split_once("\n\n").expect(&text);
    insta::assert_snapshot!(note, @"
    in a second run, which counts the deliveries; the first run passes
           the function that builds the domain captures values, which all runs share: make fakes with `.resource(..)`
    ");
}

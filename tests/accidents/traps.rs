//! The traps that other harnesses of this kind fell into, and what shows that this one does not.
//!
//! What fails a sentence unless it is spoken of:
//!
//! | what | test |
//! |---|---|
//! | nothing is asserted | `unspoken::a_sentence_without_then_fails`, `running::a_sentence_that_is_never_run_panics` |
//! | `all` of nothing | `comparing::all_of_none_is_nothing` |
//! | an error of a handler that nobody looked at | `unspoken::a_failed_handler_that_no_then_speaks_of_fails`, `tasks::a_panic_that_only_a_spawned_task_saw_fails` |
//! | a dead letter that is left | `tests/engine`: `giving_up::a_dead_letter_that_no_then_speaks_of_fails_the_sentence` |
//! | a message that waits | `tests/engine`: `waiting::messages_that_wait_at_the_end_fail_the_sentence` |
//! | a message that nobody handles | `naming::a_command_that_nobody_handles_fails`; an event may have no handler, and the wiring warns of it |
//! | what is scheduled and left | [`what_is_scheduled_is_left_and_told`]: it lies in the future and fails nothing |
//! | a fault or a stub that is never reached | [`a_fault_that_is_never_reached_fails`], [`a_call_of_a_fake_that_is_never_made_fails`] |
//! | a wait in which nothing was delivered | [`a_wait_in_which_nothing_happened_shows_nothing`], `warnings::an_engine_that_had_nothing_to_do_is_a_warning`, `engine::a_fault_at_every_step_of_nothing_fails` |
//! | what was so before the act | `before::a_row_that_was_there_before_and_no_act_wrote_shows_nothing` and those beside it |
//! | no event of a type that nobody raises | `warnings::that_there_is_no_event_that_no_handler_can_raise_is_a_warning` |
//!
//! The traps, one by one:
//!
//! | | trap | test |
//! |---|---|---|
//! | 1 | a comparison of parts, or in any order, that takes a wrong event | `comparing::some_are_not_all`, `comparing::the_order_counts`, `comparing::a_pair_is_no_twin` |
//! | 2 | duplicates with fresh ids, which nobody recognises as such | `engine::what_comes_again_is_the_same_message_and_not_a_copy` |
//! | 3 | expected and found swapped; a field that differs without its values | `comparing::expected_and_found_are_not_swapped` |
//! | 4 | a success that means "submitted" | `engine::that_it_was_submitted_does_not_mean_that_it_was_accepted` |
//! | 5 | a wall clock that cuts a chain off in silence | [`time_of_the_machine_cuts_nothing_off`], `unspoken::a_chain_of_thousands_is_followed_to_its_end`, `unspoken::a_flow_that_does_not_settle_fails_whatever_is_expected` |
//! | 6 | a wait that answers with a `bool`, which callers drop | `running::a_sentence_that_is_not_awaited_panics`; no word answers with a `bool` |
//! | 7 | a position of the whole store taken for rest | [`who_is_behind_is_waited_for`], [`who_is_behind_in_the_event_store_is_waited_for`] |
//! | 8 | an event that is recorded before the store took it | `engine::an_event_that_the_store_refused_was_not_raised` |
//! | 9 | any where all was meant | `comparing::any_is_not_all_and_all_is_not_any` |
//! | 10 | an order by milliseconds | [`what_happens_in_one_instant_keeps_its_order`] |
//! | 11 | a run that sees what another test does | [`runs_at_the_same_time_do_not_see_each_other`], `tests/running`: `parallel::a_hundred_runs_at_once_leave_the_same_record` |
//! | 12 | a report so large that it kills the process | `engine::a_report_of_a_long_chain_is_short`, `unspoken::the_report_of_an_endless_flow_is_short` |
//! | 13 | a failure after all that was expected has come | [`what_fails_after_all_that_was_expected_has_come_fails`], `tasks::a_panic_that_only_a_spawned_task_saw_fails` |
//! | 14 | a timeout that hides the error of a handler | `engine::a_handler_that_fails_is_told_before_what_is_missing_because_of_it` |
//! | 15 | an order of delivery that is not that of production | `engine::what_is_handled_inline_comes_in_the_same_order_as_through_the_engine` |
//! | 16 | an assertion in a handler that the broker swallows | `engine::an_assertion_in_a_handler_fails_the_sentence`, `unspoken::a_panic_in_a_handler_is_not_swallowed` |
//! | 17 | timeouts that were made for a debugger | [`time_of_the_machine_cuts_nothing_off`]: there is none to set, what ends a run is a count |
//! | 18 | time that is skipped for everybody | [`time_passes_in_one_run_and_not_in_another_at_the_same_time`], `engine::time_belongs_to_one_run` |

use std::{
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use ::booking::{PAYMENT_TERM, ReleaseRoom, Room, RoomBooked, RoomListProjector, RoomReleased};
use ::shop::{Inventory, MailHandler, OrderDashboard, OrderStatus, StockLevel};
use flow_domain::{
    Domain, Error, EventHandler, EventRoutes, Projector, ProjectorRoutes, Rows, UnitOfWork,
    WiringErrors, handler::Source,
};
use flow_harness::prelude::*;

use crate::{
    fixture::{
        Counted, FakeMailer, Tally, Told, book, confirmed, counted, dashboard, lab, paid, place,
        received, rooms, shop, shop_with_mail, told,
    },
    mismatch,
};

#[test]
fn what_is_scheduled_is_left_and_told() {
    let failure = rooms()
        .when(book())
        .then_scheduled::<ReleaseRoom>()
        .then_no_event::<RoomBooked>()
        .try_run()
        .expect_err("a room was booked");

    let text = failure.to_string();
    assert!(text.contains("· 1 scheduled"), "{text}");
}

#[test]
fn a_fault_that_is_never_reached_fails() {
    let flow = shop_with_mail(FakeMailer::default)
        .given_events(received(5))
        .with_fault(Fault::handler::<MailHandler>().panics("out of memory"))
        .when(place())
        .then_accepted();
    let other = rooms()
        .with_fault(Fault::append("booking-b-2").conflicts())
        .when(book())
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  the fault happens: MailHandler panics: out of memory
    found     it was never reached
    ");
    insta::assert_snapshot!(mismatch(other), @r"
    expected  the fault happens: an append to booking-b-2 conflicts
    found     it was never reached
    ");
}

#[test]
fn a_call_of_a_fake_that_is_never_made_fails() {
    let flow = shop_with_mail(FakeMailer::default)
        .given_events(received(5))
        .with_fault(Fault::resource::<FakeMailer>().fails_at_call(1))
        .when(place())
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  the fault happens: a call of FakeMailer fails
    found     there were fewer calls than that
    ");
}

#[test]
fn a_wait_in_which_nothing_happened_shows_nothing() {
    let flow = rooms()
        .given_command(book())
        .when_time_passes(Duration::from_secs(1))
        .then_projection::<Room>("b-1")
        .has(|room| room.guest == "ada");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Room "b-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

/// Takes its time, and more of it than it is given, without waiting for anything.
#[derive(Debug)]
struct AtABreakpoint;

impl EventHandler for AtABreakpoint {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_told);
        on.subscription().time_limit(Duration::from_millis(1));
    }
}

impl AtABreakpoint {
    #[expect(clippy::disallowed_methods, reason = "it is there to take time")]
    async fn on_told(&self, _: Told, work: &mut UnitOfWork) -> Result<(), Error> {
        thread::sleep(Duration::from_millis(20));
        work.raise(counted(0))
    }
}

fn slow_domain() -> Result<Domain, WiringErrors> {
    Domain::builder("slow")
        .event_from_outside::<Told>()
        .event_from_outside::<Counted>()
        .event_handler(AtABreakpoint)
        .build()
}

#[test]
fn time_of_the_machine_cuts_nothing_off() {
    FlowHarness::new(slow_domain)
        .mode(Mode::Engine)
        .when_event(told("x"))
        .then_attempts::<AtABreakpoint>(1)
        .then_events(counted(0))
        .run();
}

#[test]
fn who_is_behind_is_waited_for() {
    rooms()
        .with_fault(
            Fault::handler::<RoomListProjector>()
                .panics("out of memory")
                .on_attempts(1..=2),
        )
        .when(book())
        .then_attempts::<RoomListProjector>(3)
        .then_projection::<Room>("b-1")
        .run();
}

/// Keeps what was told, from the event store.
#[derive(Debug)]
struct Reader;

impl Projector for Reader {
    type Projection = Tally;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_told);
        on.subscription().source(Source::EventStore);
    }
}

impl Reader {
    async fn on_told(&self, event: Told, rows: &mut Rows<'_, Tally>) -> Result<(), Error> {
        let Told { told_id, what } = event;
        rows.put(Tally { told_id, what }).await
    }
}

/// Has nothing to do with what is told, and reads from the event store as well.
#[derive(Debug)]
struct Idle;

impl EventHandler for Idle {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_counted);
        on.subscription().source(Source::EventStore);
    }
}

impl Idle {
    async fn on_counted(&self, _: Counted, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

fn reading_domain() -> Result<Domain, WiringErrors> {
    Domain::builder("reading")
        .event_from_outside::<Told>()
        .event_from_outside::<Counted>()
        .projection::<Tally>()
        .event_handler(Idle)
        .projector(Reader)
        .build()
}

#[test]
fn who_is_behind_in_the_event_store_is_waited_for() {
    FlowHarness::new(reading_domain)
        .mode(Mode::Engine)
        .with_fault(Fault::handler::<Reader>().panics("out of memory"))
        .when_event(told("x"))
        .then_attempts::<Reader>(2)
        .then_projection::<Tally>("told-1")
        .has(|tally| tally.what == "x")
        .run();
}

#[test]
fn what_happens_in_one_instant_keeps_its_order() {
    let outcome = lab()
        .mode(Mode::Engine)
        .when_event(counted(20))
        .then_settled()
        .run();

    let left: Vec<u32> = outcome
        .events_of::<Counted>()
        .iter()
        .map(|one| one.left)
        .collect();
    assert_eq!(left, (0..20).rev().collect::<Vec<u32>>());
    let mut times: Vec<_> = outcome
        .events()
        .iter()
        .map(|one| one.metadata().time)
        .collect();
    times.dedup();
    assert_eq!(times.len(), 1);
}

/// One of two that wait for each other. One that is gone is not waited for.
struct Side {
    tell: mpsc::Sender<()>,
    hear: Mutex<mpsc::Receiver<()>>,
}

impl Side {
    fn both() -> (Self, Self) {
        let (to_one, one) = mpsc::channel();
        let (to_other, other) = mpsc::channel();
        let side = |tell, hear| Self {
            tell,
            hear: Mutex::new(hear),
        };
        (side(to_other, one), side(to_one, other))
    }

    fn meet(&self) -> Result<(), Mismatch> {
        let gone = |_| Mismatch::new("another run at the same time", "it is gone");
        self.tell.send(()).map_err(|err| gone(err.to_string()))?;
        let hear = self.hear.lock().unwrap();
        hear.recv().map_err(|err| gone(err.to_string()))
    }
}

#[test]
fn runs_at_the_same_time_do_not_see_each_other() {
    let shop = shop();
    let (one, other) = Side::both();
    let run = |quantity: u32, side: Side| {
        shop.given_events(received(quantity))
            .when(place())
            .then(|_: &Outcome| side.meet())
            .then_aggregate::<Inventory>("prod-1")
            .has(|inventory| inventory.available == quantity - 2)
            .then_projections::<StockLevel>()
            .count(1)
            .run();
    };

    thread::scope(|scope| {
        scope.spawn(|| run(5, one));
        scope.spawn(|| run(9, other));
    });
}

#[test]
fn what_fails_after_all_that_was_expected_has_come_fails() {
    let flow = shop_with_mail(FakeMailer::down)
        .given_events(received(5))
        .given_command(place())
        .when_event(paid())
        .then_events(confirmed())
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Confirmed));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  nothing goes wrong that no `then` speaks of
    found     MailHandler on OrderConfirmed: sending the mail failed: the mail server is down
              If that is the point, say so: `.then_handler_failed::<MailHandler>(..)`
    ");
}

#[test]
fn time_passes_in_one_run_and_not_in_another_at_the_same_time() {
    let rooms = &rooms();
    let (hasty, patient) = Side::both();
    let hasty = move || {
        rooms
            .when(book())
            .then(|_: &Outcome| hasty.meet())
            .when_time_passes(PAYMENT_TERM)
            .then(|_: &Outcome| hasty.meet())
            .then_event_like(|event: &RoomReleased| event.guest == "ada")
            .run();
    };
    let patient = move || {
        rooms
            .when(book())
            .then(|_: &Outcome| patient.meet())
            .then(|_: &Outcome| patient.meet())
            .when_time_passes(Duration::from_secs(1))
            .then_no_event::<RoomReleased>()
            .run();
    };

    thread::scope(|scope| {
        scope.spawn(hasty);
        scope.spawn(patient);
    });
}

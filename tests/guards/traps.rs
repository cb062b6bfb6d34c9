//! The traps that other harnesses of this kind fell into, and what shows that this one does not.
//!
//! What fails a sentence unless it is spoken of:
//!
//! | what | test |
//! |---|---|
//! | nothing is asserted | `unspoken::flow_without_then_fails`, `running::flow_that_is_never_run_panics` |
//! | `all` of nothing | `comparing::rows_all_fails_without_rows` |
//! | an error of a handler that nobody looked at | `unspoken::unasserted_handler_failure_fails`, `tasks::spawned_task_that_panics_fails_the_flow` |
//! | a dead letter that is left | `tests/engine`: `giving_up::unasserted_dead_letter_fails_the_flow` |
//! | a message that waits | `tests/engine`: `waiting::pending_messages_at_the_end_fail_the_flow` |
//! | a message that nobody handles | `naming::command_without_a_handler_fails`; an event may have no handler, and the wiring warns of it |
//! | what is scheduled and left | [`scheduled_command_is_reported_as_remaining`]: it lies in the future and fails nothing |
//! | a fault or a stub that is never reached | [`fault_that_is_never_reached_fails`], [`resource_fault_without_a_call_fails`] |
//! | a wait in which nothing was delivered | [`passed_time_without_effect_does_not_change_a_row`], `warnings::idle_engine_is_a_warning`, `engine::fault_at_every_step_needs_a_delivery` |
//! | what was so before the act | `before::row_from_given_needs_unchanged` and those beside it |
//! | no event of a type that nobody raises | `warnings::then_no_event_of_an_outside_event_is_a_warning` |
//!
//! The traps, one by one:
//!
//! | | trap | test |
//! |---|---|---|
//! | 1 | a comparison of parts, or in any order, that takes a wrong event | `comparing::then_events_rejects_a_subset`, `comparing::then_events_checks_the_order`, `comparing::duplicate_expectation_does_not_match_another_event` |
//! | 2 | duplicates with fresh ids, which nobody recognises as such | `engine::redelivered_message_keeps_its_id` |
//! | 3 | expected and found swapped; a field that differs without its values | `comparing::mismatch_names_expected_before_found` |
//! | 4 | a success that means "submitted" | `engine::submitted_command_is_not_an_accepted_one` |
//! | 5 | a wall clock that cuts a chain off in silence | [`wall_clock_time_does_not_stop_a_handler`], `unspoken::chain_of_thousands_is_run_to_its_end`, `unspoken::endless_flow_fails_whatever_is_expected` |
//! | 6 | a wait that answers with a `bool`, which callers drop | `running::flow_that_is_not_awaited_panics`; no word answers with a `bool` |
//! | 7 | a position of the whole store taken for rest | [`retried_projector_is_waited_for`], [`retried_event_store_reader_is_waited_for`] |
//! | 8 | an event that is recorded before the store took it | `engine::event_refused_by_the_store_is_not_recorded` |
//! | 9 | any where all was meant | `comparing::rows_any_and_rows_all_differ` |
//! | 10 | an order by milliseconds | [`events_of_one_instant_keep_their_order`] |
//! | 11 | a run that sees what another test does | [`concurrent_runs_do_not_share_state`], `tests/running`: `parallel::concurrent_runs_write_equal_records` |
//! | 12 | a report so large that it kills the process | `engine::report_of_a_long_chain_is_short`, `unspoken::endless_flow_has_a_short_report` |
//! | 13 | a failure after all that was expected has come | [`handler_failure_after_the_expected_events_fails`], `tasks::spawned_task_that_panics_fails_the_flow` |
//! | 14 | a timeout that hides the error of a handler | `engine::failed_handler_is_reported_before_missing_state` |
//! | 15 | an order of delivery that is not that of production | `engine::handlers_run_in_the_same_order_in_both_modes` |
//! | 16 | an assertion in a handler that the broker swallows | `engine::assertion_in_a_handler_fails_the_flow`, `unspoken::panic_in_a_handler_is_reported` |
//! | 17 | timeouts that were made for a debugger | [`wall_clock_time_does_not_stop_a_handler`]: there is none to set, what ends a run is a count |
//! | 18 | time that is skipped for everybody | [`concurrent_runs_do_not_share_time`], `engine::time_belongs_to_one_run` |

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
        Counted, FakeMailer, Instructed, Tally, book, confirmed, counted, dashboard, instructed,
        lab, paid, place, received, rooms, shop, shop_with_mail,
    },
    mismatch,
};

#[test]
fn scheduled_command_is_reported_as_remaining() {
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
fn fault_that_is_never_reached_fails() {
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
fn resource_fault_without_a_call_fails() {
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
fn passed_time_without_effect_does_not_change_a_row() {
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
struct SlowHandler;

impl EventHandler for SlowHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_told);
        on.subscription().time_limit(Duration::from_millis(1));
    }
}

impl SlowHandler {
    #[expect(clippy::disallowed_methods, reason = "it is there to take time")]
    async fn on_told(&self, _: Instructed, work: &mut UnitOfWork) -> Result<(), Error> {
        thread::sleep(Duration::from_millis(20));
        work.raise(counted(0))
    }
}

fn slow_domain() -> Result<Domain, WiringErrors> {
    Domain::builder("slow")
        .event_from_outside::<Instructed>()
        .event_from_outside::<Counted>()
        .event_handler(SlowHandler)
        .build()
}

#[test]
fn wall_clock_time_does_not_stop_a_handler() {
    FlowHarness::new(slow_domain)
        .mode(Mode::Engine)
        .when_event(instructed("x"))
        .then_attempts::<SlowHandler>(1)
        .then_events(counted(0))
        .run();
}

#[test]
fn retried_projector_is_waited_for() {
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
struct EventStoreReader;

impl Projector for EventStoreReader {
    type Projection = Tally;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_told);
        on.subscription().source(Source::EventStore);
    }
}

impl EventStoreReader {
    async fn on_told(&self, event: Instructed, rows: &mut Rows<'_, Tally>) -> Result<(), Error> {
        let Instructed {
            instruction_id: told_id,
            what,
        } = event;
        rows.put(Tally {
            instruction_id: told_id,
            what,
        })
        .await
    }
}

/// Has nothing to do with what is told, and reads from the event store as well.
#[derive(Debug)]
struct IdleEventStoreReader;

impl EventHandler for IdleEventStoreReader {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_counted);
        on.subscription().source(Source::EventStore);
    }
}

impl IdleEventStoreReader {
    async fn on_counted(&self, _: Counted, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

fn reading_domain() -> Result<Domain, WiringErrors> {
    Domain::builder("reading")
        .event_from_outside::<Instructed>()
        .event_from_outside::<Counted>()
        .projection::<Tally>()
        .event_handler(IdleEventStoreReader)
        .projector(EventStoreReader)
        .build()
}

#[test]
fn retried_event_store_reader_is_waited_for() {
    FlowHarness::new(reading_domain)
        .mode(Mode::Engine)
        .with_fault(Fault::handler::<EventStoreReader>().panics("out of memory"))
        .when_event(instructed("x"))
        .then_attempts::<EventStoreReader>(2)
        .then_projection::<Tally>("told-1")
        .has(|tally| tally.what == "x")
        .run();
}

#[test]
fn events_of_one_instant_keep_their_order() {
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
struct RendezvousSide {
    sender: mpsc::Sender<()>,
    receiver: Mutex<mpsc::Receiver<()>>,
}

impl RendezvousSide {
    fn pair() -> (Self, Self) {
        let (to_one, one) = mpsc::channel();
        let (to_other, other) = mpsc::channel();
        let side = |tell, hear| Self {
            sender: tell,
            receiver: Mutex::new(hear),
        };
        (side(to_other, one), side(to_one, other))
    }

    fn meet(&self) -> Result<(), Mismatch> {
        let gone = |_| Mismatch::new("another run at the same time", "it is gone");
        self.sender.send(()).map_err(|err| gone(err.to_string()))?;
        let hear = self.receiver.lock().unwrap();
        hear.recv().map_err(|err| gone(err.to_string()))
    }
}

#[test]
fn concurrent_runs_do_not_share_state() {
    let shop = shop();
    let (one, other) = RendezvousSide::pair();
    let run = |quantity: u32, side: RendezvousSide| {
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
fn handler_failure_after_the_expected_events_fails() {
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
fn concurrent_runs_do_not_share_time() {
    let rooms = &rooms();
    let (hasty, patient) = RendezvousSide::pair();
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

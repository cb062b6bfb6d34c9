//! Traps of similar test harnesses, and the tests which show that this harness avoids them.
//!
//! Problems that fail a flow unless a `then` asserts them:
//!
//! | problem | test |
//! |---|---|
//! | no assertion | `unasserted_problem::flow_without_then_fails`, `run_guard::flow_that_is_never_run_panics`, `idle_acts::act_about_nothing_fails` |
//! | `all` on no rows | `comparison::rows_all_fails_without_rows` |
//! | a handler error that no `then` checks | `unasserted_problem::unasserted_handler_failure_fails`, `tasks::spawned_task_that_panics_fails_the_flow` |
//! | a remaining dead letter | `tests/it/engine`: `dead_letters::unasserted_dead_letter_fails_the_flow` |
//! | a pending message | `tests/it/engine`: `pending_messages::pending_messages_at_the_end_fail_the_flow` |
//! | a command without a handler | `unknown_names::command_without_a_handler_fails` |
//! | a failure that a handler ignores | `ignored_failures::ignored_failure_of_a_nested_command_fails` |
//! | a failure of an error handler, a message that is never published | `unseen_failures::failure_of_handle_error_fails`, `unseen_failures::message_that_is_never_published_fails` |
//! | a command that is still scheduled | [`scheduled_command_is_reported_as_remaining`]: it is due in the future, so it does not fail the flow |
//! | a fault or a stub that is never reached | [`fault_that_is_never_reached_fails`], [`resource_fault_without_a_call_fails`] |
//! | a fault that changes nothing | `faults::engine_fault_that_changes_nothing_fails`, `faults::skipped_event_is_no_call_in_any_mode` |
//! | a setting without an effect | `settings::setting_that_can_have_no_effect_fails`, `settings::setting_that_may_be_meant_gives_a_warning` |
//! | a wait without a delivery | [`passed_time_without_effect_does_not_change_a_row`], `warnings::idle_engine_gives_a_warning`, `idle_acts::act_in_which_nothing_happens_is_a_warning`, `engine::fault_at_every_step_needs_a_delivery` |
//! | state that no act changed | `unchanged_state::row_from_given_needs_unchanged` and the other tests of that module |
//! | a schedule, a fake or an aggregate at level 1 that no act changed | `met_before_acts::given_schedule_needs_an_act`, `met_before_acts::resource_that_is_met_by_a_fresh_one_is_a_warning`, `met_before_acts::unit_check_of_an_unchanged_aggregate_fails` |
//! | an expectation that cannot fail | `never_fails::expectation_that_fails_in_no_mode_fails_the_flow`, `never_fails::expectation_that_cannot_fail_in_sync_is_a_warning_there` |
//! | an event without a handler | `idle_acts::act_about_nothing_fails` |
//! | an expired command | `tests/it/engine`: `submitted_commands::expired_command_that_no_then_covers_fails` |
//! | the absence of an event that no handler raises | `warnings::then_no_event_warns_about_an_outside_event`, `never_happens::negative_about_what_never_happens_fails` |
//! | a message that changes nothing, before a step that only excludes something | `idle_messages::exclusion_after_acts_that_change_nothing_is_a_warning` |
//! | an act or a list that is empty | `empty_input::method_that_is_given_nothing_fails` |
//!
//! The traps:
//!
//! | | trap | test |
//! |---|---|---|
//! | 1 | a partial or unordered comparison accepts a wrong event | `comparison::then_events_rejects_a_subset`, `comparison::then_events_checks_the_order`, `comparison::duplicate_expectation_does_not_match_another_event` |
//! | 2 | a redelivery has a new id, so no handler recognises it | `engine::redelivered_message_keeps_its_id` |
//! | 3 | expected and found are swapped, or a field differs without its values | `comparison::mismatch_names_expected_before_found` |
//! | 4 | a success means only "submitted" | `engine::submitted_command_is_not_an_accepted_one` |
//! | 5 | the wall clock stops a chain without an error | [`wall_clock_time_does_not_stop_a_handler`], `unasserted_problem::chain_of_thousands_is_run_to_its_end`, `unasserted_problem::endless_flow_fails_whatever_is_expected` |
//! | 6 | a wait returns a `bool` that callers drop | `run_guard::flow_that_is_not_awaited_panics`; no method returns a `bool` |
//! | 7 | a store position is taken as the end of all work | [`retried_projector_is_waited_for`], [`retried_event_store_reader_is_waited_for`] |
//! | 8 | an event is recorded before the store accepts it | `engine::event_refused_by_the_store_is_not_recorded` |
//! | 9 | "any" passes where "all" was meant | `comparison::rows_any_and_rows_all_differ` |
//! | 10 | events are ordered by milliseconds | [`events_of_one_instant_keep_their_order`] |
//! | 11 | a run sees the state of another test | [`concurrent_runs_do_not_share_state`], `tests/it/runner`: `parallel::concurrent_runs_write_equal_records` |
//! | 12 | a report is so large that it kills the process | `engine::report_of_a_long_chain_is_short`, `unasserted_problem::endless_flow_has_a_short_report` |
//! | 13 | a failure after the last expected event is ignored | [`handler_failure_after_the_expected_events_fails`], `tasks::spawned_task_that_panics_fails_the_flow` |
//! | 14 | a timeout hides the error of a handler | `engine::failed_handler_is_reported_before_missing_state` |
//! | 15 | the delivery order differs from production | `engine::handlers_run_in_the_same_order_in_both_modes` |
//! | 16 | the broker swallows an assertion in a handler | `engine::assertion_in_a_handler_fails_the_flow`, `unasserted_problem::panic_in_a_handler_is_reported` |
//! | 17 | timeouts are tuned for a debugger | [`wall_clock_time_does_not_stop_a_handler`]: there are no timeouts; a delivery count ends a run |
//! | 18 | virtual time passes for all runs | [`concurrent_runs_do_not_share_time`], `engine::time_belongs_to_one_run` |

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

use crate::fixture::{
    Counted, FakeMailer, Instructed, Tally, book_room, counted, dashboard, instructed, lab,
    mismatch, order_confirmed, payment_received, place_order, rooms, shop, shop_with_mail,
    stock_received,
};

#[test]
fn scheduled_command_is_reported_as_remaining() {
    let failure = rooms()
        .when(book_room())
        .then(expect::scheduled::<ReleaseRoom>())
        .then(expect::no_event::<RoomBooked>())
        .try_run()
        .expect_err("a room was booked");

    let text = failure.to_string();
    assert!(text.contains("· 1 scheduled (ReleaseRoom)"), "{text}");
}

#[test]
fn fault_that_is_never_reached_fails() {
    let unreached_handler = shop_with_mail(FakeMailer::default)
        .given_events(stock_received(5))
        .with_fault(Fault::handler::<MailHandler>().panics("out of memory"))
        .when(place_order())
        .then_accepted();
    let unreached_append = rooms()
        .with_fault(Fault::append("booking-b-2").conflicts())
        .when(book_room())
        .then_accepted();

    insta::assert_snapshot!(mismatch(unreached_handler), @"
    expected  the fault happens: MailHandler panics: out of memory
    found     the run never reached the point of the fault
    ");
    insta::assert_snapshot!(mismatch(unreached_append), @"
    expected  the fault happens: an append to booking-b-2 conflicts
    found     the run never reached the point of the fault
    ");
}

#[test]
fn resource_fault_without_a_call_fails() {
    let flow = shop_with_mail(FakeMailer::default)
        .given_events(stock_received(5))
        .with_fault(Fault::resource::<FakeMailer>().fails_at_call(1))
        .when(place_order())
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the fault happens: a call of FakeMailer fails
    found     the flow called FakeMailer fewer times
    ");
}

#[test]
fn passed_time_without_effect_does_not_change_a_row() {
    let flow = rooms()
        .given_command(book_room())
        .when_time_passes(Duration::from_secs(1))
        .then_projection::<Room>("b-1")
        .has(|room| room.guest == "ada");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Room "b-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
    "#);
}

/// Blocks for longer than its time limit without awaiting anything.
#[derive(Debug)]
struct SlowHandler;

impl EventHandler for SlowHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_instructed);
        on.subscription().time_limit(Duration::from_millis(1));
    }
}

impl SlowHandler {
    #[expect(clippy::disallowed_methods, reason = "it is there to take time")]
    async fn on_instructed(&self, _: Instructed, work: &mut UnitOfWork) -> Result<(), Error> {
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
        .then(expect::attempts::<SlowHandler>(1))
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
        .when(book_room())
        .then(expect::attempts::<RoomListProjector>(3))
        .then_projection::<Room>("b-1")
        .run();
}

/// Stores the last instruction, read from the event store.
#[derive(Debug)]
struct EventStoreReader;

impl Projector for EventStoreReader {
    type Projection = Tally;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_instructed);
        on.subscription().source(Source::EventStore);
    }
}

impl EventStoreReader {
    async fn on_instructed(
        &self,
        event: Instructed,
        rows: &mut Rows<'_, Tally>,
    ) -> Result<(), Error> {
        let Instructed {
            instruction_id,
            what,
        } = event;

        rows.put(Tally {
            instruction_id,
            what,
        })
        .await
    }
}

/// Handles none of the published events, and also reads from the event store.
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
        .then(expect::attempts::<EventStoreReader>(2))
        .then_projection::<Tally>("inst-1")
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
        .map(|event| event.left)
        .collect();
    assert_eq!(left, (0..20).rev().collect::<Vec<u32>>());

    let mut times: Vec<_> = outcome
        .events()
        .iter()
        .map(|event| event.metadata().time)
        .collect();
    times.dedup();
    assert_eq!(times.len(), 1);
}

/// One of two runs that wait for each other. A run does not wait for one that has ended.
struct RendezvousSide {
    sender: mpsc::Sender<()>,
    receiver: Mutex<mpsc::Receiver<()>>,
}

impl RendezvousSide {
    fn pair() -> (Self, Self) {
        let (to_first, first) = mpsc::channel();
        let (to_second, second) = mpsc::channel();
        let side = |sender, receiver| Self {
            sender,
            receiver: Mutex::new(receiver),
        };

        (side(to_second, first), side(to_first, second))
    }

    fn meet(&self) -> Result<(), Mismatch> {
        let other_ended = |_| Mismatch::new("another run at the same time", "it is gone");
        self.sender
            .send(())
            .map_err(|err| other_ended(err.to_string()))?;

        let receiver = self.receiver.lock().unwrap();
        receiver.recv().map_err(|err| other_ended(err.to_string()))
    }
}

#[test]
fn concurrent_runs_do_not_share_state() {
    let shop = shop();
    let (first, second) = RendezvousSide::pair();
    let run = |quantity: u32, side: RendezvousSide| {
        shop.given_events(stock_received(quantity))
            .when(place_order())
            .then(|_: &Outcome| side.meet())
            .then_aggregate::<Inventory>("prod-1")
            .has(|inventory| inventory.available == quantity - 2)
            .then(expect::projections::<StockLevel>().count(1))
            .run();
    };

    thread::scope(|scope| {
        scope.spawn(|| run(5, first));
        scope.spawn(|| run(9, second));
    });
}

#[test]
fn handler_failure_after_the_expected_events_fails() {
    let flow = shop_with_mail(FakeMailer::down)
        .given_events(stock_received(5))
        .given_command(place_order())
        .when_event(payment_received())
        .then_events(order_confirmed())
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Confirmed));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  no problem, or a `then` that covers it
    found     MailHandler failed on OrderConfirmed: sending the mail failed: the mail server is down
              If the test expects this, add `.then(expect::handler_failed::<MailHandler>(..))`
    ");
}

#[test]
fn concurrent_runs_do_not_share_time() {
    let rooms = &rooms();
    let (fast, slow) = RendezvousSide::pair();

    let run_three_days = move || {
        rooms
            .when(book_room())
            .then(|_: &Outcome| fast.meet())
            .when_time_passes(PAYMENT_TERM)
            .then(|_: &Outcome| fast.meet())
            .then(expect::event_matching(|event: &RoomReleased| {
                event.guest == "ada"
            }))
            .run();
    };
    let run_one_second = move || {
        rooms
            .when(book_room())
            .then(|_: &Outcome| slow.meet())
            .then(|_: &Outcome| slow.meet())
            .when_time_passes(Duration::from_secs(1))
            .then(expect::no_event::<RoomReleased>())
            .run();
    };

    thread::scope(|scope| {
        scope.spawn(run_three_days);
        scope.spawn(run_one_second);
    });
}

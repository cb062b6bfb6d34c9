//! A run on a second backend, which must have the same results.

use std::sync::Arc;

use ::booking::PAYMENT_TERM;
use ::shop::OrderDashboard;
use flow_domain::{
    forward_ports,
    message::Recorded,
    port::{Changes, PortFuture, Store},
    record::TableKind,
};
use flow_harness::{
    backend::{Backend, MemoryBackend, OpenedStore, SqliteBackend},
    flow::AfterAct,
    prelude::*,
};
use insta::assert_snapshot;
use rstest::rstest;

use crate::{
    backend::databases::Database,
    fixture::{
        account_opened, bank, book_room, failure, mask_line_numbers, money_deposited, place_order,
        rooms_with_mail_down, shop, stock_received,
    },
};

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mistake {
    /// The tables of this kind stay empty.
    Forgets(TableKind),
    /// The messages of a commit are sent in the wrong order.
    ReversesMessages,
}

/// Opens SQLite stores that make a mistake.
#[derive(Debug)]
pub(crate) struct WrongBackend(pub(crate) Mistake);

impl Backend for WrongBackend {
    fn name(&self) -> &'static str {
        "wrong"
    }

    fn open(&self) -> PortFuture<'_, OpenedStore> {
        PortFuture::boxed(async {
            let opened = SqliteBackend::in_memory().open().await?;
            let store = Arc::clone(opened.store());
            Ok(opened.with_store(Arc::new(WrongStore {
                store,
                mistake: self.0,
            })))
        })
    }
}

#[derive(Debug)]
struct WrongStore {
    store: Arc<dyn Store>,
    mistake: Mistake,
}

forward_ports!(WrongStore: EventStore, AggregateStore, ProjectionStore, Outbox, Ledger);

impl Store for WrongStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        PortFuture::boxed(async {
            let mut changes = changes.clone();
            match self.mistake {
                Mistake::Forgets(kind) => {
                    changes.writes.retain(|write| write.table.kind != kind);
                }
                Mistake::ReversesMessages => changes.outgoing.reverse(),
            }
            self.store.commit(&changes).await
        })
    }
}

/// Returns the report of a flow in which two backends differ, up to the story.
fn difference(flow: Flow<'_, impl AfterAct>) -> String {
    let failure = failure(flow);

    assert!(failure.is_backend_difference());
    let text = mask_line_numbers(&failure.to_string());
    let (head, _) = text
        .split_once("\n\nstory")
        .expect("the report has a story");
    head.to_owned()
}

#[test]
fn lost_row_is_found_by_the_expectation_of_the_test() {
    let flow = shop()
        .mode(Mode::Sync)
        .backend(MemoryBackend)
        .compare_backend(WrongBackend(Mistake::Forgets(TableKind::Projection)))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.total_cents == 9_995);

    assert_snapshot!(difference(flow), @r#"
    flow failed at step 1: when PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }      tests/it/backend/comparison.rs:LINE

      expected  no problem, or a `then` that covers it
      found     OrderDashboardProjector failed on OrderCancelled: there is no OrderDashboard `ord-1` to change: insert it with `put` or `change_or_insert`
                If the test expects this, add `.then(expect::handler_failed_with_message::<OrderDashboardProjector>(".."))`

    and at step 2: then OrderDashboard "ord-1" has      tests/it/backend/comparison.rs:LINE

      expected  OrderDashboard "ord-1"
      found     nothing with this id; the flow stored only OrderDashboard "ord-1"

    and at step 2: then OrderDashboard "ord-1" has      tests/it/backend/comparison.rs:LINE

      expected  both backends give the same result
      found     3 differences; if the test expects them, add `.allow_difference(..)`
                first in the record, by OrderDashboardProjector
                  memory  wrote projection OrderDashboard `ord-1` {"order_id":"ord-1","customer_id":"cust-1","status":"Placed","total_cents":9995} -> {"order_id":"ord-1","customer_id":"cust-1","status":"Cancelled","total_cents":9995}
                  wrong   found no projection OrderDashboard `ord-1`
                OrderDashboard "ord-1"
                  memory  {"customer_id":"cust-1","order_id":"ord-1","status":"Cancelled","total_cents":9995}
                  wrong   {"customer_id":"cust-1","order_id":"ord-1","status":"Placed","total_cents":9995}
                failures of act 1
                  memory  nothing
                  wrong   OrderDashboardProjector failed on OrderCancelled: there is no OrderDashboard `ord-1` to change: insert it with `put` or `change_or_insert`

    why    perhaps: OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1"; "ord-1" is the `order_id` of OrderPlaced
    fix    check OrderDashboard "ord-1" in the test, or let OrderDashboardProjector use the `order_id` of OrderPlaced as the id

    run    on wrong; on memory the flow passes
    "#);
}

#[test]
fn lost_dead_letter_is_found_in_the_store() {
    let flow = rooms_with_mail_down(10)
        .backend(MemoryBackend)
        .compare_backend(WrongBackend(Mistake::Forgets(TableKind::DeadLetter)))
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then(expect::dead_letters());

    assert_snapshot!(difference(flow), @r#"
    flow failed at step 3: then dead letters      tests/it/backend/comparison.rs:LINE

      expected  both backends give the same result
      found     1 difference; if the test expects it, add `.allow_difference(..)`
                what is stored
                  memory  dead letter DeadLetter "GuestMailer/5d451a5d-42b9-8c58-844c-5546568f6f3c" at version 1: {"subscription":"GuestMailer","handler":"GuestMailer","metadata":{"id":"5d451a5d-42b9-8c58-844c-5546568f6f3c","kind":"event","type":"Booking.RoomReleased.v1","stream":"booking-b-1","time":"2026-01-04T00:00:00.000000Z","correlation":"46b73e79-f0c3-8c00-98bc-9b3a9f64da94","causation":"af621e5b-6b50-8264-afd7-adc4812789ce","priority":0,"initiated_by":null,"caused_in_category":"booking","deadline":null,"processing":"async"},"message":"{\"booking_id\":\"b-1\",\"guest\":\"ada\"}","reason":"sending the mail failed: the mail server is down","attempts":5,"failed_at":"2026-01-04T00:12:00.000000Z","is_replayed":false,"attempt":1,"due":"2026-01-04T00:12:00.000000Z"}
                  wrong   nothing

    run    on memory and on wrong; the record is from wrong
    "#);
}

#[test]
fn wrong_order_is_found_in_the_record() {
    let flow = bank()
        .mode(Mode::Engine)
        .backend(MemoryBackend)
        .compare_backend(WrongBackend(Mistake::ReversesMessages))
        .given_events((account_opened("acc-1"), account_opened("acc-2")))
        .when_event(money_deposited("acc-1", 100))
        .then_settled();

    assert_snapshot!(difference(flow), @r#"
    flow failed at step 3: then settled      tests/it/backend/comparison.rs:LINE

      expected  both backends give the same result
      found     2 differences; if the test expects them, add `.allow_difference(..)`
                first in the record, by the test flow
                  memory  published to account,
                    because: appended Bank.AccountOpened.v1 46b73e79-f0c3-8c00-98bc-9b3a9f64da94 to account-acc-1 @1 at 1
                  wrong   published to account,
                    because: appended Bank.AccountOpened.v1 778b1aa9-c29b-8868-b842-58f55889b9b8 to account-acc-2 @1 at 2
                what is stored
                  memory  outbox 1: AccountOpened, Published,
                    0 failures: {"AccountOpened":{"account_id":"acc-1","owner":"Ada","overdraft_limit_cents":50}}
                  wrong   outbox 1: AccountOpened, Published,
                    0 failures: {"AccountOpened":{"account_id":"acc-2","owner":"Ada","overdraft_limit_cents":50}}

    run    on memory and on wrong; the record is from wrong
    "#);
}

#[test]
fn flow_that_fails_otherwise_on_a_backend_says_so() {
    let flow = shop()
        .mode(Mode::Sync)
        .backend(MemoryBackend)
        .compare_backend(WrongBackend(Mistake::Forgets(TableKind::Aggregate)))
        .given_command(place_order())
        .when(place_order())
        .then_accepted();

    assert_snapshot!(difference(flow), @r#"
    flow failed at step 3: then accepted      tests/it/backend/comparison.rs:LINE

      expected  PlaceOrder is accepted
      found     PlaceOrder was rejected: the order is already placed

    and at step 3: then accepted      tests/it/backend/comparison.rs:LINE

      expected  both backends give the same result
      found     6 differences; if the test expects them, add `.allow_difference(..)`
                first in the record, by OrderCommandHandler
                  memory  raised Shop.OrderCancelled.v1 40d6d61a-1b05-84a1-98ef-3e75b765b40c for order-ord-1 {"order_id":"ord-1","product_id":"prod-1","reason":"out of stock"}
                  wrong   failed: there is no Order `ord-1`: it is stored as state, so the events of its stream do not create it; in a test,
                    create it with `.given_command(..)` or `.given_aggregate(..)`
                Order "ord-1"
                  memory  {"customer_id":"cust-1","order_id":"ord-1","product_id":"prod-1","quantity":2,"status":"Cancelled","total_cents":9995}
                  wrong   {"customer_id":"cust-1","order_id":"ord-1","product_id":"prod-1","quantity":2,"status":"Placed","total_cents":9995}
                Fulfilment "ord-1"
                  memory  {"cancelled":true,"paid":false,"reserved":false}
                  wrong   {"cancelled":false,"paid":false,"reserved":false}
                OrderDashboard "ord-1"
                  memory  {"customer_id":"cust-1","order_id":"ord-1","status":"Cancelled","total_cents":9995}
                  wrong   {"customer_id":"cust-1","order_id":"ord-1","status":"Placed","total_cents":9995}
                answer to act 1
                  memory  the order is already placed
                  wrong   nothing
                events of order-ord-1
                  memory  OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 },
                    OrderCancelled { order_id: "ord-1", product_id: "prod-1", reason: "out of stock" }
                  wrong   OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }

    run    on memory; on wrong it fails otherwise
    "#);
}

#[test]
fn flow_that_fails_alike_on_both_backends_has_its_report() {
    let run = |harness: FlowHarness| {
        let flow = harness
            .given_events(stock_received(5))
            .when(place_order())
            .then_no_events();
        failure(flow)
    };
    let memory = || shop().backend(MemoryBackend);
    let compared = run(memory().compare_backend(SqliteBackend::in_memory()));

    assert!(!compared.is_backend_difference());
    assert_eq!(
        mask_line_numbers(&compared.to_string()),
        mask_line_numbers(&run(memory()).to_string())
    );
}

#[test]
fn difference_that_a_flow_allows_is_none() {
    shop()
        .mode(Mode::Sync)
        .backend(MemoryBackend)
        .compare_backend(WrongBackend(Mistake::Forgets(TableKind::ProcessHistory)))
        .given_events(stock_received(5))
        .when(place_order())
        .then_settled()
        .allow_difference("Fulfilment")
        .run();
}

#[rstest]
fn backends_give_the_same_result(
    #[values(Database::SqliteInMemory, Database::SqliteFile, Database::Postgres)]
    database: Database,
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    let harness = shop().mode(mode).backend(MemoryBackend);

    database
        .beside(harness)
        .given_events(stock_received(5))
        .when(place_order())
        .then_settled()
        .run();
}

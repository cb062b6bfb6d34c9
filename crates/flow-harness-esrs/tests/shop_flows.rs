//! The flows of a shop that is built on `esrs`.

mod production;

use std::{sync::Arc, time::Duration};

use esrs::{
    AggregateState,
    handler::EventHandler,
    manager::AggregateManager,
    store::{EventStore, StoreEvent},
};
use flow_harness::{CommittedEvents, SystemHarness, SystemUnderTest, at, expect};
use flow_harness_esrs::{MemoryBus, MemoryStore, MemoryStoreError, RecordedEvents, execute};
use production::{
    Label, Labels, Order, OrderCommand, OrderError, OrderEvent, OrderRow, OrderRows, OrderState,
    PackPaidOrders, Parcel, ParcelCommand, ParcelError, ParcelEvent,
};
use rstest::{fixture, rstest};
use uuid::Uuid;

const BOOK: Uuid = Uuid::from_u128(1);
const LAMP: Uuid = Uuid::from_u128(2);

/// What a run starts: two stores, their read models and the bus between them.
struct Shop {
    order_store: MemoryStore<Order>,
    orders: AggregateManager<MemoryStore<Order>>,
    parcels: AggregateManager<MemoryStore<Parcel>>,
    order_rows: Arc<OrderRows>,
    labels: Arc<Labels>,
    bus: MemoryBus<Parcel>,
}

impl Shop {
    fn start(events: CommittedEvents) -> Self {
        let (order_rows, labels) = (Arc::<OrderRows>::default(), Arc::<Labels>::default());
        let bus = MemoryBus::new(vec![Box::new(Arc::clone(&labels))]);

        let parcel_store = MemoryStore::new(events.clone());
        parcel_store.add_event_bus(bus.clone());

        let order_store = MemoryStore::new(events);
        order_store.add_event_handler(Arc::clone(&order_rows));
        let parcels = AggregateManager::new(parcel_store.clone());
        order_store.add_event_handler(PackPaidOrders(parcels));

        Self {
            orders: AggregateManager::new(order_store.clone()),
            parcels: AggregateManager::new(parcel_store),
            order_store,
            order_rows,
            labels,
            bus,
        }
    }
}

#[fixture]
fn shop() -> SystemHarness {
    SystemHarness::new(
        SystemUnderTest::new("shop", |events| async { Shop::start(events) })
            .fallible_command("orders", |shop, id, command| async move {
                execute(&shop.orders, &id, command).await
            })
            .fallible_command("parcels", |shop, id, command| async move {
                execute(&shop.parcels, &id, command).await
            })
            .history(|shop, id, events| async move {
                let store = &shop.order_store;
                store.put_history(&id, events, &[&shop.order_rows]).await
            })
            .fallible_command("race", |shop, id, Race(command)| async move {
                execute_behind(&shop.orders, &id, command).await
            })
            .fallible_command("import", |shop, id, Import| async move {
                let mut order = AggregateState::with_id(id.parse::<Uuid>().expect("a UUID"));
                let store = &shop.order_store;
                store.persist(&mut order, vec![placed(7)]).await?;
                store.persist(&mut order, vec![OrderEvent::Paid]).await?;
                Ok::<_, MemoryStoreError>(Ok::<(), OrderError>(()))
            })
            .fallible_command("orders", |shop, id, Forget| async move {
                let order: Uuid = id.parse().expect("a UUID");
                shop.orders.delete(order).await.map(Ok::<(), OrderError>)
            })
            .aggregate(|shop, id| async move {
                let order: Uuid = id.parse().ok()?;
                let loaded = shop.orders.load(order).await.expect("a store in memory");
                loaded.map(AggregateState::into_inner)
            })
            .view(|shop, id| async move { shop.order_rows.of(id.parse().ok()?) })
            .view(|shop, id| async move { shop.labels.of(id.parse().ok()?) })
            .worker("labels", |shop| async move { shop.bus.step().await })
            .clock(|shop, now| shop.order_store.set_time(now)),
    )
}

/// A command that another one overtakes.
#[derive(Debug)]
struct Race(OrderCommand);

#[derive(Debug)]
struct Forget;

/// Two commits for one state of an aggregate.
#[derive(Debug)]
struct Import;

async fn execute_behind(
    orders: &AggregateManager<MemoryStore<Order>>,
    id: &str,
    command: OrderCommand,
) -> Result<Result<OrderState, OrderError>, MemoryStoreError> {
    let order: Uuid = id.parse().expect("a UUID");
    let late = orders.load(order).await?.expect("an order");
    let first = execute(orders, id, pay(900)).await;
    assert!(matches!(first, Ok(Ok(()))));

    orders.handle_command(late, command).await
}

fn placed(cents: u64) -> OrderEvent {
    OrderEvent::Placed { cents }
}

fn pay(cents: u64) -> OrderCommand {
    OrderCommand::Pay { cents }
}

#[rstest]
fn paid_order_is_packed(shop: SystemHarness) {
    shop.given_events(at(BOOK, placed(900)))
        .when(at(BOOK, pay(900)))
        .then_events((at(BOOK, OrderEvent::Paid), at(BOOK, ParcelEvent::Packed)))
        .then_projection::<OrderRow>(BOOK.to_string())
        .has(|row| row.paid_at.is_some())
        .then_projection::<Label>(BOOK.to_string())
        .is(Label { number: 1 })
        .then_aggregate::<OrderState>(BOOK.to_string())
        .has(|order| order.is_paid)
        .run();
}

#[rstest]
fn events_are_recorded_in_the_order_of_the_commits(shop: SystemHarness) {
    shop.given_events(at(BOOK, placed(900)))
        .when(at(BOOK, pay(1_000)))
        .then_events((
            at(BOOK, OrderEvent::Paid),
            at(BOOK, OrderEvent::Overpaid { cents: 100 }),
            at(BOOK, ParcelEvent::Packed),
        ))
        .run();
}

#[rstest]
fn rejection_is_the_error_of_the_aggregate(shop: SystemHarness) {
    shop.given_command(at(BOOK, OrderCommand::Place { cents: 900 }))
        .when(at(BOOK, pay(5)))
        .then_rejected(OrderError::TooLittleMoney { missing: 895 })
        .then_no_events()
        .then_projection::<OrderRow>(BOOK.to_string())
        .unchanged()
        .when(at(LAMP, pay(5)))
        .then_rejected(OrderError::NotPlaced)
        .when(at(BOOK, OrderCommand::Place { cents: 900 }))
        .then_rejected(OrderError::AlreadyPlaced)
        .run();
}

#[rstest]
#[tokio::test]
async fn history_is_not_handled_by_the_process_manager(shop: SystemHarness) {
    shop.given_events([at(BOOK, placed(900)), at(BOOK, OrderEvent::Paid)])
        .when(at(BOOK, ParcelCommand))
        .then_events(at(BOOK, ParcelEvent::Packed))
        .when(at(BOOK, ParcelCommand))
        .then_rejected(ParcelError)
        .when(at(BOOK, pay(900)))
        .then_rejected(OrderError::AlreadyPaid)
        .await;
}

#[rstest]
fn events_have_the_virtual_time(shop: SystemHarness) {
    shop.given_events(at(BOOK, placed(900)))
        .when_time_passes(Duration::from_hours(1))
        .when(at(BOOK, pay(900)))
        .then_projection::<OrderRow>(BOOK.to_string())
        .is(OrderRow {
            cents: 900,
            // A flow begins on 2026-01-01.
            paid_at: Some(1_767_225_600 + 3_600),
        })
        .run();
}

#[rstest]
fn address_that_is_no_uuid_fails(shop: SystemHarness) {
    shop.given_nothing()
        .when(at("book", pay(900)))
        .then(expect::component_failed("orders", "UUID"))
        .run();
}

#[rstest]
fn overtaken_command_is_a_failure(shop: SystemHarness) {
    shop.given_events(at(BOOK, placed(900)))
        .when(at(BOOK, Race(pay(900))))
        .then(expect::component_failed("race", "Conflict"))
        .then_events((at(BOOK, OrderEvent::Paid), at(BOOK, ParcelEvent::Packed)))
        .run();
}

#[rstest]
fn state_follows_the_commits_of_the_store(shop: SystemHarness) {
    shop.given_nothing()
        .when(at(BOOK, Import))
        .then_events((
            at(BOOK, placed(7)),
            at(BOOK, OrderEvent::Paid),
            at(BOOK, ParcelEvent::Packed),
        ))
        .run();
}

#[rstest]
fn deleted_aggregate_is_as_new(shop: SystemHarness) {
    shop.given_events([at(BOOK, placed(900)), at(LAMP, placed(50))])
        .when(at(BOOK, Forget))
        .then_projection::<OrderRow>(BOOK.to_string())
        .absent()
        .when(at(BOOK, OrderCommand::Place { cents: 7 }))
        .then_events(at(BOOK, placed(7)))
        .when(at(LAMP, OrderCommand::Place { cents: 7 }))
        .then_rejected(OrderError::AlreadyPlaced)
        .run();
}

#[test]
fn recorded_events_are_those_that_another_store_handles() {
    let store = SystemUnderTest::new("store", |events| async { RecordedEvents(events) }).command(
        "store",
        |handler, id, payload: u64| async move {
            let event = StoreEvent {
                id: Uuid::from_u128(9),
                aggregate_id: id.parse().expect("a UUID"),
                payload: OrderEvent::Placed { cents: payload },
                occurred_on: chrono::DateTime::UNIX_EPOCH,
                sequence_number: 1,
                version: None,
            };
            EventHandler::<Order>::handle(&*handler, &event).await;
            Ok::<(), ()>(())
        },
    );

    SystemHarness::new(store)
        .when(at(BOOK, 900_u64))
        .then_events(at(BOOK, placed(900)))
        .run();
}

fn report_of(failure: impl ToString) -> String {
    let report = failure.to_string();
    let (report, _) = report.split_once("\nrerun").expect("a hint");
    let (_, report) = report.split_once('\n').expect("the line of the test");
    report.to_owned()
}

#[rstest]
fn wrong_label_is_explained(shop: SystemHarness) {
    let failure = shop
        .given_events(at(BOOK, placed(900)))
        .when(at(BOOK, pay(900)))
        .then_projection::<Label>(BOOK.to_string())
        .is(Label { number: 7 })
        .try_run()
        .expect_err("it is the first label");

    insta::assert_snapshot!(report_of(failure), @r#"

      expected  Label "00000000-0000-0000-0000-000000000001" Label { number: 7 }
      found     Label "00000000-0000-0000-0000-000000000001" Label { number: 1 }

    story   1 given  at("00000000-0000-0000-0000-000000000001", Placed { cents: 900 })
            2 when   at("00000000-0000-0000-0000-000000000001", Pay { cents: 900 })     accepted
            3 then   Label "00000000-0000-0000-0000-000000000001" is                    FAILED

    chain  Pay                                 orders  returned
           ├ Paid                              OrderEvent-00000000-0000-0000-0000-000000000001 @2
           └ Packed                            ParcelEvent-00000000-0000-0000-0000-000000000001 @1
           labels                              wrote Label "00000000-0000-0000-0000-000000000001"

    end    nothing pending · no handlers failed
    "#);
}

#[rstest]
fn history_without_a_uuid_is_explained(shop: SystemHarness) {
    let failure = shop
        .given_events(at("book", placed(900)))
        .when(at(BOOK, pay(900)))
        .then_accepted()
        .try_run()
        .expect_err("`book` is no UUID");

    insta::assert_snapshot!(report_of(failure), @r#"

      expected  the given step runs without problems
      found     the call failed: esrs names an aggregate by a UUID, but the test wrote at("book", ..): write at(Uuid::from_u128(1), ..)

      2 later steps were skipped

    why    history failed on Placed: the call failed: esrs names an aggregate by a UUID, but the test wrote at("book", ..): write
             at(Uuid::from_u128(1), ..)

    story   1 given  at("book", Placed { cents: 900 })                               FAILED
            2 when   at("00000000-0000-0000-0000-000000000001", Pay { cents: 900 })  skipped
            3 then   accepted                                                        skipped

    chain  Placed                              OrderEvent-book @1
           └ history                           FAILED: the call failed: esrs names an aggregate by a UUID, but the test wrote at("b ..   <- here

    end    nothing pending · 1 handler failed
    "#);
}

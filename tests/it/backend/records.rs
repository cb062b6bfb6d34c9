//! A run on a database has the record of the run in memory, byte for byte.

use std::thread;

use ::booking::PAYMENT_TERM;
use ::shop::{Inventory, InventoryEventHandler};
use flow_harness::{backend::MemoryBackend, fault::Fault, prelude::*};
use rstest::rstest;

use crate::{
    backend::databases::Database,
    fixture::{
        account_opened, bank, book_room, money_deposited, panic_text, payment_received,
        place_order, rooms_with_mail_down, shop, stock_received, transfer,
    },
};

/// Runs an order that meets a conflict, and returns the record.
fn order(on: impl Fn(FlowHarness) -> FlowHarness) -> String {
    let flow = on(shop())
        .given_events(stock_received(100))
        .with_fault(Fault::append("inventory-prod-1").conflicts())
        .when(place_order())
        .when_event(payment_received())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98);
    flow.run().record().to_string()
}

/// Runs a booking that nobody pays, with mails that fail and a redelivery, and returns the record.
fn booking(on: impl Fn(FlowHarness) -> FlowHarness) -> String {
    let flow = on(rooms_with_mail_down(2))
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .when_redelivered(1)
        .then_settled();
    flow.run().record().to_string()
}

/// Runs a transfer between two accounts, and returns the record.
fn money(on: impl Fn(FlowHarness) -> FlowHarness) -> String {
    let flow = on(bank())
        .given_events((
            account_opened("acc-1"),
            account_opened("acc-2"),
            money_deposited("acc-1", 100),
        ))
        .when(transfer(60))
        .then_settled();
    flow.run().record().to_string()
}

#[rstest]
fn backend_has_the_record_of_memory(
    #[values(Database::SqliteInMemory, Database::SqliteFile, Database::Postgres)]
    database: Database,
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    let memory = |harness: FlowHarness| harness.mode(mode).backend(MemoryBackend);
    let on_database = |harness: FlowHarness| database.under(harness.mode(mode));

    assert_eq!(order(on_database), order(memory));
    assert_eq!(money(on_database), money(memory));
    if mode == Mode::Engine {
        assert_eq!(booking(on_database), booking(memory));
    }
}

#[rstest]
fn backend_restarts_and_crashes_as_in_memory(
    #[values(Database::SqliteInMemory, Database::Postgres)] database: Database,
) {
    let run = |harness: FlowHarness| {
        let flow = harness
            .mode(Mode::Engine)
            .given_events(stock_received(100))
            .with_fault(Fault::crash_after::<InventoryEventHandler>().commits())
            .with_fault(Fault::restart_after(2))
            .when(place_order())
            .then_aggregate::<Inventory>("prod-1")
            .has(|inventory| inventory.available == 98);
        flow.run().record().to_string()
    };

    assert_eq!(
        run(database.under(shop())),
        run(shop().backend(MemoryBackend))
    );
}

#[rstest]
#[tokio::test]
async fn backend_works_in_an_async_test(
    #[values(Database::SqliteInMemory, Database::Postgres)] database: Database,
) {
    let run = async |harness: FlowHarness| {
        let flow = harness
            .mode(Mode::Engine)
            .given_events(stock_received(100))
            .when(place_order())
            .then_settled();
        flow.await.record().to_string()
    };

    assert_eq!(
        run(database.under(shop())).await,
        run(shop().backend(MemoryBackend)).await
    );
}

#[rstest]
fn backend_isolates_concurrent_runs(
    #[values(Database::SqliteInMemory, Database::Postgres)] database: Database,
) {
    let harness = database.under(shop()).mode(Mode::Engine);
    let run = |quantity: u32| {
        harness
            .given_events(stock_received(quantity))
            .when(place_order())
            .then_aggregate::<Inventory>("prod-1")
            .has(move |inventory| inventory.available == quantity - 2)
            .run()
            .record()
            .entries()
            .len()
    };

    let lengths: Vec<usize> = thread::scope(|scope| {
        let runs: Vec<_> = (0..64).map(|n| scope.spawn(move || run(10 + n))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });

    assert!(
        lengths.windows(2).all(|pair| pair[0] == pair[1]),
        "{lengths:?}"
    );
}

#[rstest]
fn backend_is_free_again_after_a_panic(
    #[values(Database::SqliteInMemory, Database::Postgres)] database: Database,
) {
    let harness = database.under(shop());

    for _ in 0..3 {
        let flow = harness
            .given_events(stock_received(5))
            .when(place_order())
            .then_no_events();
        let text = panic_text(|| flow.run());
        assert!(text.contains("found     OrderPlaced"), "{text}");
    }

    harness
        .given_events(stock_received(5))
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 3)
        .run();
}

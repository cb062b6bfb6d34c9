//! Redelivery of a message with the same id.

use ::booking::{GuestMailer, PAYMENT_TERM};
use ::shop::{Inventory, InventoryEventHandler};
use flow_harness::prelude::*;
use rstest::rstest;

use crate::fixture::{
    FlakyMailer, book_room, counted, lab, place_order, rooms, shop, stock_received,
};

#[rstest]
fn redelivered_message_is_skipped_by_a_once_handler(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    rooms()
        .mode(mode)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .when_redelivered(2)
        .then(expect::attempts::<GuestMailer>(1))
        .then(expect::resource(|mailer: &FlakyMailer| {
            mailer.state().sent == ["ada"]
        }))
        .run();
}

#[rstest]
fn redelivered_order_reserves_stock_once(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    shop()
        .mode(mode)
        .given_events(stock_received(100))
        .when(place_order())
        .when_redelivered(1)
        .then_handled_by::<InventoryEventHandler>()
        .times(2)
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .run();
}

#[rstest]
fn redelivery_finds_a_counting_handler(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let outcome = lab()
        .mode(mode)
        .when_event(counted(1))
        .when_redelivered(1)
        .then_settled()
        .run();

    let events = outcome.events();
    assert_eq!(events.len(), 2);
    assert_ne!(events[0].metadata().id, events[1].metadata().id);
}

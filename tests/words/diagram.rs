//! What happened, as a sequence diagram.

use booking::ReleaseRoom;
use flow_harness::prelude::*;

use crate::fixture::{
    Brittle, LabError, book, dispatch, lab, parcels, place, received, rooms, shop, told,
};

#[test]
fn who_hands_what_to_whom_is_drawn_in_order() {
    let flow = shop()
        .mode(Mode::Sync)
        .given_events(received(100))
        .when(place())
        .then_settled();

    insta::assert_snapshot!(flow.run().mermaid(), @r#"
    sequenceDiagram
        participant Test
        participant OrderCommandHandler
        participant InventoryEventHandler
        participant Fulfilment
        participant OrderDashboardProjector
        participant StockLevelProjector
        Test->>OrderCommandHandler: PlaceOrder
        Note over OrderCommandHandler: stored Order "ord-1"
        OrderCommandHandler->>InventoryEventHandler: OrderPlaced
        OrderCommandHandler->>Fulfilment: OrderPlaced
        Note over Fulfilment: stored Fulfilment "ord-1"
        OrderCommandHandler->>OrderDashboardProjector: OrderPlaced
        Note over OrderDashboardProjector: wrote OrderDashboard "ord-1"
        InventoryEventHandler->>Fulfilment: StockReserved
        Note over Fulfilment: stored Fulfilment "ord-1"
        InventoryEventHandler->>StockLevelProjector: StockReserved
        Note over StockLevelProjector: wrote StockLevel "prod-1"
    "#);
}

#[test]
fn a_refusal_goes_back_to_who_asked() {
    let flow = shop()
        .mode(Mode::Sync)
        .given_command(place())
        .when(place())
        .then_rejected_saying("placed");

    insta::assert_snapshot!(flow.run().mermaid(), @r"
    sequenceDiagram
        participant Test
        participant OrderCommandHandler
        Test->>OrderCommandHandler: PlaceOrder
        OrderCommandHandler--xTest: REJECTED: the order is already placed
    ");
}

#[test]
fn every_attempt_is_drawn_through_the_engine() {
    let flow = lab()
        .mode(Mode::Engine)
        .when_event(told("fail"))
        .then_handler_failed::<Brittle>(LabError("smoke"))
        .then_dead_letters()
        .one();

    insta::assert_snapshot!(flow.run().mermaid(), @r#"
    sequenceDiagram
        participant Test
        participant Brittle
        participant Bystander
        participant TallyKeeper
        Test->>Brittle: Told
        Brittle--xTest: FAILED: what was told failed: there was smoke
        Test->>Bystander: Told
        Note over Bystander: handled, changed nothing
        Test->>TallyKeeper: Told
        Note over TallyKeeper: wrote Tally "told-1"
        Test->>Brittle: Told (attempt 2)
        Brittle--xTest: FAILED: what was told failed: there was smoke
        Test->>Brittle: Told (attempt 3)
        Brittle--xTest: FAILED: what was told failed: there was smoke
        Test->>Brittle: Told (attempt 4)
        Brittle--xTest: FAILED: what was told failed: there was smoke
        Note over Brittle: gave up on Told, a dead letter
    "#);
}

#[test]
fn what_was_rolled_back_is_drawn_as_such() {
    let flow = parcels()
        .mode(Mode::Sync)
        .when(dispatch("fog"))
        .then_rejected(LabError("fog"));

    insta::assert_snapshot!(flow.run().mermaid(), @r"
    sequenceDiagram
        participant Test
        participant DispatchHandler
        participant PackHandler
        participant LabelHandler
        Test->>DispatchHandler: Dispatch
        DispatchHandler->>PackHandler: Pack
        PackHandler->>LabelHandler: Label
        LabelHandler--xPackHandler: rolled back
        PackHandler--xDispatchHandler: rolled back
        DispatchHandler--xTest: REJECTED: there was fog
    ");
}

#[test]
fn what_is_still_to_come_is_a_note() {
    let flow = rooms()
        .when(book())
        .then_scheduled::<ReleaseRoom>()
        .then_settled();

    insta::assert_snapshot!(flow.run().mermaid(), @r#"
    sequenceDiagram
        participant Test
        participant BookingHandler
        participant PaymentDeadline
        participant RoomListProjector
        Test->>BookingHandler: BookRoom
        Note over BookingHandler: stored Booking "b-1"
        BookingHandler->>PaymentDeadline: RoomBooked
        Note over PaymentDeadline: ReleaseRoom, scheduled for 2026-01-04T00:00:00Z
        Note over PaymentDeadline: stored PaymentDeadline "b-1"
        BookingHandler->>RoomListProjector: RoomBooked
        Note over RoomListProjector: wrote Room "b-1"
    "#);
}

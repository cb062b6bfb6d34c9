//! The sequence diagram of a run.

use booking::ReleaseRoom;
use flow_harness::prelude::*;

use crate::fixture::{
    Brittle, LabError, book_room, dispatch, instructed, lab, parcels, place_order, rooms, shop,
    stock_received,
};

#[test]
fn diagram_shows_messages_in_order() {
    let flow = shop()
        .mode(Mode::Sync)
        .given_events(stock_received(100))
        .when(place_order())
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
fn diagram_returns_a_rejection_to_the_sender() {
    let flow = shop()
        .mode(Mode::Sync)
        .given_command(place_order())
        .when(place_order())
        .then(expect::rejected_with_message("placed"));

    insta::assert_snapshot!(flow.run().mermaid(), @r"
    sequenceDiagram
        participant Test
        participant OrderCommandHandler
        Test->>OrderCommandHandler: PlaceOrder
        OrderCommandHandler--xTest: REJECTED: the order is already placed
    ");
}

#[test]
fn diagram_shows_every_attempt() {
    let flow = lab()
        .mode(Mode::Engine)
        .when_event(instructed("fail"))
        .then(expect::handler_failed::<Brittle>(LabError("smoke")))
        .then(expect::dead_letters().one());

    insta::assert_snapshot!(flow.run().mermaid(), @r#"
    sequenceDiagram
        participant Test
        participant Brittle
        participant Bystander
        participant TallyKeeper
        Test->>Brittle: Instructed
        Brittle--xTest: FAILED: the instruction failed: there was smoke
        Test->>Bystander: Instructed
        Note over Bystander: handled, stored nothing
        Test->>TallyKeeper: Instructed
        Note over TallyKeeper: wrote Tally "inst-1"
        Test->>Brittle: Instructed (attempt 2)
        Brittle--xTest: FAILED: the instruction failed: there was smoke
        Test->>Brittle: Instructed (attempt 3)
        Brittle--xTest: FAILED: the instruction failed: there was smoke
        Test->>Brittle: Instructed (attempt 4)
        Brittle--xTest: FAILED: the instruction failed: there was smoke
        Note over Brittle: retries of Instructed exhausted, dead letter
    "#);
}

#[test]
fn diagram_marks_rolled_back_effects() {
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
fn diagram_shows_pending_messages_as_a_note() {
    let flow = rooms()
        .when(book_room())
        .then(expect::scheduled::<ReleaseRoom>())
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

//! Less urgent messages use a lane of their own.

use ::booking::{PAYMENT_TERM, Room, RoomBooked, RoomReleased};
use flow_domain::{message::Priority, port::Lane};
use flow_harness::expect;

use crate::fixture::{book_room, rooms};

#[test]
fn backfill_uses_its_own_lane() {
    rooms()
        .when(book_room())
        .with_priority(Priority::BACKFILL)
        .then(expect::published_on::<RoomBooked>(Lane::Backfill))
        .then_projection::<Room>("b-1")
        .run();
}

#[test]
fn priority_is_inherited_by_caused_messages() {
    rooms()
        .when(book_room())
        .with_priority(Priority::BACKFILL)
        .when_time_passes(PAYMENT_TERM)
        .then(expect::published_on::<RoomReleased>(Lane::Backfill))
        .run();
}

#[test]
fn priority_at_the_threshold_uses_the_normal_lane() {
    rooms()
        .when(book_room())
        .then(expect::published_on::<RoomBooked>(Lane::Primary))
        .run();
}

#[test]
fn wrong_lane_is_reported() {
    let failure = rooms()
        .when(book_room())
        .then(expect::published_on::<RoomBooked>(Lane::Backfill))
        .try_run()
        .expect_err("the primary lane");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  RoomBooked is published on the backfill lane
    found     RoomBooked was published to the topic `booking`
    ");
}

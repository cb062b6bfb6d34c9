//! What is less urgent has a lane of its own.

use ::booking::{PAYMENT_TERM, Room, RoomBooked, RoomReleased};
use flow_domain::{message::Priority, port::Lane};

use crate::fixture::{book, rooms};

#[test]
fn backfill_goes_to_a_lane_of_its_own_and_is_handled() {
    rooms()
        .when(book())
        .with_priority(Priority::BACKFILL)
        .then_lane::<RoomBooked>(Lane::Backfill)
        .then_projection::<Room>("b-1")
        .run();
}

#[test]
fn the_priority_travels_with_what_a_command_causes() {
    rooms()
        .when(book())
        .with_priority(Priority::BACKFILL)
        .when_time_passes(PAYMENT_TERM)
        .then_lane::<RoomReleased>(Lane::Backfill)
        .run();
}

#[test]
fn what_is_at_the_threshold_is_not_below_it() {
    rooms()
        .when(book())
        .then_lane::<RoomBooked>(Lane::Primary)
        .run();
}

#[test]
fn another_lane_is_told() {
    let failure = rooms()
        .when(book())
        .then_lane::<RoomBooked>(Lane::Backfill)
        .try_run()
        .expect_err("the primary lane");

    insta::assert_snapshot!(failure.mismatch(), @r"
    expected  RoomBooked is published on the backfill lane
    found     RoomBooked was published to booking
    ");
}

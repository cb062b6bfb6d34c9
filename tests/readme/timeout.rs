use booking::{BookRoom, GuestMailer, InMemoryMailer, PAYMENT_TERM, ReleaseRoom, Room, ServerDown, Status};
use flow_harness::prelude::*;

#[test]
fn a_room_that_is_not_paid_in_time_is_free_again() {
    FlowHarness::new(|fakes: &Resources| booking::domain(fakes.get::<InMemoryMailer>()))
        .resource(InMemoryMailer::default).mode(Mode::Engine)
        .when(BookRoom { booking_id: "b-1".into(), guest: "ada".into() })
        .then_scheduled::<ReleaseRoom>()
        .with_fault(Fault::handler::<GuestMailer>().fails(ServerDown).on_attempts(1..=4))
        .when_time_passes(PAYMENT_TERM)
        .then_attempts::<GuestMailer>(5)
        .then_resource(|mails: &InMemoryMailer| mails.guests() == ["ada"])
        .then_projection::<Room>("b-1").has(|room| room.status == Status::Released)
        .run();
}

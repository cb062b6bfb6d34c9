use booking::{BookRoom, GuestMailer, InMemoryMailer, PAYMENT_TERM, ReleaseRoom, Room, ServerDown, Status};
use flow_harness::prelude::*;

#[test]
fn unpaid_room_is_released_and_its_guest_informed() {
    FlowHarness::new(|fakes: &Resources| booking::domain(fakes.get::<InMemoryMailer>()))
        .resource(InMemoryMailer::default).mode(Mode::Engine)
        .when(BookRoom { booking_id: "b-1".into(), guest: "ada".into() })
        .then(expect::scheduled::<ReleaseRoom>())
        .with_fault(Fault::handler::<GuestMailer>().fails(ServerDown).on_attempts(1..=4))
        .when_time_passes(PAYMENT_TERM).then(expect::attempts::<GuestMailer>(5))
        .then(expect::resource(|mailer: &InMemoryMailer| mailer.guests() == ["ada"]))
        .then_projection::<Room>("b-1").has(|room| room.status == Status::Released)
        .run();
}

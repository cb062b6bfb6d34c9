//! Measures a three-day timeout followed by a mail server that is down at first.

use std::sync::atomic::{AtomicU32, Ordering};

use booking::{BookRoom, GuestMailer, Mailer, PAYMENT_TERM, Room, ServerDown, Status};
use flow_harness::prelude::*;

use crate::measure::{fastest_rounds, figure};

/// A mail server that is down for the first four mails.
#[derive(Debug, Default)]
struct FlakyMailer(AtomicU32);

impl Mailer for FlakyMailer {
    fn send(&self, _guest: &str, _text: &str) -> Result<(), ServerDown> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0..4 => Err(ServerDown),
            _ => Ok(()),
        }
    }
}

pub(crate) fn measure(quick: bool) {
    let rounds = if quick { 1 } else { 20 };
    let n_flows = if quick { 2 } else { 500 };
    let rooms = FlowHarness::new(|fakes: &Resources| booking::domain(fakes.get::<FlakyMailer>()))
        .resource(FlakyMailer::default)
        .mode(Mode::Engine);

    let [flow] = fastest_rounds(rounds, n_flows, [&mut || release_unpaid_room(&rooms)]);
    figure("three-days-and-four-retries", flow);
}

fn release_unpaid_room(rooms: &FlowHarness) {
    rooms
        .given_command(BookRoom {
            booking_id: "b-1".into(),
            guest: "ada".into(),
        })
        .when_time_passes(PAYMENT_TERM)
        .then(expect::attempts::<GuestMailer>(5))
        .then_projection::<Room>("b-1")
        .has(|room| room.status == Status::Released)
        .run();
}

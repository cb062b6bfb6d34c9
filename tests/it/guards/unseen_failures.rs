//! Failures of which no handler and no caller learns fail the flow, unless a `then` covers them.

use ::booking::RoomBooked;
use flow_domain::{
    Domain, Error, EventHandler, EventRoutes, UnitOfWork, WiringErrors, handler::Delivery,
};
use flow_harness::{Flow, flow::Acted, prelude::*};
use rstest::rstest;

use crate::fixture::{Counted, LabError, book_room, counted, mismatch, report, rooms};

/// Reports each failure to a pager that has no line.
#[derive(Debug)]
struct Pager;

impl EventHandler for Pager {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_counted);
    }

    async fn handle_error(&self, _: &Error, _: &Delivery) -> Result<(), Error> {
        Err(Error::failed("paging", LabError("no line")))
    }
}

impl Pager {
    async fn on_counted(&self, _: Counted, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

fn paging() -> Result<Domain, WiringErrors> {
    Domain::builder("paging")
        .event_from_outside::<Counted>()
        .event_handler(Pager)
        .build()
}

/// The second attempt succeeds.
fn paged() -> Flow<'static, Acted> {
    FlowHarness::new(paging)
        .mode(Mode::Engine)
        .with_fault(Fault::handler::<Pager>().panics("fire"))
        .when_event(counted(0))
        .then(expect::attempts::<Pager>(2))
}

#[test]
fn failure_of_handle_error_fails() {
    insta::assert_snapshot!(mismatch(paged()), @"
    expected  no problem, or a `then` that covers it
    found     `handle_error` of Pager failed on Counted: paging failed: there was no line
              If the test expects this, add `.then(expect::handler_failed::<Pager>(..))`
    ");
}

#[test]
fn failure_of_handle_error_can_be_covered() {
    paged()
        .then(expect::handler_failed::<Pager>(LabError("no line")))
        .run();
}

/// The engine gives a message up after ten times.
fn refused() -> Flow<'static, Acted> {
    rooms()
        .with_fault(Fault::publish().fails().times(10))
        .when(book_room())
        .then_accepted()
}

#[test]
fn message_that_is_never_published_fails() {
    insta::assert_snapshot!(report(refused()), @r#"
    flow failed at step 2: when BookRoom { booking_id: "b-1", guest: "ada" }      tests/it/guards/unseen_failures.rs:LINE

      expected  no problem, or a `then` that covers it
      found     RoomBooked was never published, so no handler gets it: publishing failed: a scripted fault
                If the test expects this, add `.then(expect::publish_failed::<RoomBooked>())`

    story   1 fault  publishing fails, 10 times
            2 when   BookRoom { booking_id: "b-1", guest: "ada" }  accepted, but a message was not delivered
                     clock +8m 31s to 2026-01-01T00:08:31Z: only waiting attempts were left
            3 then   accepted                                      ok

    chain  BookRoom                            BookingHandler  stored Booking "b-1"
           └ RoomBooked                        booking-b-1 @1

    end    nothing pending · no handlers failed · 1 message not delivered · no dead letters
    "#);
}

#[test]
fn message_that_is_never_published_can_be_covered() {
    refused().then(expect::publish_failed::<RoomBooked>()).run();
}

#[rstest]
fn publish_failed_needs_the_last_try(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = rooms()
        .mode(mode)
        .when(book_room())
        .then(expect::publish_failed::<RoomBooked>());

    let text = mismatch(flow);
    match mode {
        Mode::Sync => insta::assert_snapshot!(text, @"
        expected  RoomBooked is given up
        found     the broker refused no such message until the end
                  `Mode::Sync` publishes nothing: events are handled inline
        "),
        _ => insta::assert_snapshot!(text, @"
        expected  RoomBooked is given up
        found     the broker refused no such message until the end
        "),
    }
}

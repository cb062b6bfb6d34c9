//! Two handlers fail, and the message of one of them becomes a dead letter.

use std::time::Duration;

use flow_domain::{
    Domain, Error, Event, EventHandler, EventRoutes, RetryPolicy, UnitOfWork, WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{diagnosis::diagnosis_text::diagnosis, fixture::LabError};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "notice", id = id)]
struct NoticeSent {
    id: String,
}

/// Tries so slowly that it succeeds after the last attempt of [`Ledger`].
struct SlowMailer;

impl EventHandler for SlowMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_notice_sent);
        on.subscription()
            .retry(RetryPolicy::attempts(5).first_delay(Duration::from_secs(60)));
    }
}

impl SlowMailer {
    async fn on_notice_sent(&self, _: NoticeSent, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

struct Ledger;

impl EventHandler for Ledger {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_notice_sent);
    }
}

impl Ledger {
    async fn on_notice_sent(&self, _: NoticeSent, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(Error::failed("booking the notice", LabError("no ink")))
    }
}

fn notices() -> Result<Domain, WiringErrors> {
    Domain::builder("notices")
        .event_from_outside::<NoticeSent>()
        .event_handler(SlowMailer)
        .event_handler(Ledger)
        .build()
}

fn send_notice() -> Flow<'static, flow_harness::flow::Acted> {
    FlowHarness::new(notices)
        .mode(Mode::Engine)
        .with_fault(
            Fault::handler::<SlowMailer>()
                .fails(LabError("no server"))
                .on_attempts(1..=3),
        )
        .when_event(NoticeSent { id: "a".into() })
}

#[test]
fn dead_letter_is_explained_by_its_handler() {
    let flow = send_notice()
        .then(expect::attempts::<SlowMailer>(4))
        .then(expect::dead_letters().none());

    insta::assert_snapshot!(diagnosis(flow), @"7 Ledger failed on NoticeSent after 4 attempts, and NoticeSent became a dead letter: booking the notice failed: there was no ink");
}

/// The failed attempts do not count: a retry repaired them.
#[test]
fn repaired_failure_is_not_the_cause() {
    let flow = send_notice()
        .then(expect::dead_letters().one())
        .then_handled_by::<SlowMailer>()
        .times(2);

    insta::assert_snapshot!(diagnosis(flow), @"perhaps 20 SlowMailer handled NoticeSent and stored nothing");
}

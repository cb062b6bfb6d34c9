use flow_domain::{
    Command, CommandHandler, CommandRoutes, Domain, Error, EventHandler, EventRoutes, UnitOfWork,
    WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};
use tracing::{debug, error, info, trace, warn};

use crate::instructed::{Instructed, instructed};

/// Logs one line, `times` times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Conversation, id = talk_id)]
pub(crate) struct Say {
    pub(crate) talk_id: String,
    pub(crate) times: usize,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, flow_domain::Aggregate)]
#[aggregate(id = talk_id, commands(Say))]
pub(crate) struct Conversation {
    talk_id: String,
    #[serde(skip)]
    raised: flow_domain::PendingEvents,
}

#[derive(Debug)]
pub(crate) struct Speaker;

impl CommandHandler for Speaker {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::say);
    }
}

impl Speaker {
    async fn say(&self, command: Say, _work: &mut UnitOfWork) -> Result<(), Error> {
        let _span = tracing::info_span!("saying").entered();

        for nth in 1..=command.times {
            info!(nth, "saying");
        }
        Ok(())
    }
}

/// Issues a [`Say`] for every instruction.
#[derive(Debug)]
pub(crate) struct Talker;

impl EventHandler for Talker {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_instructed).issues::<Say>();
    }
}

impl Talker {
    async fn on_instructed(&self, event: Instructed, work: &mut UnitOfWork) -> Result<(), Error> {
        info!(what = event.what, "before");
        // A multi-threaded runtime may continue on another thread.
        tokio::task::yield_now().await;

        let times = if event.what == "a lot" { 8 } else { 1 };
        let talk_id = event.instruction_id;
        work.process(Say { talk_id, times }).await?;
        debug!("after");
        trace!("too little to be kept");

        match event.what.as_str() {
            "fail" => {
                error!(code = 7, "it broke");
                Err(Error::failed("talking", std::io::Error::other("no breath")))
            }
            _ => Ok(()),
        }
    }
}

/// Handles the same event, and logs a warning.
#[derive(Debug)]
pub(crate) struct Listener;

impl EventHandler for Listener {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_instructed);
    }
}

impl Listener {
    async fn on_instructed(&self, _: Instructed, _work: &mut UnitOfWork) -> Result<(), Error> {
        warn!("heard");
        Ok(())
    }
}

fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("talk")
        .aggregate::<Conversation>()
        .event_from_outside::<Instructed>()
        .command_handler(Speaker)
        .event_handler(Talker)
        .event_handler(Listener)
        .build()
}

pub(crate) fn talk(mode: Mode) -> FlowHarness {
    FlowHarness::new(domain).mode(mode)
}

/// Returns the chain of a flow that publishes `what`.
pub(crate) fn chain_of(mode: Mode, what: &str) -> String {
    let flow = talk(mode).when_event(instructed(what)).then_no_events();

    match flow.try_run() {
        Ok(outcome) => outcome.chain(),
        Err(failure) => failure.outcome().unwrap().chain(),
    }
}

//! Personal data is encrypted where it is stored, and readable where it is needed.

use std::sync::{Arc, Mutex};

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, Personal, Projection, Projector, ProjectorRoutes, Rows,
    SnapshotPolicy, UnitOfWork, WiringErrors,
};
use flow_harness::prelude::*;
use rstest::rstest;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Subscribe), events(Subscribed))]
struct Reader {
    id: String,
    email: Option<Personal<String>>,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Reader, id = id)]
struct Subscribe {
    id: String,
    email: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Reader, id = id)]
struct Subscribed {
    id: String,
    email: Personal<String>,
}

impl Apply<Subscribed> for Reader {
    fn apply(&mut self, event: &Subscribed) {
        self.id.clone_from(&event.id);
        self.email = Some(event.email.clone());
    }
}

struct Desk;

impl CommandHandler for Desk {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::subscribe);
    }
}

impl Desk {
    async fn subscribe(&self, command: Subscribe, work: &mut UnitOfWork) -> Result<(), Error> {
        let Subscribe { id, email } = command;
        let email = work.protect(&id, &email).await?;

        let mut reader = Reader::default();
        reader.raise(Subscribed { id, email });
        work.add(reader)
    }
}

/// The addresses to which a letter was sent.
#[derive(Debug, Default)]
struct Letters(Mutex<Vec<String>>);

struct Sender(Arc<Letters>);

impl EventHandler for Sender {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_subscribed);
    }
}

impl Sender {
    async fn on_subscribed(&self, event: Subscribed, work: &mut UnitOfWork) -> Result<(), Error> {
        // Nobody writes to a person that was erased.
        if let Some(email) = work.reveal(&event.email).await? {
            self.0.0.lock().expect("nobody panics here").push(email);
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Entry {
    id: String,
    email: Personal<String>,
}

struct EntryProjector;

impl Projector for EntryProjector {
    type Projection = Entry;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_subscribed);
    }
}

impl EntryProjector {
    async fn on_subscribed(
        &self,
        event: Subscribed,
        rows: &mut Rows<'_, Entry>,
    ) -> Result<(), Error> {
        let Subscribed { id, email } = event;
        rows.put(Entry { id, email }).await
    }
}

fn domain(letters: Arc<Letters>) -> Result<Domain, WiringErrors> {
    Domain::builder("paper")
        .aggregate_with_snapshots::<Reader>(SnapshotPolicy::every(1))
        .projection::<Entry>()
        .command_handler(Desk)
        .event_handler(Sender(letters))
        .projector(EntryProjector)
        .build()
}

#[rstest]
fn personal_data_reaches_who_needs_it(
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    FlowHarness::new(|fakes: &Resources| domain(fakes.get::<Letters>()))
        .resource(Letters::default)
        .mode(mode)
        .when(Subscribe {
            id: "r-1".into(),
            email: "ada@example.org".into(),
        })
        .then_projection::<Entry>("r-1")
        .has(|entry| entry.email.subject() == "r-1")
        .then(expect::resource(|letters: &Letters| {
            *letters.0.lock().expect("nobody panics here") == ["ada@example.org"]
        }))
        .run();
}

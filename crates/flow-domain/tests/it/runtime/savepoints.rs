//! A nested command that fails leaves no trace of its changes, whatever it changed.

use std::{error, fmt, sync::Mutex};

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Rejection, UnitOfWork, message::MessageId, record::EntryKind,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Outer, Change, ChangeAgain, Later))]
struct Note {
    id: String,
    text: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, events(Counted))]
struct Tally {
    id: String,
    n: usize,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(part_of = Tally, id = id)]
struct Counted {
    id: String,
}

impl Apply<Counted> for Tally {
    fn apply(&mut self, event: &Counted) {
        self.id.clone_from(&event.id);
        self.n += 1;
    }
}

/// Replies with what it finds after [`Change`].
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Note, id = id, reply = String)]
struct Outer {
    id: String,
    /// Whether [`Change`] is rejected in the end.
    is_rejected: bool,
}

/// Changes what is old, adds what is new, and processes [`ChangeAgain`].
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Note, id = id)]
struct Change {
    id: String,
    is_rejected: bool,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Note, id = id)]
struct ChangeAgain {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Note, id = id)]
struct Later {
    id: String,
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl error::Error for Refused {}

impl Rejection for Refused {}

/// Has the id of the command that was submitted first.
#[derive(Default)]
struct Handler(Mutex<Option<MessageId>>);

impl CommandHandler for Handler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::outer);
        on.command(Self::change);
        on.command(Self::change_again);
        on.command(Self::later);
    }
}

impl Handler {
    async fn outer(&self, command: Outer, work: &mut UnitOfWork) -> Result<String, Error> {
        write(work, "old", "outer").await?;
        count(work, "old").await?;
        work.submit(later("before"))?;
        let submitted = work.submit(later("outer"))?;
        *self.0.lock().unwrap() = Some(submitted);

        let (id, is_rejected) = (command.id, command.is_rejected);
        let result = work.process(Change { id, is_rejected }).await;
        assert_eq!(result.is_err(), is_rejected);

        let mut found = Vec::new();
        for id in ["old", "new", "missing"] {
            let note: Option<Note> = work.find(id).await?;
            let tally: Option<Tally> = work.find(id).await?;
            found.push(format!(
                "{id}: {} {}",
                note.map_or("none".to_owned(), |note| note.text),
                tally.map_or(0, |tally| tally.n)
            ));
        }
        // The copies in the session must be writable.
        write(work, "old", "end").await?;
        count(work, "old").await?;
        write(work, "new", "end").await?;

        Ok(found.join(", "))
    }

    async fn change(&self, command: Change, work: &mut UnitOfWork) -> Result<(), Error> {
        for id in ["old", "new"] {
            write(work, id, "change").await?;
            count(work, id).await?;
        }
        work.find::<Note>("missing").await?;
        work.submit(later("change"))?;
        let submitted = self.0.lock().unwrap().take();
        work.cancel(submitted.expect("the outer command has submitted it"));
        work.process(ChangeAgain { id: command.id }).await?;

        if command.is_rejected {
            return Err(Refused.into());
        }
        Ok(())
    }

    async fn change_again(&self, _: ChangeAgain, work: &mut UnitOfWork) -> Result<(), Error> {
        for id in ["old", "new"] {
            write(work, id, "again").await?;
            count(work, id).await?;
        }
        work.submit(later("again"))?;
        Ok(())
    }

    async fn later(&self, _: Later, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

fn later(id: &str) -> Later {
    Later { id: id.into() }
}

async fn write(work: &mut UnitOfWork, id: &str, text: &str) -> Result<(), Error> {
    let mut note: Note = work.find(id).await?.unwrap_or_default();
    note.id = id.into();
    note.text = text.into();
    work.add(note)
}

async fn count(work: &mut UnitOfWork, id: &str) -> Result<(), Error> {
    let mut tally: Tally = work.find(id).await?.unwrap_or_default();
    tally.raise(Counted { id: id.into() });
    work.add(tally)
}

/// Runs [`Outer`], and returns its reply, the commands that it sent, and all outcomes.
async fn run(is_rejected: bool) -> (String, Vec<String>, String) {
    let domain = Domain::builder("notes")
        .aggregate::<Note>()
        .aggregate::<Tally>()
        .command_handler(Handler::default());
    let world = World::new(domain);
    let id = "old".into();
    let reply = world.app.process(Outer { id, is_rejected }).await.unwrap();

    let tally = world.app.load::<Tally>("old").await.unwrap();
    assert_eq!(tally.unwrap().n, if is_rejected { 2 } else { 4 });

    let record = world.record();
    let sent = record
        .entries()
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::CommandReceived(command) => {
                let (name, stream) = (&command.metadata.message_type, &command.metadata.stream);
                (name.name() == "Later").then(|| stream.id().to_owned())
            }
            _ => None,
        });
    let sent = sent.collect();
    (reply, sent, world.handler_outcomes())
}

#[tokio::test]
async fn nested_command_that_succeeds_keeps_all_changes() {
    let (reply, sent, _) = run(false).await;

    assert_eq!(reply, "old: again 3, new: again 2, missing: none 0");
    assert_eq!(sent, ["before", "change", "again"]);
}

#[tokio::test]
async fn nested_command_that_fails_undoes_all_changes() {
    let (reply, sent, outcomes) = run(true).await;

    assert_eq!(reply, "old: outer 1, new: none 0, missing: none 0");
    assert_eq!(sent, ["before", "outer"]);
    insta::assert_snapshot!(outcomes, @r#"
    handled
    rejected: refused; rolled back Counted in tally-old, Counted in tally-new, Counted in tally-old, Counted in tally-new, Note "old", Note "new", Later, Later
    handled
    "#);
}

//! Copies of one aggregate within one unit of work: which one is written.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Rejection, UnitOfWork,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Attempt), events(Edited))]
struct Note {
    id: String,
    title: String,
    text: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, events(Filled, Spent))]
struct Purse {
    id: String,
    cents: u64,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Note, id = id)]
struct Edited {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Purse, id = id)]
struct Filled {
    id: String,
    cents: u64,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Purse, id = id)]
struct Spent {
    id: String,
    cents: u64,
}

impl Apply<Filled> for Purse {
    fn apply(&mut self, event: &Filled) {
        self.id.clone_from(&event.id);
        self.cents += event.cents;
    }
}

impl Apply<Spent> for Purse {
    fn apply(&mut self, event: &Spent) {
        self.cents = self.cents.saturating_sub(event.cents);
    }
}

/// The operation on the note `n` and the purse `p`.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Note, reply = String)]
enum Attempt {
    Write,
    WriteAndRefuse,
    EditTwoCopies,
    SpendFromTwoCopies,
    AddClone,
    ChangeId,
    FindNoteAfterRefusal,
    FindPurseAfterRefusal,
}

#[derive(Debug, thiserror::Error)]
#[error("enough was written")]
struct WriteRejected;

impl Rejection for WriteRejected {}

struct Handler;

impl CommandHandler for Handler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::attempt);
    }
}

impl Handler {
    async fn attempt(&self, command: Attempt, work: &mut UnitOfWork) -> Result<String, Error> {
        match command {
            Attempt::Write => {
                work.add(note("stored"))?;
                work.add(purse(100))?;
            }
            Attempt::WriteAndRefuse => {
                work.add(note("refused"))?;
                work.add(purse(1))?;
                Err(WriteRejected)?;
            }
            Attempt::EditTwoCopies => {
                let mut first: Note = work.load("n").await?;
                let mut second: Note = work.load("n").await?;

                first.title.push('!');
                second.text.push('!');

                work.add(first)?;
                work.add(second)?;
            }
            Attempt::SpendFromTwoCopies => {
                let mut first: Purse = work.load("p").await?;
                let mut second: Purse = work.load("p").await?;

                first.raise(money_spent(100));
                second.raise(money_spent(100));

                work.add(first)?;
                work.add(second)?;
            }
            Attempt::AddClone => {
                let mut note: Note = work.load("n").await?;
                note.raise(Edited { id: "n".into() });

                work.add(note.clone())?;
            }
            Attempt::ChangeId => {
                let mut note: Note = work.load("n").await?;
                note.id = "m".into();

                work.add(note)?;
            }
            Attempt::FindNoteAfterRefusal => {
                run_rejected_command(work).await;

                let note: Note = work.load("n").await?;
                return Ok(note.title);
            }
            Attempt::FindPurseAfterRefusal => {
                run_rejected_command(work).await;

                let purse: Purse = work.load("p").await?;
                return Ok(purse.cents.to_string());
            }
        }

        Ok(String::new())
    }
}

/// Processes a nested command that adds a new note and a new purse, and is rejected.
async fn run_rejected_command(work: &mut UnitOfWork) {
    let err = work.process(Attempt::WriteAndRefuse).await;
    assert!(err.unwrap_err().is_rejection());
}

fn note(title: &str) -> Note {
    Note {
        id: "n".into(),
        title: title.into(),
        text: String::new(),
        raised: PendingEvents::default(),
    }
}

fn purse(cents: u64) -> Purse {
    let mut purse = Purse::default();

    purse.raise(Filled {
        id: "p".into(),
        cents,
    });

    purse
}

fn money_spent(cents: u64) -> Spent {
    Spent {
        id: "p".into(),
        cents,
    }
}

/// Returns a world with a note and a purse of 100 cents.
async fn desk() -> World {
    let domain = Domain::builder("desk")
        .aggregate::<Note>()
        .aggregate::<Purse>()
        .command_handler(Handler);
    let world = World::new(domain);

    world.app.process(Attempt::Write).await.unwrap();

    world
}

#[tokio::test]
async fn stale_second_copy_does_not_overwrite_the_first() {
    let world = desk().await;

    let err = world.app.process(Attempt::EditTwoCopies).await.unwrap_err();

    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"Handler could not write aggregate Note `n`: expected the copy that was loaded last, found an older copy: this handler, or a command that it processed, has written the aggregate since; load it again");
    let stored = world.app.load::<Note>("n").await.unwrap();
    assert_eq!(stored, Some(note("stored")));
}

#[tokio::test]
async fn stale_event_sourced_copy_cannot_spend_twice() {
    let world = desk().await;

    let err = world.app.process(Attempt::SpendFromTwoCopies).await;

    let err = err.unwrap_err();
    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"Handler could not write stream `purse-p`: expected the copy that was loaded last, found an older copy: this handler, or a command that it processed, has written the aggregate since; load it again");
    assert_eq!(world.stored_event_names().await, ["Filled in purse-p"]);
}

#[tokio::test]
async fn clone_has_the_pending_events() {
    let world = desk().await;

    world.app.process(Attempt::AddClone).await.unwrap();

    assert_eq!(
        world.stored_event_names().await,
        ["Filled in purse-p", "Edited in note-n"]
    );
}

#[tokio::test]
async fn aggregate_id_cannot_change() {
    let world = desk().await;

    let err = world.app.process(Attempt::ChangeId).await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"Note `m` was loaded as `n`: an aggregate cannot change its id");
    assert_eq!(world.app.load::<Note>("m").await.unwrap(), None);
}

#[tokio::test]
async fn rejected_nested_add_does_not_hide_stored_state() {
    let world = desk().await;

    let title = world.app.process(Attempt::FindNoteAfterRefusal).await;

    assert_eq!(title.unwrap(), "stored");
}

#[tokio::test]
async fn rejected_nested_event_does_not_hide_the_stored_stream() {
    let world = desk().await;

    let cents = world.app.process(Attempt::FindPurseAfterRefusal).await;

    assert_eq!(cents.unwrap(), "100");
}

//! Stale copies: after a nested change, and after a decision that changes no state.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    UnitOfWork,
};
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Open, Rename, RenameTwice, Read, RenameAfterRead, LookAtStaleCopy), events(Renamed, Looked))]
struct Folder {
    id: String,
    name: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Count, CountTwice), events(Counted))]
struct Counter {
    id: String,
    n: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Apply<Counted> for Counter {
    fn apply(&mut self, event: &Counted) {
        self.id.clone_from(&event.id);
        self.n += 1;
    }
}

macro_rules! messages {
    ($derive:ident $attribute:ident $of:ident: $($name:ident)*) => {$(
        #[derive(Debug, Serialize, Deserialize, $derive)]
        #[$attribute(part_of = $of, id = id)]
        struct $name {
            id: String,
        }
    )*};
}

messages!(Event event Folder: Renamed Looked);
messages!(Event event Counter: Counted);
messages!(Command command Folder: Open Rename Read RenameAfterRead LookAtStaleCopy);
messages!(Command command Counter: Count);

/// Loads, changes the same aggregate in a nested command, and writes the loaded copy.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Folder, id = id)]
struct RenameTwice {
    id: String,
    reloads: bool,
}

/// The same for an event-sourced aggregate.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Counter, id = id)]
struct CountTwice {
    id: String,
    reloads: bool,
}

struct Handler;

impl CommandHandler for Handler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::open);
        on.command(Self::rename);
        on.command(Self::rename_twice);
        on.command(Self::read);
        on.command(Self::rename_after_read);
        on.command(Self::look_at_stale_copy);
        on.command(Self::count);
        on.command(Self::count_twice);
    }
}

impl Handler {
    /// Raises an event without a state change, and yields to other commands.
    async fn open(&self, command: Open, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut folder = match work.find::<Folder>(&command.id).await? {
            Some(folder) => folder,
            None => new_folder(&command.id),
        };

        tokio::task::yield_now().await;

        folder.raise(Looked { id: command.id });
        work.add(folder)
    }

    async fn rename(&self, command: Rename, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut folder = work.load::<Folder>(&command.id).await?;

        folder.name.push('!');
        folder.raise(Renamed { id: command.id });

        work.add(folder)
    }

    async fn rename_twice(&self, command: RenameTwice, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut folder = work.load::<Folder>(&command.id).await?;
        let id = command.id.clone();

        work.process(Rename { id }).await?;
        if command.reloads {
            folder = work.load(&command.id).await?;
        }

        folder.name.push('?');
        work.add(folder)
    }

    async fn read(&self, command: Read, work: &mut UnitOfWork) -> Result<(), Error> {
        work.load::<Folder>(&command.id).await.map(drop)
    }

    /// Writes a stale copy after another handler loaded the newest one.
    async fn rename_after_read(
        &self,
        command: RenameAfterRead,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut folder = work.load::<Folder>(&command.id).await?;
        let id = command.id.clone();

        work.process(Rename { id }).await?;
        work.process(Read { id: command.id }).await?;

        folder.name.push('?');
        work.add(folder)
    }

    /// Raises an event on a stale copy, and ignores the error.
    async fn look_at_stale_copy(
        &self,
        command: LookAtStaleCopy,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut folder = work.load::<Folder>(&command.id).await?;
        let id = command.id.clone();

        work.process(Rename { id }).await?;

        folder.raise(Looked { id: command.id });
        assert!(work.add(folder).unwrap_err().is_conflict());

        Ok(())
    }

    async fn count(&self, command: Count, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut counter = work.find::<Counter>(&command.id).await?.unwrap_or_default();

        counter.raise(Counted { id: command.id });

        work.add(counter)
    }

    async fn count_twice(&self, command: CountTwice, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut counter = work.load::<Counter>(&command.id).await?;
        let id = command.id.clone();

        work.process(Count { id }).await?;
        if command.reloads {
            counter = work.load(&command.id).await?;
        }

        counter.raise(Counted { id: command.id });
        work.add(counter)
    }
}

fn new_folder(id: &str) -> Folder {
    Folder {
        id: id.to_owned(),
        name: "draft".to_owned(),
        raised: PendingEvents::default(),
    }
}

async fn office() -> World {
    let domain = Domain::builder("office")
        // The first conflict is returned, so that the tests see it.
        .subscriptions(|on| {
            on.conflict_tries(1);
        })
        .aggregate::<Folder>()
        .aggregate::<Counter>()
        .command_handler(Handler);
    let world = World::new(domain);

    world.app.process(Open { id: "f".into() }).await.unwrap();
    world.app.process(Count { id: "c".into() }).await.unwrap();

    world
}

#[tokio::test]
async fn stale_copy_does_not_overwrite_a_nested_change() {
    let world = office().await;
    let (id, reloads) = ("f".into(), false);

    let err = world
        .app
        .process(RenameTwice { id, reloads })
        .await
        .unwrap_err();

    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"Handler could not write aggregate Folder `f`: expected the copy that was loaded last, found an older copy: this handler, or a command that it processed, has written the aggregate since; load it again");
}

#[tokio::test]
async fn copy_loaded_after_a_nested_command_has_its_change() {
    let world = office().await;
    let (id, reloads) = ("f".into(), true);

    world
        .app
        .process(RenameTwice { id, reloads })
        .await
        .unwrap();

    let folder = world.app.load::<Folder>("f").await.unwrap().unwrap();
    assert_eq!(folder.name, "draft!?");
}

#[tokio::test]
async fn stale_copy_stays_stale_after_another_load() {
    let world = office().await;
    let id = "f".into();

    let err = world.app.process(RenameAfterRead { id }).await.unwrap_err();

    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"Handler could not write aggregate Folder `f`: expected the copy that was loaded last, found an older copy: this handler, or a command that it processed, has written the aggregate since; load it again");
    let folder = world.app.load::<Folder>("f").await.unwrap().unwrap();
    assert_eq!(folder.name, "draft");
}

#[tokio::test]
async fn refused_stale_copy_leaves_no_event() {
    let world = office().await;
    let id = "f".into();

    world.app.process(LookAtStaleCopy { id }).await.unwrap();

    assert_eq!(
        world.stored_event_names().await,
        [
            "Looked in folder-f",
            "Counted in counter-c",
            "Renamed in folder-f"
        ]
    );
}

#[tokio::test]
async fn stale_event_sourced_copy_cannot_raise_events() {
    let world = office().await;
    let (id, reloads) = ("c".into(), false);

    let err = world
        .app
        .process(CountTwice { id, reloads })
        .await
        .unwrap_err();

    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"Handler could not write stream `counter-c`: expected the copy that was loaded last, found an older copy: this handler, or a command that it processed, has written the aggregate since; load it again");
}

#[tokio::test]
async fn event_sourced_copy_loaded_after_a_nested_command_can_raise() {
    let world = office().await;
    let (id, reloads) = ("c".into(), true);

    world.app.process(CountTwice { id, reloads }).await.unwrap();

    assert_eq!(world.app.load::<Counter>("c").await.unwrap().unwrap().n, 3);
}

#[tokio::test]
async fn concurrent_decisions_without_changes_conflict() {
    let world = office().await;

    let (first, second) = tokio::join!(
        world.app.process(Open { id: "f".into() }),
        world.app.process(Open { id: "f".into() }),
    );

    let errors: Vec<Error> = [first, second]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].is_conflict());
}

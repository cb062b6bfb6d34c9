//! Events that are raised without their aggregate, while another writer appends to the stream.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    UnitOfWork,
};
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = door_id, event_sourced, commands(Knock), events(Knocked))]
struct Door {
    door_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Door, id = door_id)]
struct Knock {
    door_id: String,
    looks_first: bool,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Door, id = door_id)]
struct Knocked {
    door_id: String,
}

impl Apply<Knocked> for Door {
    fn apply(&mut self, event: &Knocked) {
        self.door_id.clone_from(&event.door_id);
    }
}

struct Visitor;

impl CommandHandler for Visitor {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::knock);
    }
}

impl Visitor {
    /// Raises an event, and yields to other commands.
    async fn knock(&self, command: Knock, work: &mut UnitOfWork) -> Result<(), Error> {
        let Knock {
            door_id,
            looks_first,
        } = command;
        if looks_first {
            work.find::<Door>(&door_id).await?;
        }

        work.raise(Knocked { door_id })?;
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// Two visitors knock at the same time, and the second commits first.
///
/// Returns whether the first succeeds.
async fn knocks_after_another(looks_first: bool, other_looks_first: bool) -> bool {
    let world = World::new(
        Domain::builder("house")
            .aggregate::<Door>()
            .command_handler(Visitor),
    );
    let knock = |looks_first| Knock {
        door_id: "d".into(),
        looks_first,
    };

    let (first, second) = tokio::join!(
        world.app.process(knock(looks_first)),
        world.app.process(knock(other_looks_first)),
    );
    second.unwrap();
    assert!(first.as_ref().is_ok() || first.as_ref().is_err_and(Error::is_conflict));
    first.is_ok()
}

#[tokio::test]
async fn raised_event_accepts_any_version() {
    assert!(knocks_after_another(false, false).await);
    assert!(knocks_after_another(false, true).await);
}

#[tokio::test]
async fn raised_event_of_a_loaded_aggregate_can_conflict() {
    assert!(!knocks_after_another(true, false).await);
    assert!(!knocks_after_another(true, true).await);
}

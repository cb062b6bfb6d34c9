//! A nested command whose future is dropped early.

use std::future;

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    UnitOfWork,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Plan, Finish, FinishInTime), events(Finished))]
struct Task {
    id: String,
    is_finished: bool,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Task, id = id)]
struct Finished {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Task, id = id)]
struct Plan {
    id: String,
}

/// Writes, and never ends.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Task, id = id)]
struct Finish {
    id: String,
}

/// Processes [`Finish`], drops it immediately, and replies with the current handler.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Task, id = id, reply = String)]
struct FinishInTime {
    id: String,
}

struct Handler;

impl CommandHandler for Handler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::plan);
        on.command(Self::finish);
        on.command(Self::finish_in_time);
    }
}

impl Handler {
    async fn plan(&self, command: Plan, work: &mut UnitOfWork) -> Result<(), Error> {
        work.add(planned_task(command.id))
    }

    async fn finish(&self, command: Finish, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut task: Task = work.load(&command.id).await?;
        task.is_finished = true;
        task.raise(Finished { id: command.id });
        work.add(task)?;

        future::pending().await
    }

    async fn finish_in_time(
        &self,
        command: FinishInTime,
        work: &mut UnitOfWork,
    ) -> Result<String, Error> {
        tokio::select! {
            biased;
            result = work.process(Finish { id: command.id }) => result?,
            () = future::ready(()) => {}
        }

        Ok(work.metadata().message_type.name().to_owned())
    }
}

fn planned_task(id: impl Into<String>) -> Task {
    Task {
        id: id.into(),
        is_finished: false,
        raised: PendingEvents::default(),
    }
}

async fn office() -> World {
    let domain = Domain::builder("office")
        .aggregate::<Task>()
        .command_handler(Handler);
    let world = World::new(domain);

    world.app.process(Plan { id: "t".into() }).await.unwrap();

    world
}

#[tokio::test]
async fn cancelled_nested_command_restores_the_outer_context() {
    let world = office().await;
    let id = "t".into();

    let reply = world.app.process(FinishInTime { id }).await;

    assert_eq!(reply.unwrap(), "FinishInTime");
}

#[tokio::test]
async fn cancelled_nested_command_commits_nothing() {
    let world = office().await;
    let id = "t".into();

    world.app.process(FinishInTime { id }).await.unwrap();

    let task = world.app.load::<Task>("t").await.unwrap();
    assert_eq!(task, Some(planned_task("t")));
    assert_eq!(world.stored_event_names().await, [""; 0]);
    insta::assert_snapshot!(world.handler_outcomes(), @r#"
    handled
    failed: the call was dropped before the handler finished; rolled back Finished in task-t, Task "t"
    handled
    "#);
}

//! A domain whose handlers violate an invariant on request: shelves with jars.

use std::sync::atomic::{AtomicU32, Ordering};

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rows, UnitOfWork, WarningSelector, WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize, Serializer};

/// A shelf with jars. Event-sourced.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(PutJar), events(JarPut))]
pub(crate) struct Shelf {
    pub(crate) id: String,
    pub(crate) n_jars: u32,
    /// Set without an event, so no `apply` restores it.
    pub(crate) is_dusty: bool,
    /// Set without an event, and not serialized.
    #[serde(skip)]
    smell: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// `what` says what goes wrong: `forget the event`, `count beside`, `smell` or `secret`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Shelf, id = shelf_id)]
pub(crate) struct PutJar {
    pub(crate) shelf_id: String,
    pub(crate) what: String,
    /// Lost by serialization.
    #[serde(skip)]
    pub(crate) whisper: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Shelf, id = shelf_id)]
pub(crate) struct JarPut {
    pub(crate) shelf_id: String,
    pub(crate) what: String,
    /// Lost by serialization.
    #[serde(skip)]
    pub(crate) secret: String,
}

impl Apply<JarPut> for Shelf {
    fn apply(&mut self, event: &JarPut) {
        self.id.clone_from(&event.shelf_id);
        self.n_jars += 1;
    }
}

impl Shelf {
    pub(crate) fn put(shelf_id: &str, what: &str, secret: &str) -> Self {
        let mut shelf = Self::default();
        shelf.raise(JarPut {
            shelf_id: shelf_id.into(),
            what: what.into(),
            secret: secret.into(),
        });
        shelf
    }
}

/// A label on a jar. Stored as state.
#[derive(Debug, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(WriteLabel), events(LabelWritten))]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) text: String,
    #[serde(skip)]
    pub(crate) colour: String,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Label {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            text: String::new(),
            colour: String::new(),
            raised: PendingEvents::default(),
        }
    }
}

/// `mistake` says what goes wrong: `in colour`, `in silence`, `in large`, `by another hand`, or
/// nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Label, id = label_id)]
pub(crate) struct WriteLabel {
    pub(crate) label_id: String,
    pub(crate) mistake: String,
}

/// Has no `PartialEq`, so it is compared by its JSON.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(part_of = Label, id = label_id)]
pub(crate) struct LabelWritten {
    pub(crate) label_id: String,
    #[serde(serialize_with = "doubled")]
    pub(crate) size: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn doubled<S: Serializer>(size: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u32(size * 2)
}

#[derive(Debug)]
pub(crate) struct Keeper;

impl CommandHandler for Keeper {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::put_jar);
        on.command(Self::write);
    }
}

impl Keeper {
    async fn put_jar(&self, command: PutJar, work: &mut UnitOfWork) -> Result<(), Error> {
        let PutJar { shelf_id, what, .. } = command;
        let shelf = work.find::<Shelf>(&shelf_id).await?;
        let mut shelf = shelf.unwrap_or_else(|| Shelf {
            id: shelf_id.clone(),
            ..Shelf::default()
        });

        let secret = if what == "secret" { "honey" } else { "" };
        match what.as_str() {
            "forget the event" => shelf.n_jars += 1,
            _ => shelf.raise(JarPut {
                shelf_id,
                secret: secret.into(),
                what: what.clone(),
            }),
        }
        shelf.is_dusty |= what == "count beside";
        if what == "smell" {
            shelf.smell.push_str("plums");
        }

        work.add(shelf)
    }

    async fn write(&self, command: WriteLabel, work: &mut UnitOfWork) -> Result<(), Error> {
        let WriteLabel { label_id, mistake } = command;

        if mistake == "by another hand" {
            work.process(write("in silence")).await?;
            return work.raise(LabelWritten { label_id, size: 0 });
        }

        let label = work.find::<Label>(&label_id).await?;
        let mut label = label.unwrap_or_else(|| Label::new(&label_id));
        label.text.push_str("plum");

        match mistake.as_str() {
            "in silence" => {}
            "in colour" => {
                label.colour = "red".into();
                label.raise(LabelWritten { label_id, size: 0 });
            }
            "in large" => label.raise(LabelWritten { label_id, size: 7 }),
            _ => label.raise(LabelWritten { label_id, size: 0 }),
        }

        work.add(label)
    }
}

/// One row for each shelf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = shelf_id)]
pub(crate) struct Stock {
    pub(crate) shelf_id: String,
    pub(crate) n_jars: u32,
    pub(crate) last: String,
}

/// Violates an invariant if the event says so: `remember`, `once only`, `first only`, `then only`,
/// `break`.
#[derive(Debug, Default)]
pub(crate) struct StockKeeper {
    n_calls: AtomicU32,
}

impl Projector for StockKeeper {
    type Projection = Stock;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_jar_put);
    }
}

impl StockKeeper {
    async fn on_jar_put(&self, event: JarPut, rows: &mut Rows<'_, Stock>) -> Result<(), Error> {
        let n_calls = self.n_calls.fetch_add(1, Ordering::Relaxed) + 1;
        let JarPut { shelf_id, what, .. } = event;

        let last = match what.as_str() {
            "remember" => format!("call {n_calls}"),
            "break" => panic!("the jar broke"),
            "once only" if 1 < n_calls => panic!("it was asked twice"),
            "first only" if 1 < n_calls => return Ok(()),
            "then only" if n_calls == 1 => return Ok(()),
            _ => what,
        };

        let empty = || Stock {
            shelf_id: shelf_id.clone(),
            n_jars: 0,
            last: String::new(),
        };

        rows.change_or_insert(&shelf_id, empty, |row| {
            row.n_jars += 1;
            row.last = last;
        })
        .await
    }
}

fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("pantry")
        .aggregate::<Shelf>()
        .aggregate::<Label>()
        .projection::<Stock>()
        .command_handler(Keeper)
        .projector(StockKeeper::default())
        .acknowledge(
            WarningSelector::unhandled_event::<LabelWritten>(),
            "tests read it",
        )
        .build()
}

/// Returns a harness that always runs inline, because its reports are in snapshots.
pub(crate) fn pantry() -> FlowHarness {
    FlowHarness::new(domain).mode(Mode::Sync)
}

pub(crate) fn put(what: &str) -> PutJar {
    PutJar {
        shelf_id: "top".into(),
        what: what.into(),
        whisper: String::new(),
    }
}

pub(crate) fn write(mistake: &str) -> WriteLabel {
    WriteLabel {
        label_id: "l-1".into(),
        mistake: mistake.into(),
    }
}

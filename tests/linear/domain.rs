use std::{error, fmt};

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, Projection, Projector, ProjectorRoutes, Rejection, RetryPolicy,
    Rows, UnitOfWork, WiringErrors,
};
use serde::{Deserialize, Serialize};

/// Asks [`Worker`] to do something `n` times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "order", id = id)]
pub(crate) struct Ordered {
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) n: usize,
}

pub(crate) fn ordered(what: &str, n: usize) -> Ordered {
    Ordered {
        id: "order-1".into(),
        what: what.into(),
        n,
    }
}

/// Each is raised by [`Worker`], or by a chain of [`Chainer`] calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "piece", id = id)]
pub(crate) struct Piece {
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) left: usize,
}

pub(crate) fn piece(what: &str, left: usize) -> Piece {
    Piece {
        id: "piece-1".into(),
        what: what.into(),
        left,
    }
}

/// An aggregate that is folded from its events.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Fill), events(Filled))]
pub(crate) struct Jar {
    pub(crate) id: String,
    pub(crate) n_filled: usize,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Jar, id = id)]
pub(crate) struct Filled {
    pub(crate) id: String,
    pub(crate) amount: usize,
}

impl Apply<Filled> for Jar {
    fn apply(&mut self, event: &Filled) {
        self.id.clone_from(&event.id);
        self.n_filled += event.amount;
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Jar, id = id)]
pub(crate) struct Fill {
    pub(crate) id: String,
    pub(crate) times: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the jar is full")
    }
}

impl error::Error for Full {}

impl Rejection for Full {}

#[derive(Debug)]
pub(crate) struct JarHandler;

impl CommandHandler for JarHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::fill).raises::<Filled>();
    }
}

impl JarHandler {
    async fn fill(&self, command: Fill, work: &mut UnitOfWork) -> Result<(), Error> {
        if command.times == 0 {
            return Err(Full.into());
        }

        let mut jar = Jar::default();
        for _ in 0..command.times {
            jar.raise(Filled {
                id: command.id.clone(),
                amount: 1,
            });
        }
        work.add(jar)
    }
}

/// An aggregate that changes without events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id)]
pub(crate) struct Shelf {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) left: usize,
}

/// Does what an order says.
#[derive(Debug)]
pub(crate) struct Worker;

impl EventHandler for Worker {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ordered);
    }
}

impl Worker {
    async fn on_ordered(&self, order: Ordered, work: &mut UnitOfWork) -> Result<(), Error> {
        for nth in 0..order.n {
            let id = format!("{nth}");
            match order.what.as_str() {
                "find here" => assert!(work.find::<Shelf>(&id).await?.is_none()),
                "process" => work.process(Fill { id, times: 1 }).await?,
                "submit" => {
                    work.submit(Fill { id, times: 0 })?;
                }
                what => work.raise(Piece {
                    id,
                    what: what.to_owned(),
                    left: 0,
                })?,
            }
        }

        Ok(())
    }
}

/// Does what a piece says, and raises the next piece of its stream.
#[derive(Debug)]
pub(crate) struct Chainer;

impl EventHandler for Chainer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_piece);
        on.subscription()
            .retry(RetryPolicy::never())
            .circuit_breaker(None);
    }
}

impl Chainer {
    async fn on_piece(&self, piece: Piece, work: &mut UnitOfWork) -> Result<(), Error> {
        match piece.what.as_str() {
            "find" => {
                let missing = format!("no-{}-{}", piece.id, piece.left);
                assert!(work.find::<Shelf>(&missing).await?.is_none());
            }
            "shelve" => work.add(Shelf {
                id: format!("{}-{}", piece.id, piece.left),
                raised: PendingEvents::default(),
            })?,
            "fail" => return Err(Error::failed("the piece", Full)),
            _ => {}
        }

        match piece.left.checked_sub(1) {
            Some(left) => work.raise(Piece { left, ..piece }),
            None => Ok(()),
        }
    }
}

/// Writes one row for each stream of pieces. It skips those that say `unlabelled`.
#[derive(Debug)]
pub(crate) struct Labeller;

impl Projector for Labeller {
    type Projection = Label;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_piece);
    }
}

impl Labeller {
    async fn on_piece(&self, piece: Piece, rows: &mut Rows<'_, Label>) -> Result<(), Error> {
        let Piece { id, what, left } = piece;
        match what.as_str() {
            "label" => rows.put(Label { id, left }).await,
            "label or find row" if id.ends_with(['0', '2', '4', '6', '8']) => {
                rows.put(Label { id, left }).await
            }
            "find row" | "label or find row" => {
                assert!(rows.get(format!("no-{id}-{left}")).await?.is_none());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("works")
        .aggregate::<Jar>()
        .aggregate::<Shelf>()
        .event_from_outside::<Ordered>()
        .event_from_outside::<Piece>()
        .projection::<Label>()
        .command_handler(JarHandler)
        .event_handler(Worker)
        .event_handler(Chainer)
        .projector(Labeller)
        .build()
}

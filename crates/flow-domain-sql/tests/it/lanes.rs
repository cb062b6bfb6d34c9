//! Less urgent messages, on each store. A subscription of the broker has lanes, and one of the store has none.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use flow_domain::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, Event,
    EventHandler, EventRoutes, Headers, PendingEvents, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    handler::Source,
    message::{Priority, Processing},
    port::Store,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Write), events(Written))]
struct Page {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[command(part_of = Page, id = id)]
struct Write {
    id: String,
    n: u32,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Page, id = id)]
struct Written {
    id: String,
    n: u32,
}

struct Author;

impl CommandHandler for Author {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::write);
    }
}

impl Author {
    async fn write(&self, command: Write, work: &mut UnitOfWork) -> Result<(), Error> {
        let Write { id, n } = command;
        let page = work.find::<Page>(&id).await?;
        let mut page = page.unwrap_or_else(|| Page {
            id: id.clone(),
            raised: PendingEvents::default(),
        });
        page.raise(Written { id, n });
        work.add(page)
    }
}

/// Notes what it reads, and notifies `done` after the eighth event.
struct Reader {
    lines: Arc<Mutex<Vec<String>>>,
    done: Arc<Notify>,
}

impl EventHandler for Reader {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_written);
    }
}

impl Reader {
    async fn on_written(&self, event: Written, _work: &mut UnitOfWork) -> Result<(), Error> {
        let mut lines = self.lines.lock().unwrap();
        lines.push(format!("{}{}", event.id, event.n));
        if lines.len() == 8 {
            self.done.notify_one();
        }
        Ok(())
    }
}

/// Returns the events of two streams in the order in which an engine handles them. The odd ones are less urgent.
async fn handled(store: &Arc<dyn Store>, source: Source) -> String {
    let (lines, done) = (Arc::default(), Arc::new(Notify::new()));
    let reader = Reader {
        lines: Arc::clone(&lines),
        done: Arc::clone(&done),
    };
    let domain = Domain::builder("paper")
        .aggregate::<Page>()
        .command_handler(Author)
        .event_handler(reader)
        .lanes_below(Priority::NORMAL)
        .subscriptions(|on| {
            on.source(source).concurrency(1);
        });
    let app = App::builder(domain.build().expect("the domain has no mistake"))
        .shared_store(Arc::clone(store))
        .broker(MemoryBroker::with_partitions(1))
        .event_processing(Processing::Async)
        .start();

    for n in 1..=4 {
        for id in ["a", "b"] {
            let priority = [Priority::NORMAL, Priority::BULK][n as usize % 2];
            let headers = Headers::default().priority(priority);
            let id = id.to_owned();
            let written = app.process_with(Write { id, n }, &headers).await;
            written.expect("the command succeeds");
        }
    }
    let handled_all = async {
        let waited = tokio::time::timeout(Duration::from_secs(30), done.notified()).await;
        waited.expect("all events are handled");
    };
    let engine = Engine::new(app).run_until(handled_all);
    engine.await.expect("the engine does not fail");

    lines.lock().unwrap().join(" ")
}

/// A broker gives what is urgent first, and keeps the order of a stream in each lane.
pub(crate) async fn check_lanes(store: Arc<dyn Store>) {
    let handled = handled(&store, Source::Broker).await;

    assert_eq!(handled, "a2 b2 a4 b4 a1 b1 a3 b3");
}

/// A store subscription has no lanes, so a stream keeps its whole order.
pub(crate) async fn check_store_order(store: Arc<dyn Store>) {
    let handled = handled(&store, Source::EventStore).await;

    assert_eq!(handled, "a1 b1 a2 b2 a3 b3 a4 b4");
}

#[tokio::test]
async fn lanes_give_urgent_messages_first_in_memory() {
    check_lanes(Arc::new(MemoryStore::default())).await;
}

#[tokio::test]
async fn lanes_leave_store_subscriptions_alone_in_memory() {
    check_store_order(Arc::new(MemoryStore::default())).await;
}

//! A domain in production: several apps and engines on one store.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use flow_domain::{
    Aggregate, App, Apply, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, Event,
    EventHandler, EventRoutes, PendingEvents, Projection, Projector, ProjectorRoutes, Rows,
    UnitOfWork,
    adapter::memory::MemoryBroker,
    handler::field,
    message::Processing,
    port::{Broker, OutboxState, Store},
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, oneshot};

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Count), events(Counted))]
pub(crate) struct Counter {
    id: String,
    pub(crate) n: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[command(part_of = Counter, id = id)]
pub(crate) struct Count {
    pub(crate) id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Counter, id = id)]
struct Counted {
    id: String,
}

impl Apply<Counted> for Counter {
    fn apply(&mut self, event: &Counted) {
        self.id.clone_from(&event.id);
        self.n += 1;
    }
}

struct CountHandler;

impl CommandHandler for CountHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::count);
    }
}

impl CountHandler {
    async fn count(&self, command: Count, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut counter = work.find::<Counter>(&command.id).await?.unwrap_or_default();
        counter.raise(Counted { id: command.id });
        work.add(counter)
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id, index(n))]
struct Board {
    id: String,
    n: u32,
}

struct BoardProjector;

impl Projector for BoardProjector {
    type Projection = Board;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_counted);
    }
}

impl BoardProjector {
    async fn on_counted(&self, event: Counted, rows: &mut Rows<'_, Board>) -> Result<(), Error> {
        let n = rows.get(&event.id).await?.map_or(0, |row| row.n);
        rows.put(Board {
            id: event.id,
            n: n + 1,
        })
        .await
    }
}

pub(crate) fn app(store: &Arc<dyn Store>, broker: &Arc<dyn Broker>) -> App {
    let domain = Domain::builder("yard")
        .aggregate::<Counter>()
        .command_handler(CountHandler)
        .projection::<Board>()
        .projector(BoardProjector)
        .build()
        .expect("the domain has no mistake");

    App::builder(domain)
        .shared_store(Arc::clone(store))
        .shared_broker(Arc::clone(broker))
        .event_processing(Processing::Async)
        .start()
}

/// Counts in two apps at the same time, while two engines project the counts. Each count counts once.
pub(crate) async fn check_two_engines(stores: [Arc<dyn Store>; 2]) {
    const N_COUNTS: u32 = 20;

    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::default());
    let mut engines = Vec::new();
    for (store, worker) in stores.iter().zip(["first", "second"]) {
        let engine = Engine::new(app(store, &broker))
            .worker(worker)
            .poll_interval(Duration::from_millis(5));
        let (stop, signal) = oneshot::channel::<()>();
        let run = engine.run_until(async { signal.await.unwrap_or(()) });
        engines.push((stop, tokio::spawn(run)));
    }

    let writers = stores.each_ref().map(|store| app(store, &broker));
    let count = async |writer: &App| {
        for n in 0..N_COUNTS {
            let id = format!("counter-{}", n % 2);
            writer
                .process(Count { id })
                .await
                .expect("a lost race is repeated");
        }
    };
    tokio::join!(count(&writers[0]), count(&writers[1]));

    let view = writers[0].view::<Board>();
    let is_done = async || {
        let boards = view
            .query()
            .filter(field("n").at_least(N_COUNTS))
            .all()
            .await;
        boards.expect("the view can be read").len() == 2
    };
    while !is_done().await {
        tokio::task::yield_now().await;
    }

    for (stop, engine) in engines {
        stop.send(()).expect("the engine runs");
        engine.await.unwrap().expect("the engine does not fail");
    }
    let boards = view.query().order_by("id").all().await.unwrap();
    let counts: Vec<u32> = boards.iter().map(|board| board.n).collect();
    assert_eq!(counts, [N_COUNTS, N_COUNTS]);
}

/// Counts its calls. It hangs if somebody waits for that.
struct Listener {
    n_calls: Arc<AtomicU32>,
    hung: Option<Arc<Notify>>,
}

impl EventHandler for Listener {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_counted);
    }
}

impl Listener {
    async fn on_counted(&self, _: Counted, _work: &mut UnitOfWork) -> Result<(), Error> {
        if let Some(hung) = &self.hung {
            hung.notify_one();
            pending::<()>().await;
        }
        self.n_calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Drops a command between its commit and the end of its inline handler. Another app finds the event.
pub(crate) async fn check_cut_off(store: Arc<dyn Store>) {
    let n_calls = Arc::new(AtomicU32::new(0));
    let app = |hung: Option<&Arc<Notify>>| {
        let listener = Listener {
            n_calls: Arc::clone(&n_calls),
            hung: hung.cloned(),
        };
        let domain = Domain::builder("yard")
            .aggregate::<Counter>()
            .command_handler(CountHandler)
            .event_handler(listener)
            .build();
        App::builder(domain.expect("the domain has no mistake"))
            .shared_store(Arc::clone(&store))
            .recover_inline_after(Duration::ZERO)
            .start()
    };
    let count = || Count {
        id: "counter-0".into(),
    };

    let hung = Arc::new(Notify::new());
    let dying = app(Some(&hung));
    tokio::select! {
        _ = dying.process(count()) => panic!("the handler hangs"),
        () = hung.notified() => {}
    }
    let app = app(None);
    assert_eq!(app.health().await.unwrap().cut_off, 1);

    let handled = app.process_due().await.unwrap();
    assert!(handled.failures.is_empty());
    assert_eq!(n_calls.load(Ordering::Relaxed), 1);
    app.process(count()).await.unwrap();
    assert_eq!(n_calls.load(Ordering::Relaxed), 2);
    assert_eq!(app.health().await.unwrap().cut_off, 0);
    let open = [
        OutboxState::Pending,
        OutboxState::Processing,
        OutboxState::Failed,
    ];
    assert!(store.rows(&open, 9).await.unwrap().is_empty());
}

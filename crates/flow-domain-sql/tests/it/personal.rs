//! Personal data in everything that a store keeps, before and after its person is erased.

use std::{fs, path::Path, sync::Arc, time::Duration};

use flow_domain::{
    Aggregate, App, Apply, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, Event,
    EventHandler, EventRoutes, PendingEvents, Personal, Projection, Projector, ProjectorRoutes,
    RetryPolicy, Rows, SnapshotPolicy, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    message::Processing,
    port::Store,
    record::{Table, TableKind},
};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

/// What nobody may find.
pub(crate) const EMAIL: &str = "ada@example.org";

/// The id of the person, which anybody may find.
pub(crate) const PERSON: &str = "person-77";

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Subscribe, Remind), events(Subscribed))]
struct Reader {
    id: String,
    email: Option<Personal<String>>,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Reader, id = id)]
struct Subscribe {
    id: String,
    email: String,
}

/// A command that waits in the outbox.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Reader, id = id)]
struct Remind {
    id: String,
    email: Personal<String>,
}

#[derive(Debug, Serialize, Deserialize, Event)]
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
        on.command(Self::remind);
    }
}

impl Desk {
    async fn subscribe(&self, command: Subscribe, work: &mut UnitOfWork) -> Result<(), Error> {
        let Subscribe { id, email } = command;
        let email = work.protect(&id, &email).await?;
        let remind = Remind {
            id: id.clone(),
            email: email.clone(),
        };
        work.process_after(Duration::from_secs(1_000_000), remind)?;

        let mut reader = Reader::default();
        reader.raise(Subscribed { id, email });
        work.add(reader)
    }

    async fn remind(&self, _: Remind, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

/// Fails for each event, so that it becomes a dead letter.
struct Sender;

impl EventHandler for Sender {
    fn routes(on: &mut EventRoutes<Self>) {
        on.subscription().once().retry(RetryPolicy::never());
        on.event(Self::on_subscribed);
    }
}

impl Sender {
    async fn on_subscribed(&self, event: Subscribed, work: &mut UnitOfWork) -> Result<(), Error> {
        let email = work.reveal(&event.email).await?;
        assert_eq!(email.as_deref(), Some(EMAIL));
        Err(Error::failed("sending the letter", "the server is down"))
    }
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Entry {
    id: String,
    email: Personal<String>,
}

struct EntryProjector;

impl Projector for EntryProjector {
    type Projection = Entry;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.subscription().once();
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

fn app(store: &Arc<dyn Store>) -> App {
    let domain = Domain::builder("paper")
        .aggregate_with_snapshots::<Reader>(SnapshotPolicy::every(1))
        .projection::<Entry>()
        .command_handler(Desk)
        .event_handler(Sender)
        .projector(EntryProjector)
        .build()
        .expect("the domain has no mistake");

    App::builder(domain)
        .shared_store(Arc::clone(store))
        .broker(MemoryBroker::default())
        .event_processing(Processing::Async)
        .start()
}

/// Puts the address into an event, a row, a snapshot, the outbox and a dead letter. Returns the secret of the key.
pub(crate) async fn store_personal_data(store: &Arc<dyn Store>) -> String {
    let app = app(store);
    let subscribe = Subscribe {
        id: PERSON.into(),
        email: EMAIL.into(),
    };
    app.process(subscribe).await.expect("it is stored");

    let (stop, signal) = oneshot::channel::<()>();
    let engine = Engine::new(self::app(store)).poll_interval(Duration::from_millis(5));
    let run = engine.run_until(async { signal.await.unwrap_or(()) });
    let run = tokio::spawn(run);
    let is_done = async || {
        let health = app.health().await.expect("the store answers");
        let row = app.view::<Entry>().get(PERSON).await;
        health.dead_letters == 1 && row.expect("the store answers").is_some()
    };
    while !is_done().await {
        tokio::task::yield_now().await;
    }
    stop.send(()).expect("the engine runs");
    run.await.unwrap().expect("the engine does not fail");

    let kinds = [
        (TableKind::Snapshot, "Reader"),
        (TableKind::SubjectKey, "SubjectKey"),
    ];
    for (kind, name) in kinds {
        let stored = store.load(Table::new(kind, name), PERSON).await.unwrap();
        assert!(stored.is_some(), "there is a {kind}");
    }
    assert_eq!(app.health().await.unwrap().scheduled, 1);

    let keys = Table::new(TableKind::SubjectKey, "SubjectKey");
    let key = store.load(keys, PERSON).await.unwrap().unwrap().value;
    let key: serde_json::Value = serde_json::from_str(key.as_json()).unwrap();
    key["secret"].as_str().unwrap().to_owned()
}

/// Erases the person, and checks that nobody can read the address.
pub(crate) async fn erase(store: &Arc<dyn Store>) {
    let app = app(store);
    let reveal = async || {
        let row = app.view::<Entry>().get(PERSON).await.unwrap().unwrap();
        let reader = app.load::<Reader>(PERSON).await.unwrap().unwrap();
        assert_eq!(reader.email.as_ref(), Some(&row.email));
        app.reveal(&row.email).await.unwrap()
    };
    assert_eq!(reveal().await.as_deref(), Some(EMAIL));

    assert!(app.erase_subject(PERSON).await.unwrap());

    assert_eq!(reveal().await, None);
}

/// Returns whether a file in a folder, or in a folder of it, has these bytes.
pub(crate) fn is_in_files(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_in_files(&path, text);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

/// Returns whether a file in a folder has a quarter of a secret. A later write may have replaced the other parts.
pub(crate) fn is_part_in_files(folder: &Path, secret: &str) -> bool {
    let n = secret.len() / 4;
    (0..4).any(|part| is_in_files(folder, &secret[part * n..(part + 1) * n]))
}

#[tokio::test]
async fn personal_data_is_not_readable_in_memory() {
    let memory = Arc::new(MemoryStore::default());
    let store: Arc<dyn Store> = Arc::clone(&memory) as _;

    let secret = store_personal_data(&store).await;
    let before = format!("{memory:?}");
    erase(&store).await;
    let after = format!("{memory:?}");

    assert!(before.contains(PERSON) && before.contains(&secret));
    assert!(!before.contains(EMAIL));
    assert!(after.contains(PERSON));
    assert!(!after.contains(EMAIL) && !after.contains(&secret));
}

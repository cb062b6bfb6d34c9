//! An engine does not handle messages again that were handled inline.

use flow_domain::{
    Engine, Error, EventHandler, EventRoutes, Headers, UnitOfWork, handler::Source,
    message::Processing,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Game, Listener, Referee, Scored, World, ping_domain, score},
    fixture::{CallLog, ping},
};

struct Board(CallLog);

impl EventHandler for Board {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_scored);
    }
}

impl Board {
    async fn on_scored(&self, event: Scored, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("scored {}", event.id));
        Ok(())
    }
}

async fn check_inline_call(source: Source) {
    let calls = CallLog::default();
    let domain = ping_domain(source)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Board(calls.clone()));
    let mut world = World::of(domain);
    let inline = Headers::default().event_processing(Processing::Sync);

    world.app.process_with(score("g"), &inline).await.unwrap();
    assert_eq!(calls.take(), ["scored g"]);
    let report = world.run().await;

    assert!(calls.take().is_empty());
    assert_eq!(report.deliveries, 0);
    assert!(report.remaining.is_quiet());
}

#[tokio::test]
async fn inline_events_of_one_call_are_not_published() {
    check_inline_call(Source::Broker).await;
}

#[tokio::test]
async fn inline_events_of_one_call_are_skipped_in_the_store() {
    check_inline_call(Source::EventStore).await;
}

#[tokio::test]
async fn call_can_override_inline_processing_of_the_app() {
    let calls = CallLog::default();
    let domain = ping_domain(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Board(calls.clone()));
    let mut world = World::with_app(domain, |app| app.event_processing(Processing::Sync));
    let later = Headers::default().event_processing(Processing::Async);

    world.app.process_with(score("g"), &later).await.unwrap();
    assert!(calls.take().is_empty());
    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["scored g"]);
}

#[tokio::test]
async fn processed_command_is_not_handled_by_the_engine() {
    let domain = ping_domain(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee);
    let mut world = World::of(domain);
    world.app.process(score("g")).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    let game = world.app.load::<Game>("g").await.unwrap().unwrap();
    assert_eq!(game.points, 1);
}

#[tokio::test]
async fn inline_app_leaves_the_engine_nothing_to_do() {
    let calls = CallLog::default();
    let domain = ping_domain(Source::Broker).event_handler(Listener(calls.clone()));
    let mut world = World::with_app(domain, |app| app.event_processing(Processing::Sync));
    world.app.publish(ping("1")).await.unwrap();

    assert_eq!(world.run().await.deliveries, 0);

    assert_eq!(calls.take(), ["Listener 1"]);
}

#[tokio::test]
async fn inline_app_handles_events_of_submitted_commands() {
    let calls = CallLog::default();
    let domain = ping_domain(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Board(calls.clone()));
    let mut world = World::with_app(domain, |app| app.event_processing(Processing::Sync));
    world.app.submit(score("g")).await.unwrap();

    let report = world.run().await;

    assert_eq!(report.deliveries, 2);
    assert_eq!(calls.take(), ["scored g"]);
}

#[tokio::test]
async fn engine_without_a_broker_names_the_missing_setting() {
    use flow_domain::{App, adapter::memory::MemoryStore};
    let domain = ping_domain(Source::Broker).event_handler(Listener(CallLog::default()));
    let app = App::builder(domain.build().unwrap())
        .store(MemoryStore::default())
        .start();

    let err = Engine::test_mode(&app).run().await.unwrap_err();

    assert!(err.is_setup());
    assert!(err.to_string().contains("`.broker(..)`"), "{err}");
}

//! What was handled inline is never handled again by an engine.

use flow_domain::{
    Engine, Error, EventHandler, EventRoutes, Headers, UnitOfWork, handler::Source,
    message::Processing,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Game, Heard, Listener, Referee, Scored, World, ping, score, table};

struct Board(Heard);

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

async fn events_handled_inline_by_one_call(source: Source) {
    let heard = Heard::default();
    let domain = table(source)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Board(heard.clone()));
    let mut world = World::of(domain);
    let inline = Headers::default().event_processing(Processing::Sync);

    world.app.process_with(score("g"), &inline).await.unwrap();
    assert_eq!(heard.take(), ["scored g"]);
    let settled = world.run().await;

    assert!(heard.take().is_empty());
    assert_eq!(settled.deliveries, 0);
    assert!(settled.left.is_quiet());
}

#[tokio::test]
async fn events_that_one_call_handles_inline_are_not_published() {
    events_handled_inline_by_one_call(Source::Broker).await;
}

#[tokio::test]
async fn events_that_one_call_handles_inline_are_passed_over_in_the_store() {
    events_handled_inline_by_one_call(Source::EventStore).await;
}

#[tokio::test]
async fn one_call_can_leave_to_the_engine_what_the_app_handles_inline() {
    let heard = Heard::default();
    let domain = table(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Board(heard.clone()));
    let mut world = World::with(domain, |app| app.event_processing(Processing::Sync));
    let later = Headers::default().event_processing(Processing::Async);

    world.app.process_with(score("g"), &later).await.unwrap();
    assert!(heard.take().is_empty());
    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["scored g"]);
}

#[tokio::test]
async fn a_command_that_was_processed_is_not_handled_again() {
    let domain = table(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee);
    let mut world = World::of(domain);
    world.app.process(score("g")).await.unwrap();

    assert!(world.run().await.left.is_quiet());

    let game = world.app.load::<Game>("g").await.unwrap().unwrap();
    assert_eq!(game.points, 1);
}

#[tokio::test]
async fn an_engine_has_nothing_to_do_for_an_app_that_handles_all_inline() {
    let heard = Heard::default();
    let domain = table(Source::Broker).event_handler(Listener(heard.clone()));
    let mut world = World::with(domain, |app| app.event_processing(Processing::Sync));
    world.app.publish(ping("1")).await.unwrap();

    assert_eq!(world.run().await.deliveries, 0);

    assert_eq!(heard.take(), ["Listener 1"]);
}

#[tokio::test]
async fn what_a_submitted_command_causes_is_handled_inline_where_the_app_says_so() {
    let heard = Heard::default();
    let domain = table(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Board(heard.clone()));
    let mut world = World::with(domain, |app| app.event_processing(Processing::Sync));
    world.app.submit(score("g")).await.unwrap();

    let settled = world.run().await;

    assert_eq!(settled.deliveries, 1);
    assert_eq!(heard.take(), ["scored g"]);
}

#[tokio::test]
async fn an_engine_that_has_nothing_to_read_from_says_what_is_missing() {
    use flow_domain::{App, adapter::memory::MemoryStore};
    let domain = table(Source::Broker).event_handler(Listener(Heard::default()));
    let app = App::builder(domain.build().unwrap())
        .store(MemoryStore::default())
        .start();

    let err = Engine::test_mode(&app).run().await.unwrap_err();

    assert!(err.is_setup());
    assert!(err.to_string().contains("`.broker(..)`"), "{err}");
}

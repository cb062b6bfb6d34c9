//! The one rule for keys, wherever a key is written or looked up.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    ProcessManager, ProcessManagerRoutes, Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
    message::StreamName, record::TableKind, testing::StateType,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(Place, Raise, Reload), events(Placed))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = account_id, event_sourced, commands(Open), events(Opened))]
struct Account {
    account_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: &Opened) {
        self.account_id.clone_from(&event.opened_id);
    }
}

/// Adds an order with this key.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order)]
struct Place {
    key: String,
}

/// Raises an event with this key, without an aggregate.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order)]
struct Raise {
    key: String,
}

/// Loads the order with this key.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct Reload {
    order_id: String,
    key: String,
}

/// Adds an account with this key.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Account)]
struct Open {
    key: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = placed_id)]
struct Placed {
    placed_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = opened_id)]
struct Opened {
    opened_id: String,
}

/// Asks the projector to use this key.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(category = "request", id = id)]
struct Requested {
    id: String,
    access: String,
    key: String,
}

struct Handler;

impl CommandHandler for Handler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place).raises::<Placed>();
        on.command(Self::raise).raises::<Placed>();
        on.command(Self::reload);
        on.command(Self::open).raises::<Opened>();
    }
}

impl Handler {
    async fn place(&self, command: Place, work: &mut UnitOfWork) -> Result<(), Error> {
        work.add(Order {
            order_id: command.key,
            raised: PendingEvents::default(),
        })
    }

    async fn raise(&self, command: Raise, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Placed {
            placed_id: command.key,
        })
    }

    async fn reload(&self, command: Reload, work: &mut UnitOfWork) -> Result<(), Error> {
        let by_load = work.load::<Order>(&command.key).await.unwrap_err();
        let by_find = work.find::<Order>(&command.key).await.unwrap_err();
        assert_eq!(by_load.to_string(), by_find.to_string());
        Err(by_load)
    }

    async fn open(&self, command: Open, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut account = Account::default();
        account.raise(Opened {
            opened_id: command.key,
        });
        work.add(account)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = row_id)]
struct Board {
    row_id: String,
}

struct BoardProjector;

impl Projector for BoardProjector {
    type Projection = Board;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_requested);
    }
}

impl BoardProjector {
    async fn on_requested(
        &self,
        event: Requested,
        rows: &mut Rows<'_, Board>,
    ) -> Result<(), Error> {
        let Requested { access, key, .. } = event;
        let row = Board {
            row_id: key.clone(),
        };

        match access.as_str() {
            "get" => rows.get(key).await.map(|_| ()),
            "put" => rows.put(row).await,
            "change" => rows.change(key, |_| ()).await,
            "change_or_insert" => rows.change_or_insert(key, || row, |_| ()).await,
            "delete" => rows.delete(key).await,
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Process;

impl ProcessManager for Process {
    const KEY: &'static str = "key";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_requested);
    }
}

impl Process {
    async fn on_requested(
        &mut self,
        _event: Requested,
        _work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        Ok(())
    }
}

fn world() -> World {
    World::new(
        Domain::builder("shop")
            .aggregate::<Order>()
            .aggregate::<Account>()
            .event_from_outside::<Requested>()
            .projection::<Board>()
            .command_handler(Handler)
            .projector(BoardProjector)
            .process_manager::<Process>(),
    )
}

/// Checks that the error is one of the setup, and that no event is stored.
async fn text_of_error<T: std::fmt::Debug>(world: &World, result: Result<T, Error>) -> String {
    let err = result.unwrap_err();
    assert!(err.is_setup(), "{err:?}");
    assert_eq!(world.stored_event_names().await, [""; 0]);
    err.to_string()
}

/// Publishes a request, and returns the errors of its handlers.
async fn errors_of_request(access: &str, key: &str) -> String {
    let world = world();
    let requested = Requested {
        id: "r-1".into(),
        access: access.into(),
        key: key.into(),
    };
    let err = world.app.publish(requested).await.unwrap_err();

    let failures = err.handler_failures();
    assert!(failures.iter().all(|failure| failure.error.is_setup()));
    assert_eq!(world.app.view::<Board>().count().await.unwrap(), 0);
    let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

#[tokio::test]
async fn aggregate_with_an_invalid_key_is_not_stored() {
    let world = world();
    let place = |key: &str| world.app.process(Place { key: key.into() });

    insta::assert_snapshot!(text_of_error(&world, place("").await).await, @"the key `order_id` of Order is invalid: a key must have 1 to 512 bytes, but this one is empty");
    insta::assert_snapshot!(text_of_error(&world, place("a\nb").await).await, @r#"the key `order_id` of Order is invalid: a key must not contain control characters, but this one is "a\nb""#);
    insta::assert_snapshot!(text_of_error(&world, place(&"é".repeat(257)).await).await, @"the key `order_id` of Order is invalid: a key must have 1 to 512 bytes, but this one has 514");

    place(&"é".repeat(256)).await.unwrap();
    place(" ").await.unwrap();
}

#[tokio::test]
async fn event_sourced_aggregate_with_an_invalid_key_is_not_stored() {
    let world = world();

    let opened = world
        .app
        .process(Open {
            key: "\u{7f}".into(),
        })
        .await;

    insta::assert_snapshot!(text_of_error(&world, opened).await, @r#"the key `account_id` of Account is invalid: a key must not contain control characters, but this one is "\u{7f}""#);
}

#[tokio::test]
async fn event_with_an_invalid_key_is_not_stored() {
    let world = world();

    let raised = world.app.process(Raise { key: "a\0".into() }).await;
    insta::assert_snapshot!(text_of_error(&world, raised).await, @r#"the key `placed_id` of Placed is invalid: a key must not contain control characters, but this one is "a\0""#);

    let published = world
        .app
        .publish(Requested {
            id: String::new(),
            access: String::new(),
            key: "k".into(),
        })
        .await;
    insta::assert_snapshot!(text_of_error(&world, published).await, @"the key `id` of Requested is invalid: a key must have 1 to 512 bytes, but this one is empty");
}

#[tokio::test]
async fn command_with_an_invalid_key_reaches_no_handler() {
    let world = world();

    let processed = world
        .app
        .process(Reload {
            order_id: String::new(),
            key: "k".into(),
        })
        .await;

    insta::assert_snapshot!(text_of_error(&world, processed).await, @"the key `order_id` of Reload is invalid: a key must have 1 to 512 bytes, but this one is empty");
    assert_eq!(world.handler_outcomes(), "");
}

#[tokio::test]
async fn lookup_of_an_aggregate_by_an_invalid_key_is_an_error() {
    let world = world();

    let reloaded = world
        .app
        .process(Reload {
            order_id: "o".into(),
            key: "\t".into(),
        })
        .await;
    insta::assert_snapshot!(text_of_error(&world, reloaded).await, @r#"the key `order_id` of Order is invalid: a key must not contain control characters, but this one is "\t""#);

    let order = world.app.load::<Order>("\t").await;
    insta::assert_snapshot!(text_of_error(&world, order).await, @r#"the key `order_id` of Order is invalid: a key must not contain control characters, but this one is "\t""#);
    let account = world.app.load::<Account>("").await;
    insta::assert_snapshot!(text_of_error(&world, account).await, @"the key `account_id` of Account is invalid: a key must have 1 to 512 bytes, but this one is empty");
}

#[tokio::test]
async fn row_with_an_invalid_key_is_not_stored() {
    insta::assert_snapshot!(errors_of_request("put", "\u{1f}").await, @r#"
    BoardProjector failed on Requested: the key `row_id` of Board is invalid: a key must not contain control characters, but this one is "\u{1f}"
    Process failed on Requested: the key `key` of Requested is invalid: a key must not contain control characters, but this one is "\u{1f}"
    "#);

    let put = errors_of_request("put", "").await;
    for access in ["get", "change", "change_or_insert", "delete"] {
        assert_eq!(errors_of_request(access, "").await, put);
    }
}

#[tokio::test]
async fn process_manager_with_an_invalid_key_is_not_stored() {
    insta::assert_snapshot!(errors_of_request("none", &"x".repeat(513)).await, @"Process failed on Requested: the key `key` of Requested is invalid: a key must have 1 to 512 bytes, but this one has 513");
}

#[tokio::test]
async fn lookup_in_a_view_by_an_invalid_key_is_an_error() {
    let world = world();
    let board = world.app.view::<Board>();

    let row = board.get("\u{0}").await;
    insta::assert_snapshot!(text_of_error(&world, row).await, @r#"the key `row_id` of Board is invalid: a key must not contain control characters, but this one is "\0""#);
    let exists = board.exists("").await;
    insta::assert_snapshot!(text_of_error(&world, exists).await, @"the key `row_id` of Board is invalid: a key must have 1 to 512 bytes, but this one is empty");
}

#[tokio::test]
async fn read_of_a_state_by_an_invalid_key_is_an_error() {
    let world = world();

    let state_type = StateType::new::<Process>(TableKind::ProcessManager, "Process", "key");
    let state = world.app.read_state(state_type, "").await;

    insta::assert_snapshot!(text_of_error(&world, state).await, @"the key `key` of Process is invalid: a key must have 1 to 512 bytes, but this one is empty");
}

#[test]
fn stream_with_an_invalid_key_has_no_name() {
    let no_name = |id: &str| StreamName::new("order", id).unwrap_err().to_string();

    insta::assert_snapshot!(no_name("a\r"), @r#"the id of a stream of the category `order` is invalid: a key must not contain control characters, but this one is "a\r""#);
    insta::assert_snapshot!(no_name(&"x".repeat(513)), @"the id of a stream of the category `order` is invalid: a key must have 1 to 512 bytes, but this one has 513");
    assert!("order-a\r".parse::<StreamName>().is_err());
    assert!(serde_json::from_str::<StreamName>(r#""order-a\r""#).is_err());
}

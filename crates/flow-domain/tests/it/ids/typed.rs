//! Ids that are types of their own, and whose `Display` differs from their JSON.

use std::fmt;

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, Id,
    PendingEvents, ProcessManager, ProcessManagerRoutes, Projection, Projector, ProjectorRoutes,
    Rows, UnitOfWork, record::TableKind, testing::StateType,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

/// Its JSON is a number, and its `Display` has a prefix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, Id)]
struct OrderNo(u32);

impl fmt::Display for OrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ORD-{:05}", self.0)
    }
}

/// An id in an id, with other JSON than its field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, Id)]
struct AccountNo {
    order_no: OrderNo,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = no, commands(Place), events(Placed))]
struct Order {
    no: OrderNo,
    n_placed: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = no)]
struct Place {
    no: OrderNo,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = no)]
struct Placed {
    no: OrderNo,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = no, event_sourced, commands(Deposit), events(Deposited))]
struct Account {
    no: AccountNo,
    n_deposits: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = no)]
struct Deposit {
    no: AccountNo,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = no)]
struct Deposited {
    no: AccountNo,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: &Deposited) {
        self.no = event.no;
        self.n_deposits += 1;
    }
}

struct Handler;

impl CommandHandler for Handler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place).raises::<Placed>();
        on.command(Self::deposit).raises::<Deposited>();
    }
}

impl Handler {
    async fn place(&self, command: Place, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut order = work.find(command.no).await?.unwrap_or_else(|| Order {
            no: command.no,
            n_placed: 0,
            raised: PendingEvents::default(),
        });
        order.n_placed += 1;
        order.raise(Placed { no: command.no });
        work.add(order)
    }

    async fn deposit(&self, command: Deposit, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut account: Account = work.find(command.no).await?.unwrap_or_default();
        account.raise(Deposited { no: command.no });
        work.add(account)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = no)]
struct Board {
    no: OrderNo,
    n: u32,
}

/// Counts with `get` and `put`, and with `change_or_insert`.
struct BoardProjector;

impl Projector for BoardProjector {
    type Projection = Board;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_placed);
        on.event(Self::on_deposited);
    }
}

impl BoardProjector {
    async fn on_placed(&self, event: Placed, rows: &mut Rows<'_, Board>) -> Result<(), Error> {
        let n = rows.get(event.no).await?.map_or(0, |row| row.n);
        rows.put(Board {
            no: event.no,
            n: n + 1,
        })
        .await
    }

    async fn on_deposited(
        &self,
        event: Deposited,
        rows: &mut Rows<'_, Board>,
    ) -> Result<(), Error> {
        let no = event.no.order_no;
        rows.change_or_insert(event.no, || Board { no, n: 0 }, |row| row.n += 10)
            .await
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Process {
    n: u32,
}

impl ProcessManager for Process {
    const KEY: &'static str = "no";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_placed);
        on.event(Self::on_deposited);
    }
}

impl Process {
    async fn on_placed(&mut self, _event: Placed, _work: &mut UnitOfWork) -> Result<(), Error> {
        self.n += 1;
        Ok(())
    }

    async fn on_deposited(
        &mut self,
        _event: Deposited,
        _work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.n += 10;
        Ok(())
    }
}

fn world() -> World {
    World::new(
        Domain::builder("shop")
            .aggregate::<Order>()
            .aggregate::<Account>()
            .projection::<Board>()
            .command_handler(Handler)
            .projector(BoardProjector)
            .process_manager::<Process>(),
    )
}

const NO: OrderNo = OrderNo(7);
const ACCOUNT_NO: AccountNo = AccountNo { order_no: NO };

#[tokio::test]
async fn aggregate_is_found_by_its_typed_id() {
    let World { app, .. } = &world();

    app.process(Place { no: NO }).await.unwrap();
    app.process(Place { no: NO }).await.unwrap();

    let order = app.load::<Order>(NO).await.unwrap().unwrap();
    assert_eq!(order.n_placed, 2);
    assert_eq!(app.load("7").await.unwrap(), Some(order.clone()));
    assert_eq!(app.load(7).await.unwrap(), Some(order));
    assert_eq!(app.load::<Order>("ORD-00007").await.unwrap(), None);
}

#[tokio::test]
async fn event_sourced_aggregate_is_found_by_its_typed_id() {
    let world = world();

    world.app.process(Place { no: NO }).await.unwrap();
    world.app.process(Deposit { no: ACCOUNT_NO }).await.unwrap();
    world.app.process(Deposit { no: ACCOUNT_NO }).await.unwrap();

    let account: Account = world.app.load(&ACCOUNT_NO).await.unwrap().unwrap();
    assert_eq!(account.n_deposits, 2);
    assert_eq!(
        world.stored_event_names().await,
        [
            "Placed in order-7",
            "Deposited in account-7",
            "Deposited in account-7"
        ]
    );
}

#[tokio::test]
async fn row_is_read_and_put_under_one_key() {
    let World { app, .. } = &world();

    app.process(Place { no: NO }).await.unwrap();
    app.process(Place { no: NO }).await.unwrap();
    app.process(Deposit { no: ACCOUNT_NO }).await.unwrap();

    let board = app.view::<Board>();
    assert_eq!(
        board.query().all().await.unwrap(),
        [Board { no: NO, n: 12 }]
    );
    assert_eq!(
        board.get(ACCOUNT_NO).await.unwrap(),
        Some(Board { no: NO, n: 12 })
    );
    assert!(board.exists(NO).await.unwrap());
    assert!(!board.exists("ORD-00007").await.unwrap());
}

#[tokio::test]
async fn process_manager_joins_events_by_their_keys() {
    let World { app, .. } = &world();

    app.process(Place { no: NO }).await.unwrap();
    app.process(Deposit { no: ACCOUNT_NO }).await.unwrap();

    let state_type = StateType::new::<Process>(TableKind::ProcessManager, "Process", "no");
    let state = app.read_state(state_type, "7").await.unwrap().unwrap();
    assert_eq!(state.as_json(), r#"{"n":11}"#);
}

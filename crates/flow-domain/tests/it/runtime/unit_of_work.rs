//! A handler call writes everything or nothing.

use std::time::Duration;

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    UnitOfWork, clock::VirtualClock,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{pong, timeout_error},
    runtime::fixture::World,
};

#[derive(Debug, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Attempt), events(OrderPlaced))]
struct Order {
    id: String,
    n_changes: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, events(Deposited))]
struct Account {
    id: String,
    cents: u64,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
struct Deposited {
    account_id: String,
    cents: u64,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: &Deposited) {
        self.id.clone_from(&event.account_id);
        self.cents += event.cents;
    }
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, reply = String)]
enum Attempt {
    AddAndFail,
    AddTwice,
    AddAndReload,
    DepositTwiceAndReload,
    LoadMissing,
    FindMissing,
    Remove,
    RemoveUnloaded,
    RemoveAccount,
    RemoveAdded,
    AddUnchanged,
    Raise,
    RaiseUnregistered,
    RaiseForeignEvent,
    ReadTime,
    CreateIds,
}

struct Handler;

impl CommandHandler for Handler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::attempt);
    }
}

impl Handler {
    async fn attempt(&self, command: Attempt, work: &mut UnitOfWork) -> Result<String, Error> {
        match command {
            Attempt::AddAndFail => add_and_fail(work)?,
            Attempt::AddTwice => add_twice(work).await?,
            Attempt::AddAndReload => return add_and_reload(work).await,
            Attempt::DepositTwiceAndReload => return deposit_twice_and_reload(work).await,
            Attempt::LoadMissing => work.load::<Order>("ord-9").await.map(drop)?,
            Attempt::FindMissing => return find_missing(work).await,
            Attempt::Remove => return remove(work).await,
            Attempt::RemoveUnloaded => work.remove(new_order("ord-1"))?,
            Attempt::RemoveAccount => remove_account(work).await?,
            Attempt::RemoveAdded => remove_added(work).await?,
            Attempt::AddUnchanged => add_unchanged(work).await?,
            Attempt::Raise => work.raise(order_placed("ord-7"))?,
            Attempt::RaiseUnregistered => work.raise(pong("1"))?,
            Attempt::RaiseForeignEvent => raise_foreign_event(work)?,
            Attempt::ReadTime => return Ok(work.now().to_string()),
            Attempt::CreateIds => return Ok(format!("{} {}", work.new_id(), work.new_id())),
        }

        Ok(String::new())
    }
}

fn add_and_fail(work: &mut UnitOfWork) -> Result<(), Error> {
    work.add(new_order("ord-1"))?;
    work.add(new_account("acc-1", 100))?;

    Err(timeout_error())
}

async fn add_twice(work: &mut UnitOfWork) -> Result<(), Error> {
    let mut order = new_order("ord-1");
    order.n_changes = 1;
    work.add(order)?;

    let mut order: Order = work.load("ord-1").await?;
    order.n_changes += 1;
    work.add(order)
}

async fn add_and_reload(work: &mut UnitOfWork) -> Result<String, Error> {
    work.add(new_order("ord-1"))?;

    let order: Order = work.load("ord-1").await?;
    Ok(order.id)
}

async fn deposit_twice_and_reload(work: &mut UnitOfWork) -> Result<String, Error> {
    work.add(new_account("acc-1", 100))?;

    let mut account: Account = work.load("acc-1").await?;
    account.raise(money_deposited("acc-1", 50));
    work.add(account)?;

    let account: Account = work.load("acc-1").await?;
    Ok(account.cents.to_string())
}

async fn find_missing(work: &mut UnitOfWork) -> Result<String, Error> {
    let order = work.find::<Order>("ord-9").await?;
    let account = work.find::<Account>("acc-9").await?;

    Ok(format!("{order:?} {account:?}"))
}

async fn remove(work: &mut UnitOfWork) -> Result<String, Error> {
    let mut order: Order = work.load("ord-1").await?;
    order.raise(order_placed("ord-1"));
    work.remove(order)?;

    let order = work.find::<Order>("ord-1").await?;
    Ok(format!("{order:?}"))
}

async fn remove_account(work: &mut UnitOfWork) -> Result<(), Error> {
    let account: Account = work.load("acc-1").await?;

    work.remove(account)
}

async fn remove_added(work: &mut UnitOfWork) -> Result<(), Error> {
    work.add(new_order("ord-1"))?;

    let order: Order = work.load("ord-1").await?;
    work.remove(order)
}

async fn add_unchanged(work: &mut UnitOfWork) -> Result<(), Error> {
    let order: Order = work.load("ord-1").await?;

    work.add(order)
}

fn raise_foreign_event(work: &mut UnitOfWork) -> Result<(), Error> {
    let mut order = new_order("ord-1");
    order.raise(order_placed("ord-2"));

    work.add(order)
}

fn order_placed(order_id: &str) -> OrderPlaced {
    OrderPlaced {
        order_id: order_id.into(),
    }
}

/// Returns an order that raised `OrderPlaced`.
fn new_order(order_id: &str) -> Order {
    let mut order = Order {
        id: order_id.into(),
        n_changes: 0,
        raised: PendingEvents::default(),
    };

    order.raise(order_placed(order_id));

    order
}

fn money_deposited(account_id: &str, cents: u64) -> Deposited {
    Deposited {
        account_id: account_id.into(),
        cents,
    }
}

/// Returns an account that raised `Deposited`.
fn new_account(account_id: &str, cents: u64) -> Account {
    let mut account = Account::default();

    account.raise(money_deposited(account_id, cents));

    account
}

fn shop() -> World {
    World::new(
        Domain::builder("shop")
            .aggregate::<Order>()
            .aggregate::<Account>()
            .command_handler(Handler),
    )
}

/// Returns a world after each of the `earlier` attempts.
async fn shop_after<const N: usize>(earlier: [Attempt; N]) -> World {
    let world = shop();

    for attempt in earlier {
        world.app.process(attempt).await.expect("this can be done");
    }

    world
}

#[tokio::test]
async fn failed_handler_writes_nothing() {
    let world = shop();

    let err = world.app.process(Attempt::AddAndFail).await.unwrap_err();

    assert_eq!(err.to_string(), "charging the card failed");
    assert_eq!(world.app.load::<Order>("ord-1").await.unwrap(), None);
    assert_eq!(world.app.load::<Account>("acc-1").await.unwrap(), None);
    assert_eq!(world.stored_event_names().await, [""; 0]);
}

#[tokio::test]
async fn an_aggregate_that_is_added_twice_is_written_once() {
    let world = shop_after([Attempt::AddTwice]).await;

    let record = world.record().to_string();
    let writes: Vec<&str> = record
        .lines()
        .filter(|line| line.contains(" wrote "))
        .collect();

    insta::assert_snapshot!(writes.join("\n"), @r#"#3 <- #1 2026-01-01T00:00:00Z wrote aggregate Order `ord-1` {"id":"ord-1","n_changes":2}"#);
    assert_eq!(
        world.stored_event_names().await,
        ["OrderPlaced in order-ord-1"]
    );
}

#[tokio::test]
async fn added_aggregate_is_returned_by_the_next_load() {
    let world = shop();

    let id = world.app.process(Attempt::AddAndReload).await.unwrap();

    assert_eq!(id, "ord-1");
}

#[tokio::test]
async fn raised_event_is_folded_by_the_next_load() {
    let world = shop();

    let cents = world.app.process(Attempt::DepositTwiceAndReload).await;

    assert_eq!(cents.unwrap(), "150");
    let stored: Account = world.app.load("acc-1").await.unwrap().unwrap();
    assert_eq!(stored.cents, 150);
}

#[tokio::test]
async fn load_of_a_missing_aggregate_is_not_found() {
    let err = shop().app.process(Attempt::LoadMissing).await;

    let err = err.unwrap_err();
    assert!(err.is_not_found());
    insta::assert_snapshot!(err, @"there is no Order `ord-9`");
}

#[tokio::test]
async fn find_of_a_missing_aggregate_is_none() {
    let found = shop().app.process(Attempt::FindMissing).await;

    assert_eq!(found.unwrap(), "None None");
}

#[tokio::test]
async fn adding_a_stored_state_without_loading_conflicts() {
    let world = shop_after([Attempt::AddAndReload]).await;

    let err = world.app.process(Attempt::AddAndReload).await.unwrap_err();

    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"Handler could not write aggregate Order `ord-1`: expected nothing there, found version 1");
    assert_eq!(
        world.stored_event_names().await,
        ["OrderPlaced in order-ord-1"]
    );
}

#[tokio::test]
async fn adding_a_stored_stream_without_loading_conflicts() {
    let world = shop_after([Attempt::DepositTwiceAndReload]).await;

    let err = world.app.process(Attempt::DepositTwiceAndReload).await;

    let err = err.unwrap_err();
    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"Handler could not write stream `account-acc-1`: expected nothing there, found version 2");
}

#[tokio::test]
async fn removed_aggregate_is_gone_and_its_events_are_stored() {
    let world = shop_after([Attempt::AddTwice]).await;

    let found = world.app.process(Attempt::Remove).await.unwrap();

    assert_eq!(found, "None");
    assert_eq!(world.app.load::<Order>("ord-1").await.unwrap(), None);
    assert_eq!(world.stored_event_names().await.len(), 2);
}

#[tokio::test]
async fn removed_aggregate_can_be_added_again() {
    let world = shop_after([Attempt::AddTwice, Attempt::Remove]).await;

    world.app.process(Attempt::AddAndReload).await.unwrap();

    assert!(world.app.load::<Order>("ord-1").await.unwrap().is_some());
}

#[tokio::test]
async fn removal_needs_a_loaded_aggregate() {
    let err = shop().app.process(Attempt::RemoveUnloaded).await;

    let err = err.unwrap_err();
    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"Order `ord-1` cannot be removed: it was not loaded in this unit of work");
}

#[tokio::test]
async fn an_event_sourced_aggregate_cannot_be_removed() {
    let world = shop_after([Attempt::DepositTwiceAndReload]).await;

    let err = world.app.process(Attempt::RemoveAccount).await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"`Account` is event-sourced and cannot be removed: raise an event that ends it");
}

#[tokio::test]
async fn aggregate_added_and_removed_is_not_written() {
    let world = shop_after([Attempt::RemoveAdded]).await;

    assert_eq!(world.app.load::<Order>("ord-1").await.unwrap(), None);
    assert!(!world.record().to_string().contains("wrote"));
    assert_eq!(
        world.stored_event_names().await,
        ["OrderPlaced in order-ord-1"]
    );
}

#[tokio::test]
async fn unchanged_aggregate_is_not_written() {
    let world = shop_after([Attempt::AddTwice]).await;
    let n_before = world.record().to_string().matches(" wrote ").count();

    world.app.process(Attempt::AddUnchanged).await.unwrap();

    assert_eq!(n_before, 1);
    assert_eq!(world.record().to_string().matches(" wrote ").count(), 1);
}

#[tokio::test]
async fn event_can_be_raised_without_a_loaded_aggregate() {
    let world = shop_after([Attempt::Raise, Attempt::Raise]).await;

    assert_eq!(
        world.stored_event_names().await,
        ["OrderPlaced in order-ord-7", "OrderPlaced in order-ord-7"]
    );
}

#[tokio::test]
async fn an_event_that_is_not_registered_cannot_be_raised() {
    let err = shop().app.process(Attempt::RaiseUnregistered).await;

    let err = err.unwrap_err();
    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the event `Pong` is not registered: no aggregate of the domain has the category `table`; add the aggregate with `.aggregate::<..>()`, or `.event_from_outside::<Pong>()`");
}

#[tokio::test]
async fn an_aggregate_cannot_raise_the_event_of_another() {
    let err = shop().app.process(Attempt::RaiseForeignEvent).await;

    let err = err.unwrap_err();
    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"Order `ord-1` raised OrderPlaced with the id `ord-2` and the category `order`: an aggregate can raise only its own events");
}

#[tokio::test]
async fn time_is_that_of_the_clock() {
    let world = shop();
    world.clock.advance(Duration::from_secs(60));

    let now = world.app.process(Attempt::ReadTime).await.unwrap();

    assert_eq!(now, "2026-01-01T00:01:00Z");
    assert_eq!(VirtualClock::START.to_string(), "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn ids_are_those_of_the_id_source() {
    let first_ids = shop().app.process(Attempt::CreateIds).await.unwrap();
    let second_ids = shop().app.process(Attempt::CreateIds).await.unwrap();

    insta::assert_snapshot!(first_ids, @"6b92d1b5-89eb-8d12-a24d-fa6943eed766 87dfaefc-fa7b-84e9-8b76-ea7d59321dcd");
    assert_eq!(first_ids, second_ids);
}

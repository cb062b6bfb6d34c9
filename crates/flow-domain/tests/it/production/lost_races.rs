//! Many messages change the same value at once: nothing is lost, and nothing fails.

use std::time::Duration;

use flow_domain::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, Event,
    EventHandler, EventRoutes, PendingEvents, ProcessManager, ProcessManagerRoutes, Projection,
    Projector, ProjectorRoutes, RetryPolicy, Rows, UnitOfWork,
    handler::CircuitBreaker,
    message::Processing,
    record::{Table, TableKind},
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::production::fixture::{World, pass_time, spawn_engine};

const N: usize = 100;

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Sell), events(Sold))]
struct Till {
    id: String,
    n: usize,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[command(part_of = Till, id = till)]
struct Sell {
    till: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(part_of = Till, id = till)]
struct Sold {
    till: String,
    day: String,
}

struct TillHandler;

impl CommandHandler for TillHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::sell);
    }
}

impl TillHandler {
    async fn sell(&self, command: Sell, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut till: Till = work.find(&command.till).await?.unwrap_or_default();
        take_time().await;
        till.id.clone_from(&command.till);
        till.n += 1;
        till.raise(Sold {
            till: command.till,
            day: "today".to_owned(),
        });
        work.add(till)
    }
}

/// A store that is not in memory takes its time.
async fn take_time() {
    pass_time(Duration::from_millis(1)).await;
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = day)]
struct SalesPerDay {
    day: String,
    n: usize,
}

struct SalesProjector;

impl Projector for SalesProjector {
    type Projection = SalesPerDay;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_sold);
    }
}

impl SalesProjector {
    async fn on_sold(&self, event: Sold, rows: &mut Rows<'_, SalesPerDay>) -> Result<(), Error> {
        let n = rows.get(&event.day).await?.map_or(0, |row| row.n);
        take_time().await;
        rows.put(SalesPerDay {
            day: event.day,
            n: n + 1,
        })
        .await
    }
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id)]
struct Stock {
    id: String,
    n: usize,
    #[serde(skip)]
    raised: PendingEvents,
}

struct StockHandler;

impl EventHandler for StockHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_sold);
    }
}

impl StockHandler {
    async fn on_sold(&self, event: Sold, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut stock: Stock = work.find(&event.day).await?.unwrap_or_default();
        take_time().await;
        stock.id = event.day;
        stock.n += 1;
        work.add(stock)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct DayManager {
    n: usize,
}

impl ProcessManager for DayManager {
    const KEY: &'static str = "day";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_sold);
    }
}

impl DayManager {
    async fn on_sold(&mut self, _: Sold, _: &mut UnitOfWork) -> Result<(), Error> {
        take_time().await;
        self.n += 1;
        Ok(())
    }
}

type Register = fn(DomainBuilder) -> DomainBuilder;

/// The handlers of the event, each of which counts sales in one place.
const HANDLERS: [(&str, Register); 3] = [
    ("SalesProjector", |shop| shop.projector(SalesProjector)),
    ("StockHandler", |shop| shop.event_handler(StockHandler)),
    ("DayManager", |shop| shop.process_manager::<DayManager>()),
];

/// A domain without handlers of the event, which allows no failed attempt. `once` skips redeliveries.
fn shop(once: bool, concurrency: usize) -> DomainBuilder {
    Domain::builder("shop")
        .aggregate::<Till>()
        .aggregate::<Stock>()
        .projection::<SalesPerDay>()
        .command_handler(TillHandler)
        .subscriptions(|on| {
            on.retry(RetryPolicy::never())
                .circuit_breaker(Some(CircuitBreaker {
                    threshold: 1,
                    pause: Duration::from_secs(3_600),
                }))
                .concurrency(concurrency);
            if once {
                on.once();
            }
        })
}

/// Returns how many sales the row, the aggregate and the process manager of the day have counted.
async fn counted_sales(app: &App) -> [usize; 3] {
    let row = app.view::<SalesPerDay>().get("today").await.unwrap();
    let stock = app.load::<Stock>("today").await.unwrap();
    let table = Table::new(TableKind::ProcessManager, "DayManager");
    let manager = app.store().load(table, "today").await.unwrap();
    let manager: Option<DayManager> =
        manager.map(|stored| serde_json::from_str(stored.value.as_json()).unwrap());

    [
        row.map_or(0, |row| row.n),
        stock.map_or(0, |stock| stock.n),
        manager.map_or(0, |manager| manager.n),
    ]
}

/// Asserts that a subscription of these processes has lost races and no attempt.
async fn assert_only_races_lost(apps: &[App], subscription: &str) {
    let mut n_lost = 0;
    for app in apps {
        let health = app.health().await.unwrap();
        assert_eq!((health.dead_letters, health.lag()), (0, 0));

        let health = health.subscription(subscription).unwrap();
        assert_eq!((health.failed, health.paused_until), (0, None));
        n_lost += health.lost_races;
    }

    assert!(0 < n_lost, "{subscription} lost no race");
}

/// Processes commands at once; `till` returns the till of each.
async fn sell_at_once(app: &App, till: impl Fn(usize) -> String) {
    let sales = (0..N).map(|n| {
        let (app, till) = (app.clone(), till(n));
        tokio::spawn(async move { app.process(Sell { till }).await })
    });

    // `collect` spawns all of them before the first one runs.
    for sale in sales.collect::<Vec<_>>() {
        sale.await.unwrap().unwrap();
    }
}

async fn check_inline(once: bool) {
    for (idx, (handler, register)) in HANDLERS.into_iter().enumerate() {
        let app = World::new().app_with(register(shop(once, 1)), Processing::Sync);

        sell_at_once(&app, |n| format!("till-{n}")).await;

        assert_eq!(counted_sales(&app).await[idx], N, "{handler}");
        assert_only_races_lost(&[app], handler).await;
    }
}

#[tokio::test(start_paused = true)]
async fn inline_deliveries_that_lose_races_lose_nothing() {
    check_inline(false).await;
}

#[tokio::test(start_paused = true)]
async fn inline_once_deliveries_that_lose_races_lose_nothing() {
    check_inline(true).await;
}

#[tokio::test(start_paused = true)]
async fn processed_commands_that_lose_races_lose_nothing() {
    let domain = shop(false, 1).subscriptions(|on| {
        on.conflict_tries(100);
    });
    let app = World::new().app(domain);

    sell_at_once(&app, |_| "main".to_owned()).await;

    let till = app.load::<Till>("main").await.unwrap().unwrap();
    assert_eq!(till.n, N);
    assert_only_races_lost(&[app], "till:command").await;
}

/// Engines that share a store and a broker handle events and commands.
async fn check_engines(n_engines: usize, concurrency: usize, once: bool) -> Vec<App> {
    let world = World::new();
    let domain = || {
        let mut domain = shop(once, concurrency).subscriptions(|on| {
            on.unordered();
        });
        for (_, register) in HANDLERS {
            domain = register(domain);
        }
        domain
    };
    let apps: Vec<App> = (0..n_engines).map(|_| world.app(domain())).collect();
    let engines = apps
        .iter()
        .map(|app| spawn_engine(Engine::new(app.clone())));
    let engines: Vec<_> = engines.collect();
    // The engines share the partitions first. Otherwise one of them would do all the work.
    pass_time(Duration::from_secs(60)).await;

    for n in 0..N {
        let (till, day) = (format!("till-{n}"), "today".to_owned());
        apps[0].publish(Sold { till, day }).await.unwrap();
        let till = "main".to_owned();
        apps[0].submit(Sell { till }).await.unwrap();
    }
    pass_time(Duration::from_secs(300)).await;
    for engine in engines {
        engine.stop().await;
    }

    // Each command has caused another event.
    assert_eq!(counted_sales(&apps[0]).await, [2 * N; 3]);
    let till = apps[0].load::<Till>("main").await.unwrap().unwrap();
    assert_eq!(till.n, N);
    for (handler, _) in HANDLERS {
        assert_only_races_lost(&apps, handler).await;
    }
    apps
}

#[tokio::test(start_paused = true)]
async fn concurrent_deliveries_that_lose_races_lose_nothing() {
    let apps = check_engines(1, 16, false).await;
    assert_only_races_lost(&apps, "till:command").await;
}

#[tokio::test(start_paused = true)]
async fn two_engines_that_lose_races_lose_nothing() {
    check_engines(2, 16, true).await;
}

#[tokio::test(start_paused = true)]
async fn eight_engines_that_lose_races_lose_nothing() {
    check_engines(8, 1, true).await;
}

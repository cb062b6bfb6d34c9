//! How often a call that loses races is repeated, and which conflicts are not repeated.

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Error, PendingEvents,
    UnitOfWork, handler::SubscriptionOptions, message::Processing,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::CallLog,
    production::fixture::{World, pass_time},
};

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Add, Create, Rename))]
struct Account {
    id: String,
    n: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = id)]
struct Add {
    id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = id)]
struct Create {
    id: String,
}

/// Shall change only what its caller has seen.
#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = id)]
struct Rename {
    id: String,
    seen: u32,
}

fn add() -> Add {
    Add { id: "a".into() }
}

fn create() -> Create {
    Create { id: "a".into() }
}

type Meanwhile = dyn Fn() -> flow_domain::port::BoxFuture<'static, ()> + Send + Sync;

/// Runs `meanwhile` between a load and the commit.
struct AccountHandler {
    calls: CallLog,
    meanwhile: Arc<Meanwhile>,
}

impl CommandHandler for AccountHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::add);
        on.command(Self::create);
        on.command(Self::rename);
    }
}

impl AccountHandler {
    async fn add(&self, command: Add, work: &mut UnitOfWork) -> Result<(), Error> {
        self.calls.note("add");
        let mut account: Account = work.load(&command.id).await?;
        (self.meanwhile)().await;
        account.n += 1;
        work.add(account)
    }

    async fn create(&self, command: Create, work: &mut UnitOfWork) -> Result<(), Error> {
        self.calls.note("create");
        work.add(Account {
            id: command.id,
            ..Account::default()
        })
    }

    async fn rename(&self, command: Rename, work: &mut UnitOfWork) -> Result<(), Error> {
        self.calls.note("rename");
        let account: Account = work.load(&command.id).await?;
        if account.n != command.seen {
            let (seen, found) = (command.seen, account.n);
            return Err(Error::conflict("the caller", "the account", seen, found));
        }
        work.add(account)
    }
}

/// Two apps on one store. The second one adds `n_races` times while the first one decides.
async fn app(
    n_races: usize,
    race_time: Duration,
    configure: impl FnOnce(&mut SubscriptionOptions),
) -> (App, CallLog) {
    let world = World::new();
    let domain = |meanwhile, calls| {
        Domain::builder("bank")
            .aggregate::<Account>()
            .command_handler(AccountHandler { calls, meanwhile })
    };

    let nothing: Arc<Meanwhile> = Arc::new(|| Box::pin(async {}));
    let other = world.app_with(domain(nothing, CallLog::default()), Processing::Sync);
    other.process(create()).await.unwrap();

    let (races, other) = (CallLog::default(), Arc::new(other));
    let meanwhile: Arc<Meanwhile> = Arc::new(move || {
        let (races, other) = (races.clone(), Arc::clone(&other));
        Box::pin(async move {
            pass_time(race_time).await;
            if races.len() < n_races {
                races.note("race");
                other.process(add()).await.unwrap();
            }
        })
    });
    let calls = CallLog::default();
    let domain = domain(meanwhile, calls.clone()).subscriptions(configure);

    (world.app_with(domain, Processing::Sync), calls)
}

const AT_ONCE: Duration = Duration::from_millis(1);

async fn stored_number(app: &App) -> u32 {
    app.load::<Account>("a").await.unwrap().unwrap().n
}

#[tokio::test(start_paused = true)]
async fn command_that_loses_races_is_repeated() {
    let (app, calls) = app(9, AT_ONCE, |_| {}).await;

    app.process(add()).await.unwrap();

    assert_eq!(calls.len(), 10);
    assert_eq!(stored_number(&app).await, 10);
    let health = app.health().await.unwrap();
    assert_eq!(
        health.subscription("account:command").unwrap().lost_races,
        9
    );
}

#[tokio::test(start_paused = true)]
async fn command_that_loses_every_race_returns_the_conflict() {
    let (app, calls) = app(usize::MAX, AT_ONCE, |_| {}).await;

    let err = app.process(add()).await.unwrap_err();

    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"AccountHandler could not write aggregate Account `a`: expected version 10, found version 11; all 10 tries met a conflict: find out who else writes it meanwhile, or allow more with `.conflict_tries(..)` and `.time_limit(..)`");
    assert_eq!(calls.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn conflict_tries_of_one_repeats_nothing() {
    let (app, calls) = app(1, AT_ONCE, |on| {
        on.conflict_tries(1);
    })
    .await;

    let err = app.process(add()).await.unwrap_err();

    insta::assert_snapshot!(err, @"AccountHandler could not write aggregate Account `a`: expected version 1, found version 2");
    assert_eq!(calls.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn lost_races_end_at_the_time_limit() {
    let (app, calls) = app(usize::MAX, Duration::from_secs(2), |on| {
        on.conflict_tries(1_000).time_limit(Duration::from_secs(5));
    })
    .await;

    let err = app.process(add()).await.unwrap_err();

    // The first race is lost after 2 seconds; 5 seconds later no more calls begin.
    assert!(err.is_conflict());
    assert_eq!(calls.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn version_that_the_caller_has_seen_is_not_repeated() {
    let (app, calls) = app(0, AT_ONCE, |_| {}).await;
    app.process(add()).await.unwrap();
    let seen_before = Rename {
        id: "a".into(),
        seen: 0,
    };

    let err = app.process(seen_before).await.unwrap_err();

    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"the caller could not write the account: expected 0, found 1");
    assert_eq!(calls.take(), ["add", "rename"]);
}

#[tokio::test(start_paused = true)]
async fn addition_without_a_load_is_not_repeated() {
    let (app, calls) = app(0, AT_ONCE, |_| {}).await;

    let err = app.process(create()).await.unwrap_err();

    insta::assert_snapshot!(err, @"AccountHandler could not write aggregate Account `a`: expected nothing there, found version 1");
    assert_eq!(calls.take(), ["create"]);
}

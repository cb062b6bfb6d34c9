//! The bank with handlers that are wrong, or that it has not by itself.

use ::bank::{
    Account, AccountCommandHandler, AccountEvent, Balance, CloseAccount, OpenAccount, Transfer,
    TransferCommandHandler,
};
use flow_domain::{
    Domain, Error, EventHandler, EventRoutes, Projector, ProjectorRoutes, RetryPolicy, Rows,
    UnitOfWork,
};
use flow_harness::prelude::*;

use crate::{
    bank::{accounts, withdraw},
    diagnosis_in_both_modes,
    fixture::LabError,
};

/// The bank with `handler`, and with a balance that `projector` keeps.
fn bank_with_handlers<H: EventHandler, P: Projector>(
    mode: Mode,
    handler: fn() -> H,
    projector: fn() -> P,
) -> FlowHarness {
    FlowHarness::new(move || {
        Domain::builder("bank")
            .aggregate::<Account>()
            .aggregate::<Transfer>()
            .projection::<Balance>()
            .command_handler(AccountCommandHandler)
            .command_handler(TransferCommandHandler)
            .event_handler(handler())
            .projector(projector())
            .build()
    })
    .mode(mode)
}

/// Keeps a balance until it is zero, and forgets to when money is paid in.
#[derive(Debug)]
struct Stingy;

impl Projector for Stingy {
    type Projection = Balance;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_account_event);
    }
}

impl Stingy {
    async fn on_account_event(
        &self,
        event: AccountEvent,
        rows: &mut Rows<'_, Balance>,
    ) -> Result<(), Error> {
        match event {
            AccountEvent::AccountOpened {
                account_id, owner, ..
            } if owner == "Ada" => {
                rows.put(Balance {
                    account_id,
                    owner,
                    balance_cents: 0,
                    closed: false,
                })
                .await
            }
            AccountEvent::Withdrawn { account_id, .. } => rows.delete(account_id).await,
            _ => Ok(()),
        }
    }
}

/// Closes an account a month after money was taken out, and looks at each event once.
#[derive(Debug)]
struct Closer;

impl EventHandler for Closer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_account_event).issues::<CloseAccount>();
        on.subscription().once();
    }
}

impl Closer {
    async fn on_account_event(
        &self,
        event: AccountEvent,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let AccountEvent::Withdrawn { account_id, .. } = event else {
            return Ok(());
        };
        let month = std::time::Duration::from_secs(30 * 86_400);
        let due = work.now() + month;
        work.schedule(CloseAccount { account_id }, due).map(|_| ())
    }
}

/// Closes an account from which money was taken out, and then fails.
#[derive(Debug)]
struct Rash;

impl EventHandler for Rash {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_account_event).issues::<CloseAccount>();
        on.subscription().retry(RetryPolicy::attempts(1));
    }
}

impl Rash {
    async fn on_account_event(
        &self,
        event: AccountEvent,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let AccountEvent::Withdrawn { account_id, .. } = event else {
            return Ok(());
        };
        work.process(CloseAccount { account_id }).await?;
        Err(Error::failed("writing to the owner", LabError("no ink")))
    }
}

#[test]
fn change_was_rolled_back() {
    let flow = |mode| {
        bank_with_handlers(mode, || Rash, || Stingy)
            .given_events(accounts())
            .when(withdraw(100))
            .then_event(AccountEvent::AccountClosed {
                account_id: "acc-1".into(),
            })
            .then_handler_failed_saying::<Rash>("ink")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    12 what AccountCommandHandler did on CloseAccount was rolled back with Rash on Withdrawn: writing to the owner failed: there was no ink
    do what is done in one unit of work stays or goes together
    ");
}

#[test]
fn command_is_scheduled() {
    let flow = |mode| {
        bank_with_handlers(mode, || Closer, || Stingy)
            .given_events(accounts())
            .when(withdraw(100))
            .then_aggregate::<Account>("acc-1")
            .has(|account| account.closed)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    6 CloseAccount is scheduled for 2026-01-31T00:00:00Z, which has not come
    do let time pass before it is asked: `.when_time_passes(..)`
    ");
}

#[test]
fn redelivered_event_is_a_duplicate() {
    let flow = |mode| {
        bank_with_handlers(mode, || Closer, || Stingy)
            .given_events(accounts())
            .when(withdraw(30))
            .when_redelivered(1)
            .then_handled_by::<Closer>()
            .times(2)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    8 Closer had handled this Withdrawn before, and handles each `once`
    do a message with an id of its own is handled again; the same one is not
    ");
}

#[test]
fn bank_projector_wrote_nothing() {
    let flow = |mode| {
        bank_with_handlers(mode, || Closer, || Stingy)
            .when(OpenAccount {
                account_id: "acc-1".into(),
                owner: "Eve".into(),
                overdraft_limit_cents: 0,
            })
            .then_projection::<Balance>("acc-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    9 Stingy handled AccountOpened and wrote no Balance "acc-1"
    do look for a forgotten `work.add(..)` or `rows.put(..)` in Stingy
    "#);
}

#[test]
fn a_row_was_deleted() {
    let flow = |mode| {
        bank_with_handlers(mode, || Closer, || Stingy)
            .given_events(accounts())
            .when(withdraw(30))
            .then_projection::<Balance>("acc-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    11 Stingy handled Withdrawn and deleted Balance "acc-1", which was of Stingy on AccountOpened
    do look at what Stingy does to what is there already
    or 6 CloseAccount is scheduled for 2026-01-31T00:00:00Z, which has not come
    "#);
}

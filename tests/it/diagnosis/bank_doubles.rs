//! The bank with additional or replaced handlers that are wrong.

use std::time::Duration;

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
    diagnosis::{
        bank::{accounts, withdraw},
        diagnosis_text::diagnosis_in_both_modes,
    },
    fixture::LabError,
};

/// Returns the bank with `handler`, and with `projector` for its balance.
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

/// Creates balances only for Ada, and deletes a balance on a withdrawal.
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

/// Closes an account a month after a withdrawal, and handles each event once.
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

        let month = Duration::from_secs(30 * 86_400);
        let due = work.now() + month;
        work.process_at(due, CloseAccount { account_id })
            .map(|_| ())
    }
}

/// Closes an account after a withdrawal, and then fails.
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
            .then(expect::handler_failed_with_message::<Rash>("ink"))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    12 the work of AccountCommandHandler on CloseAccount was rolled back because Rash did not succeed on Withdrawn: writing to the owner failed: there was no ink
    do check why Rash did not succeed: a unit of work is committed or rolled back as a whole
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

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 6 CloseAccount is scheduled for 2026-01-31T00:00:00Z and is not due yet
    do let time pass before this step: `.when_time_passes(..)`
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

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    8 Closer skipped Withdrawn as a duplicate: it handles each message `once`, and it handled this one before
    do send a new Withdrawn: only a message with the same id is skipped
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
    perhaps 9 Stingy handled AccountOpened and wrote no Balance "acc-1"
    do look for a missing `rows.put(..)` in Stingy
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
    11 Stingy handled Withdrawn and deleted Balance "acc-1", which Stingy wrote when it handled AccountOpened
    do check what Stingy does with an existing Balance "acc-1"
    "#);
}

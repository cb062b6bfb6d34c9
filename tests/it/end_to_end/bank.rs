//! Level 2 on an event-sourced domain: transfers that are completed, rejected or refunded.

use ::bank::{
    Account, AccountError, Balance, CloseAccount, LineKind, OpenAccount, Statement, StatementLine,
    Transfer, TransferProcess, TransferStatus, TransferStep, Withdraw,
};
use flow_harness::prelude::*;
use pretty_assertions::assert_eq;

use crate::fixture::{account_opened, bank, money_deposited, transfer, transfer_failed};

fn balances(outcome: &Outcome) -> Vec<i64> {
    outcome
        .projections::<Balance>()
        .iter()
        .map(|row| row.balance_cents)
        .collect()
}

#[test]
fn a_withdrawal_beyond_the_overdraft_is_refused() {
    bank()
        .given_events((account_opened("acc-1"), money_deposited("acc-1", 100)))
        .when(Withdraw {
            account_id: "acc-1".into(),
            amount_cents: 151,
        })
        .then_rejected(AccountError::InsufficientFunds {
            available_cents: 150,
        })
        .then_no_events()
        .then_projection::<Balance>("acc-1")
        .has(|balance| balance.balance_cents == 100)
        .run();
}

#[test]
fn an_account_is_opened_once() {
    bank()
        .given_events(account_opened("acc-1"))
        .when(OpenAccount {
            account_id: "acc-1".into(),
            owner: "Eve".into(),
            overdraft_limit_cents: 0,
        })
        .then_rejected(AccountError::AlreadyOpened)
        .then_aggregate::<Account>("acc-1")
        .has(|account| account.owner == "Ada")
        .run();
}

#[test]
fn a_transfer_moves_the_money() {
    let outcome = bank()
        .given_events((
            account_opened("acc-1"),
            account_opened("acc-2"),
            money_deposited("acc-1", 100),
        ))
        .when(transfer(130))
        .then(expect::chain([
            "RequestTransfer",
            "TransferRequested",
            "WithdrawForTransfer",
            "TransferWithdrawn",
            "DepositForTransfer",
            "TransferDeposited",
            "CompleteTransfer",
            "TransferCompleted",
        ]))
        .then_process_manager::<TransferProcess>("trf-1")
        .has(|process| process.step == TransferStep::Done)
        .then_projection::<Statement>("acc-2")
        .has(|statement| statement.lines.len() == 1)
        .run();

    assert_eq!(balances(&outcome), [-30, 130]);
}

#[test]
fn a_transfer_beyond_the_overdraft_fails_and_moves_nothing() {
    let outcome = bank()
        .given_events((
            account_opened("acc-1"),
            account_opened("acc-2"),
            money_deposited("acc-1", 100),
        ))
        .when(transfer(151))
        .then_accepted()
        .then_event(transfer_failed("only 150 cents are available"))
        .then_aggregate::<Transfer>("trf-1")
        .has(|transfer| matches!(transfer.status, TransferStatus::Failed { .. }))
        .run();

    assert_eq!(balances(&outcome), [100, 0]);
}

#[test]
fn transfer_refused_by_the_target_is_refunded() {
    let line = |kind, amount_cents, balance_cents| StatementLine {
        kind,
        amount_cents,
        balance_cents,
    };

    let outcome = bank()
        .given_events((
            account_opened("acc-1"),
            account_opened("acc-2"),
            money_deposited("acc-1", 100),
        ))
        .given_command(CloseAccount {
            account_id: "acc-2".into(),
        })
        .when(transfer(30))
        .then_event(transfer_failed("the account is closed"))
        .then_projection::<Statement>("acc-1")
        .is(Statement {
            account_id: "acc-1".into(),
            lines: vec![
                line(LineKind::Deposit, 100, 100),
                line(LineKind::TransferOut, 30, 70),
                line(LineKind::TransferRefund, 30, 100),
            ],
        })
        .run();

    assert_eq!(balances(&outcome), [100, 0]);
}

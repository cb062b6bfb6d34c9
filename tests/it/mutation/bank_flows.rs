//! Typical test flows of the bank.

use ::bank::{
    Account, AccountError, AccountEvent, Balance, CloseAccount, CompleteTransfer, Deposit,
    DepositForTransfer, FailTransfer, LineKind, OpenAccount, RefundTransfer, RequestTransfer,
    Statement, StatementLine, Transfer, TransferCompleted, TransferDeposited, TransferProcess,
    TransferRefunded, TransferRequested, TransferStatus, TransferStep, TransferWithdrawn, Withdraw,
    WithdrawForTransfer,
};
use flow_harness::prelude::*;

use crate::{
    fixture::transfer_failed,
    mutation::flows::{FlowResult, NamedFlow},
};

pub(crate) const FLOWS: &[NamedFlow] = &[
    ("an account is opened", open_account),
    ("money is paid in", deposit_money),
    ("money is taken out", withdraw_money),
    ("too much is not taken out", withdraw_too_much),
    ("an account is closed", close_account),
    ("a transfer goes through", complete_transfer),
    ("a transfer is refused", fail_transfer),
    ("a transfer is given back", refund_transfer),
    ("a transfer goes to nobody", transfer_to_unknown_account),
];

fn account_opened(account_id: &str, owner: &str) -> AccountEvent {
    AccountEvent::AccountOpened {
        account_id: account_id.into(),
        owner: owner.into(),
        overdraft_limit_cents: 50,
    }
}

fn money_deposited(amount_cents: u64) -> AccountEvent {
    AccountEvent::Deposited {
        account_id: "acc-1".into(),
        amount_cents,
    }
}

fn two_accounts_opened() -> (AccountEvent, AccountEvent, AccountEvent) {
    (
        account_opened("acc-1", "Ada"),
        account_opened("acc-2", "Bob"),
        money_deposited(100),
    )
}

fn balance(account_id: &str, owner: &str, balance_cents: i64) -> Balance {
    Balance {
        account_id: account_id.into(),
        owner: owner.into(),
        balance_cents,
        closed: false,
    }
}

fn line(kind: LineKind, amount_cents: u64, balance_cents: i64) -> StatementLine {
    StatementLine {
        kind,
        amount_cents,
        balance_cents,
    }
}

fn statement(account_id: &str, lines: impl Into<Vec<StatementLine>>) -> Statement {
    Statement {
        account_id: account_id.into(),
        lines: lines.into(),
    }
}

fn request_transfer(to_account_id: &str, amount_cents: u64) -> RequestTransfer {
    RequestTransfer {
        transfer_id: "trf-1".into(),
        from_account_id: "acc-1".into(),
        to_account_id: to_account_id.into(),
        amount_cents,
    }
}

fn transfer_requested(to_account_id: &str, amount_cents: u64) -> TransferRequested {
    TransferRequested {
        transfer_id: "trf-1".into(),
        from_account_id: "acc-1".into(),
        to_account_id: to_account_id.into(),
        amount_cents,
    }
}

fn transfer_withdrawn(amount_cents: u64) -> TransferWithdrawn {
    TransferWithdrawn {
        account_id: "acc-1".into(),
        transfer_id: "trf-1".into(),
        amount_cents,
    }
}

fn withdraw_for_transfer(amount_cents: u64) -> WithdrawForTransfer {
    WithdrawForTransfer {
        account_id: "acc-1".into(),
        transfer_id: "trf-1".into(),
        amount_cents,
    }
}

fn deposit_for_transfer(account_id: &str, amount_cents: u64) -> DepositForTransfer {
    DepositForTransfer {
        account_id: account_id.into(),
        transfer_id: "trf-1".into(),
        amount_cents,
    }
}

fn is_failed(reason: &'static str) -> impl Fn(&Transfer) -> bool + Send + Sync {
    move |transfer| matches!(&transfer.status, TransferStatus::Failed { reason: found } if found == reason)
}

fn open_account(bank: &FlowHarness) -> FlowResult {
    bank.when(OpenAccount {
        account_id: "acc-1".into(),
        owner: "Ada".into(),
        overdraft_limit_cents: 50,
    })
    .then_events(account_opened("acc-1", "Ada"))
    .then_aggregate::<Account>("acc-1")
    .has(|account| account.owner == "Ada" && account.overdraft_limit_cents == 50)
    .then_projection::<Balance>("acc-1")
    .is(balance("acc-1", "Ada", 0))
    .then_projection::<Statement>("acc-1")
    .is(statement("acc-1", []))
    .try_run()
}

fn deposit_money(bank: &FlowHarness) -> FlowResult {
    bank.given_events((account_opened("acc-1", "Ada"), money_deposited(100)))
        .when(Deposit {
            account_id: "acc-1".into(),
            amount_cents: 20,
        })
        .then_events(money_deposited(20))
        .then_aggregate::<Account>("acc-1")
        .has(|account| account.balance_cents == 120)
        .then_projection::<Balance>("acc-1")
        .is(balance("acc-1", "Ada", 120))
        .then_projection::<Statement>("acc-1")
        .is(statement(
            "acc-1",
            [
                line(LineKind::Deposit, 100, 100),
                line(LineKind::Deposit, 20, 120),
            ],
        ))
        .try_run()
}

fn withdraw_money(bank: &FlowHarness) -> FlowResult {
    bank.given_events((account_opened("acc-1", "Ada"), money_deposited(100)))
        .when(Withdraw {
            account_id: "acc-1".into(),
            amount_cents: 130,
        })
        .then_events(AccountEvent::Withdrawn {
            account_id: "acc-1".into(),
            amount_cents: 130,
        })
        .then_aggregate::<Account>("acc-1")
        .has(|account| account.balance_cents == -30)
        .then_projection::<Balance>("acc-1")
        .is(balance("acc-1", "Ada", -30))
        .then_projection::<Statement>("acc-1")
        .has(|statement| statement.lines[1] == line(LineKind::Withdrawal, 130, -30))
        .try_run()
}

fn withdraw_too_much(bank: &FlowHarness) -> FlowResult {
    bank.given_events((account_opened("acc-1", "Ada"), money_deposited(100)))
        .when(Withdraw {
            account_id: "acc-1".into(),
            amount_cents: 151,
        })
        .then_rejected(AccountError::InsufficientFunds {
            available_cents: 150,
        })
        .then_no_events()
        .then_projection::<Balance>("acc-1")
        .is(balance("acc-1", "Ada", 100))
        .try_run()
}

fn close_account(bank: &FlowHarness) -> FlowResult {
    bank.given_events(account_opened("acc-1", "Ada"))
        .when(CloseAccount {
            account_id: "acc-1".into(),
        })
        .then_events(AccountEvent::AccountClosed {
            account_id: "acc-1".into(),
        })
        .then_aggregate::<Account>("acc-1")
        .has(|account| account.closed)
        .then_projection::<Balance>("acc-1")
        .has(|balance| balance.closed)
        .when(Deposit {
            account_id: "acc-1".into(),
            amount_cents: 20,
        })
        .then_rejected(AccountError::Closed)
        .try_run()
}

fn complete_transfer(bank: &FlowHarness) -> FlowResult {
    bank.given_events(two_accounts_opened())
        .when(request_transfer("acc-2", 130))
        .then_events((
            transfer_requested("acc-2", 130),
            transfer_withdrawn(130),
            TransferDeposited {
                account_id: "acc-2".into(),
                transfer_id: "trf-1".into(),
                amount_cents: 130,
            },
            TransferCompleted {
                transfer_id: "trf-1".into(),
            },
        ))
        .then(expect::commands((
            withdraw_for_transfer(130),
            deposit_for_transfer("acc-2", 130),
            CompleteTransfer {
                transfer_id: "trf-1".into(),
            },
        )))
        .then_aggregate::<Transfer>("trf-1")
        .has(|transfer| transfer.status == TransferStatus::Completed)
        .has(|transfer| transfer.to_account_id == "acc-2" && transfer.amount_cents == 130)
        .then_process_manager::<TransferProcess>("trf-1")
        .is(TransferProcess {
            step: TransferStep::Done,
            to_account_id: "acc-2".into(),
        })
        .then_projection::<Balance>("acc-1")
        .is(balance("acc-1", "Ada", -30))
        .then_projection::<Balance>("acc-2")
        .is(balance("acc-2", "Bob", 130))
        .then_projection::<Statement>("acc-2")
        .is(statement("acc-2", [line(LineKind::TransferIn, 130, 130)]))
        .try_run()
}

fn fail_transfer(bank: &FlowHarness) -> FlowResult {
    let reason = "only 150 cents are available";
    bank.given_events(two_accounts_opened())
        .when(request_transfer("acc-2", 151))
        .then_accepted()
        .then_events((transfer_requested("acc-2", 151), transfer_failed(reason)))
        .then_aggregate::<Transfer>("trf-1")
        .has(is_failed(reason))
        .then_process_manager::<TransferProcess>("trf-1")
        .has(|process| process.step == TransferStep::Done)
        .then_projection::<Balance>("acc-1")
        .is(balance("acc-1", "Ada", 100))
        .unchanged()
        .then_projection::<Balance>("acc-2")
        .is(balance("acc-2", "Bob", 0))
        .unchanged()
        .try_run()
}

fn refund_transfer(bank: &FlowHarness) -> FlowResult {
    let reason = "the account is closed";
    bank.given_events(two_accounts_opened())
        .given_command(CloseAccount {
            account_id: "acc-2".into(),
        })
        .when(request_transfer("acc-2", 30))
        .then_events((
            transfer_requested("acc-2", 30),
            transfer_withdrawn(30),
            TransferRefunded {
                account_id: "acc-1".into(),
                transfer_id: "trf-1".into(),
                amount_cents: 30,
            },
            transfer_failed(reason),
        ))
        .then(expect::commands((
            withdraw_for_transfer(30),
            deposit_for_transfer("acc-2", 30),
            RefundTransfer {
                account_id: "acc-1".into(),
                transfer_id: "trf-1".into(),
                amount_cents: 30,
            },
            FailTransfer {
                transfer_id: "trf-1".into(),
                reason: reason.into(),
            },
        )))
        .then_aggregate::<Transfer>("trf-1")
        .has(is_failed(reason))
        .then_projection::<Statement>("acc-1")
        .is(statement(
            "acc-1",
            [
                line(LineKind::Deposit, 100, 100),
                line(LineKind::TransferOut, 30, 70),
                line(LineKind::TransferRefund, 30, 100),
            ],
        ))
        .then_projection::<Balance>("acc-1")
        .is(balance("acc-1", "Ada", 100))
        .try_run()
}

fn transfer_to_unknown_account(bank: &FlowHarness) -> FlowResult {
    bank.given_events(two_accounts_opened())
        .when(request_transfer("acc-9", 30))
        .then_event(transfer_failed("there is no account `acc-9`"))
        .then(expect::projections::<Balance>().count(2))
        .then_projection::<Balance>("acc-1")
        .is(balance("acc-1", "Ada", 100))
        .try_run()
}

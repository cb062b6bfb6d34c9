//! The flows of the bank, printed by the harness: `cargo run --example bank`.
//!
//! Each function is a test without `#[test]`. A flow that fails panics in `run` with a report.
#![expect(clippy::print_stdout, reason = "the example prints its result")]

use bank::{
    Account, AccountError, AccountEvent, Balance, CloseAccount, Deposit, LineKind, OpenAccount,
    RequestTransfer, Statement, Transfer, TransferRefunded, TransferStatus, Withdraw,
};
use flow_harness::prelude::*;

fn main() {
    let bank = FlowHarness::new(bank::domain);
    println!("Four flows of the bank: each prints its story and its chain.");

    show(
        "A deposit is in the balance and on the statement",
        &deposit_changes_balance(&bank),
    );
    show("An overdraft has a limit", &overdraft_has_a_limit(&bank));
    show(
        "A transfer moves money between two accounts",
        &transfer_moves_money(&bank),
    );
    show(
        "A closed account rejects the deposit, and the money goes back",
        &refused_transfer_is_refunded(&bank),
    );

    heading("This flow fails on purpose: only 70 cents are left");
    println!("{}\n", wrong_balance(&bank));
}

fn deposit_changes_balance(bank: &FlowHarness) -> Outcome {
    bank.given_command(open("ada", 0))
        .when(deposit("ada", 100))
        .then_event(AccountEvent::Deposited {
            account_id: "ada".into(),
            amount_cents: 100,
        })
        .then_projection::<Balance>("ada")
        .is(balance(100))
        .then_projection::<Statement>("ada")
        .has(|statement| statement.lines[0].kind == LineKind::Deposit)
        .run()
}

fn overdraft_has_a_limit(bank: &FlowHarness) -> Outcome {
    bank.given_command(open("ada", 50))
        .when(withdraw("ada", 50))
        .then_aggregate::<Account>("ada")
        .has(|account| account.balance_cents == -50)
        .when(withdraw("ada", 1))
        .then_rejected(AccountError::InsufficientFunds { available_cents: 0 })
        .then_projection::<Balance>("ada")
        .is(balance(-50))
        .run()
}

fn transfer_moves_money(bank: &FlowHarness) -> Outcome {
    bank.given_command(open("ada", 0))
        .given_command(open("bob", 0))
        .given_command(deposit("ada", 100))
        .when(transfer_30())
        .then(expect::chain([
            "RequestTransfer",
            "TransferRequested",
            "WithdrawForTransfer",
            "TransferWithdrawn",
            "DepositForTransfer",
            "TransferDeposited",
            "CompleteTransfer",
        ]))
        .then_projection::<Balance>("ada")
        .is(balance(70))
        .then_projection::<Balance>("bob")
        .like(json!({ "balance_cents": 30 }))
        .then_aggregate::<Transfer>("trf-1")
        .has(|transfer| transfer.status == TransferStatus::Completed)
        .run()
}

fn refused_transfer_is_refunded(bank: &FlowHarness) -> Outcome {
    bank.given_command(open("ada", 0))
        .given_command(open("bob", 0))
        .given_command(deposit("ada", 100))
        .given_command(CloseAccount {
            account_id: "bob".into(),
        })
        .when(transfer_30())
        .then_event(TransferRefunded {
            account_id: "ada".into(),
            transfer_id: "trf-1".into(),
            amount_cents: 30,
        })
        .then(
            expect::projections::<Balance>()
                .any(|row| row.account_id == "ada" && row.balance_cents == 100)
                .none(|row| row.account_id == "bob" && row.balance_cents != 0),
        )
        .run()
}

fn wrong_balance(bank: &FlowHarness) -> FlowFailure {
    bank.given_command(open("ada", 0))
        .given_command(open("bob", 0))
        .given_command(deposit("ada", 100))
        .when(transfer_30())
        .then_projection::<Balance>("ada")
        .is(balance(100))
        .try_run()
        .expect_err("30 cents were moved")
}

fn show(title: &str, outcome: &Outcome) {
    heading(title);
    println!("{}\n\n{}", outcome.story(), outcome.chain());
}

fn heading(title: &str) {
    println!("\n\n{title}\n{}\n", "─".repeat(title.len()));
}

fn open(account_id: &str, overdraft_limit_cents: u64) -> OpenAccount {
    OpenAccount {
        account_id: account_id.into(),
        owner: account_id.to_uppercase(),
        overdraft_limit_cents,
    }
}

fn deposit(account_id: &str, amount_cents: u64) -> Deposit {
    Deposit {
        account_id: account_id.into(),
        amount_cents,
    }
}

fn withdraw(account_id: &str, amount_cents: u64) -> Withdraw {
    Withdraw {
        account_id: account_id.into(),
        amount_cents,
    }
}

fn transfer_30() -> RequestTransfer {
    RequestTransfer {
        transfer_id: "trf-1".into(),
        from_account_id: "ada".into(),
        to_account_id: "bob".into(),
        amount_cents: 30,
    }
}

fn balance(balance_cents: i64) -> Balance {
    Balance {
        account_id: "ada".into(),
        owner: "ADA".into(),
        balance_cents,
        closed: false,
    }
}

//! The event-sourced bank with one mistake, usually a mutation.

use ::bank::{
    Account, AccountEvent, Balance, CloseAccount, OpenAccount, Transfer, TransferCompleted,
    TransferDeposited, TransferFailed, TransferProcess, TransferRequested, TransferWithdrawn,
    Withdraw,
};
use flow_domain::testing::mutation::MutationKind;
use flow_harness::prelude::*;

use crate::{
    diagnosis::diagnosis_text::{diagnosis, diagnosis_in_both_modes},
    fixture::{account_opened, extend, money_deposited, mutation, swap, transfer},
};

/// Returns the bank in which `handler` has this mutation for `message`.
fn bank_with(mode: Mode, (handler, message): (&str, &str), kind: MutationKind) -> FlowHarness {
    let mutation = mutation(handler, message, kind);

    FlowHarness::new(move || ::bank::domain().map(|bank| bank.mutated(&mutation))).mode(mode)
}

fn bank(mode: Mode) -> FlowHarness {
    FlowHarness::new(::bank::domain).mode(mode)
}

pub(crate) fn accounts() -> [AccountEvent; 3] {
    [
        account_opened("acc-1"),
        account_opened("acc-2"),
        money_deposited("acc-1", 100),
    ]
}

pub(crate) fn withdraw(amount_cents: u64) -> Withdraw {
    Withdraw {
        account_id: "acc-1".into(),
        amount_cents,
    }
}

fn transfer_completed() -> TransferCompleted {
    TransferCompleted {
        transfer_id: "trf-1".into(),
    }
}

#[test]
fn bank_command_has_no_handler() {
    let flow = |mode| {
        let route = ("AccountCommandHandler", "DepositForTransfer");
        bank_with(mode, route, MutationKind::Unrouted)
            .given_events(accounts())
            .when(transfer(30))
            .then_event(transfer_completed())
            .then(expect::handler_failed_with_message::<TransferProcess>(
                "no handler",
            ))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 1 no handler for the command DepositForTransfer
    do add a route for DepositForTransfer to AccountCommandHandler, which handles other commands of the same aggregate: `on.command(..)`
    ");
}

#[test]
fn bank_command_was_rejected() {
    let flow = |mode| {
        bank(mode)
            .given_events(accounts())
            .when(withdraw(500))
            .then_projection::<Balance>("acc-1")
            .has(|row| row.balance_cents == -400)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    2 AccountCommandHandler rejected Withdraw: only 150 cents are available
    do set up the required state in a `given_..` step, if Withdraw should be accepted
    ");
}

#[test]
fn command_of_a_process_manager_was_rejected() {
    let flow = |mode| {
        bank(mode)
            .given_events(accounts())
            .when(transfer(500))
            .then(expect::event_matching(|_: &TransferWithdrawn| true))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    2 AccountCommandHandler rejected WithdrawForTransfer: only 150 cents are available
    do set up the required state in a `given_..` step, if WithdrawForTransfer should be accepted
    ");
}

#[test]
fn handler_issued_another_command() {
    let flow = |mode| {
        bank(mode)
            .given_events(accounts())
            .when(transfer(30))
            .then(expect::event_matching(|_: &TransferFailed| true))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 3 TransferProcess handled TransferRequested and issued WithdrawForTransfer, but no FailTransfer
    do check the conditions in TransferProcess that lead to FailTransfer
    ");
}

#[test]
fn projector_is_not_subscribed() {
    let flow = |mode| {
        bank_with(
            mode,
            ("BalanceProjector", "Withdrawn"),
            MutationKind::Unrouted,
        )
        .given_events(accounts())
        .when(withdraw(30))
        .then_projection::<Balance>("acc-1")
        .like(json!({ "balance_cents": 70 }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    4 Withdrawn was raised, but BalanceProjector does not handle it
    do add a route for Withdrawn to BalanceProjector: `on.event(Self::the_method)`
    ");
}

#[test]
fn process_manager_is_not_subscribed() {
    let flow = |mode| {
        let route = ("TransferProcess", "TransferDeposited");
        bank_with(mode, route, MutationKind::Unrouted)
            .given_events(accounts())
            .when(transfer(30))
            .then_event(transfer_completed())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 4 TransferDeposited was raised, but TransferProcess does not handle it
    do add a route for TransferDeposited to TransferProcess: `on.event(Self::the_method)`
    ");
}

#[test]
fn a_process_manager_was_not_started() {
    let flow = |mode| {
        bank(mode)
            .given_events(accounts())
            .when_event(TransferDeposited {
                account_id: "acc-2".into(),
                transfer_id: "trf-9".into(),
                amount_cents: 5,
            })
            .then(expect::event_matching(|_: &TransferCompleted| true))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"5 TransferProcess skipped TransferDeposited: no TransferProcess `trf-9` was started");
}

#[test]
fn bank_handler_failed() {
    let flow = |mode| {
        bank_with(mode, ("BalanceProjector", "Withdrawn"), MutationKind::Fails)
            .given_events(accounts())
            .when(withdraw(30))
            .then_projection::<Balance>("acc-1")
            .like(json!({ "balance_cents": 70 }))
            .then(expect::handler_failed_with_message::<
                ::bank::BalanceProjector,
            >("mutation"))
    };

    insta::assert_snapshot!(diagnosis(flow(Mode::Sync)), @"7 BalanceProjector failed on Withdrawn: the mutated handler failed: injected by a mutation");
}

#[test]
fn nested_handler_panicked() {
    let flow = |mode| {
        let route = ("AccountCommandHandler", "DepositForTransfer");
        bank_with(mode, route, MutationKind::Panics)
            .given_events(accounts())
            .when(transfer(30))
            .then_event(transfer_completed())
            .then(expect::handler_failed_with_message::<TransferProcess>(
                "mutation",
            ))
    };

    insta::assert_snapshot!(diagnosis(flow(Mode::Sync)), @"7 AccountCommandHandler failed on DepositForTransfer: panicked at crates/flow-domain/src/testing/mutation/apply.rs:LINE: injected by a mutation");
}

#[test]
fn row_has_another_id() {
    let flow = |mode| {
        let kind = MutationKind::Miswrites("Balance".into(), extend("account_id"));
        bank_with(mode, ("BalanceProjector", "AccountOpened"), kind)
            .when(OpenAccount {
                account_id: "acc-1".into(),
                owner: "Ada".into(),
                overdraft_limit_cents: 0,
            })
            .then_projection::<Balance>("acc-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 10 BalanceProjector handled AccountOpened and wrote Balance "acc-1x"; "acc-1" is the `account_id` of AccountOpened
    do check Balance "acc-1" in the test, or let BalanceProjector use the `account_id` of AccountOpened as the id
    "#);
}

#[test]
fn aggregate_has_another_id() {
    let flow = |mode| {
        let kind = MutationKind::Miswrites("TransferRequested".into(), extend("transfer_id"));
        bank_with(mode, ("TransferCommandHandler", "RequestTransfer"), kind)
            .given_events(accounts())
            .when(transfer(30))
            .then_aggregate::<Transfer>("trf-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 10 TransferCommandHandler handled RequestTransfer and wrote Transfer "trf-1x"; "trf-1" is the `transfer_id` of RequestTransfer
    do check Transfer "trf-1" in the test, or let TransferCommandHandler use the `transfer_id` of RequestTransfer as the id
    "#);
}

#[test]
fn event_carries_a_wrong_value() {
    let flow = |mode| {
        let kind = MutationKind::Miswrites(
            "TransferRequested".into(),
            swap("from_account_id", "to_account_id"),
        );
        bank_with(mode, ("TransferCommandHandler", "RequestTransfer"), kind)
            .given_events([
                account_opened("acc-1"),
                account_opened("acc-2"),
                money_deposited("acc-2", 100),
            ])
            .when(transfer(30))
            .then_aggregate::<Transfer>("trf-1")
            .like(json!({ "from_account_id": "acc-1" }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 15 TransferCommandHandler handled RequestTransfer and raised TransferRequested, the last event to set `from_account_id`; the value comes from TransferCommandHandler, but the `from_account_id` of RequestTransfer is "acc-1"
    do let TransferCommandHandler take `from_account_id` from the `from_account_id` of RequestTransfer, if "acc-1" is correct
    "#);
}

#[test]
fn field_was_set_by_an_event() {
    let flow = |mode| {
        bank(mode)
            .given_events(accounts())
            .when(withdraw(30))
            .then_aggregate::<Account>("acc-1")
            .like(json!({ "balance_cents": 60, "owner": "Eve" }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 15 AccountCommandHandler handled Withdraw and raised Withdrawn, the last event to set `balance_cents`
    AccountOpened from the test flow was the last event to set `owner`; the value is the `owner` of AccountOpened in the test flow
    ");
}

#[test]
fn bank_event_order_differs() {
    let flow = |mode| {
        let requested = TransferRequested {
            transfer_id: "trf-1".into(),
            from_account_id: "acc-1".into(),
            to_account_id: "acc-2".into(),
            amount_cents: 30,
        };
        let withdrawn = TransferWithdrawn {
            account_id: "acc-1".into(),
            transfer_id: "trf-1".into(),
            amount_cents: 30,
        };
        let deposited = TransferDeposited {
            account_id: "acc-2".into(),
            transfer_id: "trf-1".into(),
            amount_cents: 30,
        };

        bank(mode)
            .given_events(accounts())
            .when(transfer(30))
            .then_events((requested, deposited, withdrawn, transfer_completed()))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    16 the expected messages came in another order
    expected           found
    TransferRequested  TransferRequested
    TransferDeposited  TransferWithdrawn  <-
    TransferWithdrawn  TransferDeposited  <-
    TransferCompleted  TransferCompleted
    AccountCommandHandler sent TransferWithdrawn too early, when it handled WithdrawForTransfer
    do use `.then_event(..)` for each event, if the order does not matter
    ");
}

#[test]
fn bank_expectation_is_too_early() {
    let flow = |mode| {
        bank(mode)
            .given_events(accounts())
            .when(withdraw(100))
            .then_projection::<Balance>("acc-1")
            .has(|row| row.closed)
            .when(CloseAccount {
                account_id: "acc-1".into(),
            })
            .then_settled()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    17 the expectation holds only after step 4 (when CloseAccount { account_id: "acc-1" })
    do move the expectation after step 4
    "#);
}

#[test]
fn event_is_pending() {
    let flow = bank(Mode::Engine)
        .paused()
        .given_events(accounts())
        .when(withdraw(30))
        .then_projection::<Balance>("acc-1");

    insta::assert_snapshot!(diagnosis(flow), @"
    13 Withdrawn is pending in the outbox and not published yet
    do let the engine run before this step: `.when_engine_runs()`
    ");
}

#[test]
fn sync_mode_has_no_dead_letters() {
    let flow = bank(Mode::Sync)
        .given_events(accounts())
        .when(withdraw(30))
        .then(expect::dead_letters());

    insta::assert_snapshot!(diagnosis(flow), @"
    14 `Mode::Sync` retries nothing and stores no dead letters, but `expect::dead_letters` needs an engine
    do run the flow with `.mode(Mode::Engine)`
    ");
}

#[test]
fn aggregate_is_loaded_by_the_wrong_key() {
    let flow = |mode| {
        let kind = MutationKind::Misreads(swap("account_id", "transfer_id"));
        bank_with(mode, ("AccountCommandHandler", "WithdrawForTransfer"), kind)
            .given_events(accounts())
            .when(transfer(30))
            .then(expect::event_matching(|_: &TransferWithdrawn| true))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 18 AccountCommandHandler handled WithdrawForTransfer and looked up Account "trf-1" (the `transfer_id` of WithdrawForTransfer) instead of "acc-1" (the `account_id`)
    do let AccountCommandHandler use the `account_id` of WithdrawForTransfer as the id of Account
    "#);
}

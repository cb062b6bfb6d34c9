//! The bank, which is event-sourced throughout, with one thing wrong: most of it a mutation.

use ::bank::{
    Account, AccountEvent, Balance, CloseAccount, OpenAccount, RequestTransfer, Transfer,
    TransferCompleted, TransferDeposited, TransferFailed, TransferProcess, TransferRequested,
    TransferWithdrawn, Withdraw,
};
use flow_domain::mutation::{Edit, Mutation, MutationKind};
use flow_harness::prelude::*;

use crate::{diagnosis, diagnosis_in_both_modes};

/// The bank in which `handler` makes this mistake with `message`.
fn bank_with(mode: Mode, (handler, message): (&str, &str), change: MutationKind) -> FlowHarness {
    let mutation = Mutation {
        handler: handler.into(),
        message: message.into(),
        kind: change,
    };
    FlowHarness::new(move || ::bank::domain().map(|bank| bank.mutated(&mutation))).mode(mode)
}

fn bank(mode: Mode) -> FlowHarness {
    FlowHarness::new(::bank::domain).mode(mode)
}

fn opened(account_id: &str) -> AccountEvent {
    AccountEvent::AccountOpened {
        account_id: account_id.into(),
        owner: "Ada".into(),
        overdraft_limit_cents: 50,
    }
}

fn deposited(account_id: &str, amount_cents: u64) -> AccountEvent {
    AccountEvent::Deposited {
        account_id: account_id.into(),
        amount_cents,
    }
}

pub(crate) fn accounts() -> [AccountEvent; 3] {
    [opened("acc-1"), opened("acc-2"), deposited("acc-1", 100)]
}

pub(crate) fn withdraw(amount_cents: u64) -> Withdraw {
    Withdraw {
        account_id: "acc-1".into(),
        amount_cents,
    }
}

fn transfer(amount_cents: u64) -> RequestTransfer {
    RequestTransfer {
        transfer_id: "trf-1".into(),
        from_account_id: "acc-1".into(),
        to_account_id: "acc-2".into(),
        amount_cents,
    }
}

fn completed() -> TransferCompleted {
    TransferCompleted {
        transfer_id: "trf-1".into(),
    }
}

fn extend(field: &str) -> Edit {
    Edit::Extend(field.into())
}

fn swap(one: &str, other: &str) -> Edit {
    Edit::Swap(one.into(), other.into())
}

#[test]
fn bank_command_has_no_handler() {
    let flow = |mode| {
        let place = ("AccountCommandHandler", "DepositForTransfer");
        bank_with(mode, place, MutationKind::Unrouted)
            .given_events(accounts())
            .when(transfer(30))
            .then_event(completed())
            .then_handler_failed_saying::<TransferProcess>("nobody")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    1 nobody handles the command DepositForTransfer
    do name DepositForTransfer in the routes of AccountCommandHandler, which handles others of the same aggregate: `on.command(..)`
    ");
}

#[test]
fn bank_command_was_rejected() {
    let flow = |mode| {
        let overdrawn = bank(mode).given_events(accounts()).when(withdraw(500));
        overdrawn
            .then_projection::<Balance>("acc-1")
            .has(|row| row.balance_cents == -400)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    2 AccountCommandHandler refused Withdraw: only 150 cents are available
    do make what it asks for true in `given_..`, or expect the refusal: `.then_rejected(..)`
    ");
}

#[test]
fn command_of_a_process_manager_was_rejected() {
    let flow = |mode| {
        let too_much = bank(mode).given_events(accounts()).when(transfer(500));
        too_much.then_event_like(|_: &TransferWithdrawn| true)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    2 AccountCommandHandler refused WithdrawForTransfer: only 150 cents are available
    do make what it asks for true in `given_..`
    ");
}

#[test]
fn handler_issued_another_command() {
    let flow = |mode| {
        bank(mode)
            .given_events(accounts())
            .when(transfer(30))
            .then_event_like(|_: &TransferFailed| true)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    3 TransferProcess handled TransferRequested and issued no FailTransfer, but WithdrawForTransfer
    do look at what TransferProcess decides on: the branch that leads to FailTransfer was not taken
    or 3 TransferProcess handled TransferWithdrawn and issued no RefundTransfer, but DepositForTransfer
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

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    4 Withdrawn was raised, and BalanceProjector does not handle it
    do add it to the routes of BalanceProjector: `on.event(Self::on_..)`
    ");
}

#[test]
fn process_manager_is_not_subscribed() {
    let flow = |mode| {
        let place = ("TransferProcess", "TransferDeposited");
        bank_with(mode, place, MutationKind::Unrouted)
            .given_events(accounts())
            .when(transfer(30))
            .then_event(completed())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    4 TransferDeposited was raised, and TransferProcess does not handle it
    do add it to the routes of TransferProcess: `on.event(Self::on_..)`
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
            .then_event_like(|_: &TransferCompleted| true)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    5 TransferProcess let TransferDeposited go: no TransferProcess `trf-9` was started
    do if it should not be let go, look at `origin`, the deadline, or what starts the process manager
    ");
}

#[test]
fn bank_handler_failed() {
    let flow = |mode| {
        bank_with(mode, ("BalanceProjector", "Withdrawn"), MutationKind::Fails)
            .given_events(accounts())
            .when(withdraw(30))
            .then_projection::<Balance>("acc-1")
            .like(json!({ "balance_cents": 70 }))
            .then_handler_failed_saying::<::bank::BalanceProjector>("mutation")
    };

    insta::assert_snapshot!(diagnosis(flow(Mode::Sync)), @r#"
    7 BalanceProjector failed on Withdrawn: doing what it did before failed: a mutation
    do mend BalanceProjector, or expect what is so without it: `.then_handler_failed_saying::<BalanceProjector>("..")`
    "#);
}

#[test]
fn nested_handler_panicked() {
    let flow = |mode| {
        let place = ("AccountCommandHandler", "DepositForTransfer");
        bank_with(mode, place, MutationKind::Panics)
            .given_events(accounts())
            .when(transfer(30))
            .then_event(completed())
            .then_handler_failed_saying::<TransferProcess>("mutation")
    };

    insta::assert_snapshot!(diagnosis(flow(Mode::Sync)), @r#"
    7 AccountCommandHandler panicked on DepositForTransfer: at crates/flow-domain/src/mutation/apply.rs:LINE: a mutation
    do mend AccountCommandHandler, or expect what is so without it: `.then_handler_failed_saying::<AccountCommandHandler>("..")`
    "#);
}

#[test]
fn row_has_another_id() {
    let flow = |mode| {
        let change = MutationKind::Miswrites("Balance".into(), extend("account_id"));
        bank_with(mode, ("BalanceProjector", "AccountOpened"), change)
            .when(OpenAccount {
                account_id: "acc-1".into(),
                owner: "Ada".into(),
                overdraft_limit_cents: 0,
            })
            .then_projection::<Balance>("acc-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    10 BalanceProjector handled AccountOpened and wrote Balance "acc-1x"; "acc-1" is the `account_id` of AccountOpened
    do ask for Balance "acc-1x", or have BalanceProjector write it under its `account_id`
    "#);
}

#[test]
fn aggregate_has_another_id() {
    let flow = |mode| {
        let change = MutationKind::Miswrites("TransferRequested".into(), extend("transfer_id"));
        bank_with(mode, ("TransferCommandHandler", "RequestTransfer"), change)
            .given_events(accounts())
            .when(transfer(30))
            .then_aggregate::<Transfer>("trf-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    10 TransferCommandHandler handled RequestTransfer and wrote Transfer "trf-1x"; "trf-1" is the `transfer_id` of RequestTransfer
    do ask for Transfer "trf-1x", or have TransferCommandHandler write it under its `transfer_id`
    or 10 TransferCommandHandler handled CompleteTransfer and wrote Transfer "trf-1x" (one letter away)
    the id comes from TransferCommandHandler: the `transfer_id` of RequestTransfer is "trf-1"
    "#);
}

#[test]
fn event_carries_a_wrong_value() {
    let flow = |mode| {
        let change = MutationKind::Miswrites(
            "TransferRequested".into(),
            swap("from_account_id", "to_account_id"),
        );
        bank_with(mode, ("TransferCommandHandler", "RequestTransfer"), change)
            .given_events([opened("acc-1"), opened("acc-2"), deposited("acc-2", 100)])
            .when(transfer(30))
            .then_aggregate::<Transfer>("trf-1")
            .like(json!({ "from_account_id": "acc-1" }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    15 from_account_id was set last by TransferRequested, of TransferCommandHandler on RequestTransfer; the value comes from TransferCommandHandler: the `from_account_id` of RequestTransfer is "acc-1"
    do if from_account_id is to be "acc-1", have TransferCommandHandler take it from the `from_account_id` of RequestTransfer
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

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    15 balance_cents was set last by Withdrawn, of AccountCommandHandler on Withdraw
    owner was set last by AccountOpened, which was given; the value is as the sentence has it: the `owner` of AccountOpened
    or 4 Withdrawn was raised, and TransferProcess does not handle it
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
        let transferred = bank(mode).given_events(accounts()).when(transfer(30));
        transferred.then_events((requested, deposited, withdrawn, completed()))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    16 the same came in another order
    expected           found
    TransferRequested  TransferRequested
    TransferDeposited  TransferWithdrawn  <-
    TransferWithdrawn  TransferDeposited  <-
    TransferCompleted  TransferCompleted
    what came early is of AccountCommandHandler on WithdrawForTransfer
    do if the order does not matter, say `.then_event(..)` for each
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
    17 it is so after step 4, when CloseAccount { account_id: "acc-1" }, and was asked before
    do say it after step 4
    "#);
}

#[test]
fn event_is_pending() {
    let flow = bank(Mode::Engine)
        .paused()
        .given_events(accounts())
        .when(withdraw(30))
        .then_projection::<Balance>("acc-1");

    insta::assert_snapshot!(diagnosis(flow), @r"
    13 Withdrawn waits in the outbox, to be published: the engine has not run since
    do let the engine run first: `.when_engine_runs()`
    ");
}

#[test]
fn sync_mode_has_no_dead_letters() {
    let flow = bank(Mode::Sync)
        .given_events(accounts())
        .when(withdraw(30))
        .then_dead_letters();

    insta::assert_snapshot!(diagnosis(flow), @r"
    14 `Mode::Sync` tries nothing again and keeps no dead letters, and `then_dead_letters` asks for that
    do run it with `.mode(Mode::Engine)`
    ");
}

#[test]
fn aggregate_is_loaded_by_the_wrong_key() {
    let flow = |mode| {
        let change = MutationKind::Misreads(swap("account_id", "transfer_id"));
        bank_with(
            mode,
            ("AccountCommandHandler", "WithdrawForTransfer"),
            change,
        )
        .given_events(accounts())
        .when(transfer(30))
        .then_event_like(|_: &TransferWithdrawn| true)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    18 AccountCommandHandler handled WithdrawForTransfer and looked for Account "trf-1", its `transfer_id`, and not for "acc-1", its `account_id`
    do look it up by `account_id` in AccountCommandHandler
    "#);
}

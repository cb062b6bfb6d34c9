//! Tests the bank from the outside: commands in, views out, on the memory store.

use bank::{
    AccountError, AccountEvent, Balance, CloseAccount, Deposit, LineKind, OpenAccount,
    RequestTransfer, Statement, StatementLine, Transfer, TransferError, TransferRequested,
    TransferStatus, Withdraw,
};
use flow_domain::{App, Error, adapter::memory::MemoryStore};

/// Returns a bank with two accounts, each with an overdraft limit of 50 cents; `acc-1` holds 100
/// cents.
async fn bank() -> App {
    let domain = bank::domain().unwrap();
    let app = App::builder(domain).store(MemoryStore::default()).start();
    open(&app, "acc-1", "Ada").await;
    open(&app, "acc-2", "Bob").await;
    app.process(deposit("acc-1", 100)).await.unwrap();
    app
}

async fn open(app: &App, account_id: &str, owner: &str) {
    let command = OpenAccount {
        account_id: account_id.into(),
        owner: owner.into(),
        overdraft_limit_cents: 50,
    };
    app.process(command).await.unwrap();
}

fn deposit(account_id: &str, amount_cents: u64) -> Deposit {
    Deposit {
        account_id: account_id.into(),
        amount_cents,
    }
}

/// Returns a transfer from `acc-1`.
fn transfer_to(to_account_id: &str, amount_cents: u64) -> RequestTransfer {
    RequestTransfer {
        transfer_id: "trf-1".into(),
        from_account_id: "acc-1".into(),
        to_account_id: to_account_id.into(),
        amount_cents,
    }
}

fn requested(to_account_id: &str, amount_cents: u64) -> TransferRequested {
    TransferRequested {
        transfer_id: "trf-1".into(),
        from_account_id: "acc-1".into(),
        to_account_id: to_account_id.into(),
        amount_cents,
    }
}

fn line(kind: LineKind, amount_cents: u64, balance_cents: i64) -> StatementLine {
    StatementLine {
        kind,
        amount_cents,
        balance_cents,
    }
}

fn failed(reason: &str) -> TransferStatus {
    TransferStatus::Failed {
        reason: reason.into(),
    }
}

async fn balances(app: &App) -> Vec<i64> {
    let rows = app.view::<Balance>().query().all().await.unwrap();
    rows.iter().map(|row| row.balance_cents).collect()
}

async fn lines(app: &App, account_id: &str) -> Vec<StatementLine> {
    let statement = app.view::<Statement>().get(account_id).await.unwrap();
    statement.unwrap().lines
}

async fn status(app: &App) -> TransferStatus {
    let transfer = app.load::<Transfer>("trf-1").await.unwrap();
    transfer.unwrap().status
}

#[test]
fn wiring_has_no_warnings() {
    assert_eq!(bank::domain().unwrap().check(), []);
}

#[tokio::test]
async fn a_deposit_is_in_the_balance_and_on_the_statement() {
    let app = bank().await;

    app.process(deposit("acc-1", 20)).await.unwrap();

    assert_eq!(balances(&app).await, [120, 0]);
    let expected = [
        line(LineKind::Deposit, 100, 100),
        line(LineKind::Deposit, 20, 120),
    ];
    assert_eq!(lines(&app, "acc-1").await, expected);
}

#[tokio::test]
async fn a_withdrawal_beyond_the_overdraft_changes_nothing() {
    let app = bank().await;

    let command = Withdraw {
        account_id: "acc-1".into(),
        amount_cents: 151,
    };
    let err = app.process(command).await.unwrap_err();

    let available_cents = 150;
    let expected = AccountError::InsufficientFunds { available_cents };
    assert_eq!(err.rejection(), Some(&expected));
    assert_eq!(balances(&app).await, [100, 0]);
}

#[tokio::test]
async fn an_account_is_opened_once() {
    let app = bank().await;

    let command = OpenAccount {
        account_id: "acc-1".into(),
        owner: "Eve".into(),
        overdraft_limit_cents: 0,
    };
    let err = app.process(command).await.unwrap_err();

    assert_eq!(err.rejection(), Some(&AccountError::AlreadyOpened));
}

#[tokio::test]
async fn a_transfer_moves_the_money() {
    let app = bank().await;

    app.process(transfer_to("acc-2", 130)).await.unwrap();

    assert_eq!(status(&app).await, TransferStatus::Completed);
    assert_eq!(balances(&app).await, [-30, 130]);
    assert_eq!(
        lines(&app, "acc-2").await,
        [line(LineKind::TransferIn, 130, 130)]
    );
}

#[tokio::test]
async fn a_transfer_beyond_the_overdraft_fails() {
    let app = bank().await;

    app.process(transfer_to("acc-2", 151)).await.unwrap();

    assert_eq!(status(&app).await, failed("only 150 cents are available"));
    assert_eq!(balances(&app).await, [100, 0]);
}

#[tokio::test]
async fn transfer_to_a_closed_account_is_refunded() {
    let app = bank().await;
    let account_id = "acc-2".into();
    app.process(CloseAccount { account_id }).await.unwrap();

    app.process(transfer_to("acc-2", 30)).await.unwrap();

    assert_eq!(status(&app).await, failed("the account is closed"));
    let expected = [
        line(LineKind::Deposit, 100, 100),
        line(LineKind::TransferOut, 30, 70),
        line(LineKind::TransferRefund, 30, 100),
    ];
    assert_eq!(lines(&app, "acc-1").await, expected);
    assert_eq!(balances(&app).await, [100, 0]);
}

#[tokio::test]
async fn transfer_to_an_unknown_account_is_refunded() {
    let app = bank().await;

    app.process(transfer_to("acc-9", 30)).await.unwrap();

    assert_eq!(status(&app).await, failed("there is no account `acc-9`"));
    assert_eq!(balances(&app).await, [100, 0]);
}

#[tokio::test]
async fn a_transfer_is_requested_once() {
    let app = bank().await;
    app.process(transfer_to("acc-2", 30)).await.unwrap();

    let err = app.process(transfer_to("acc-2", 30)).await.unwrap_err();

    assert_eq!(err.rejection(), Some(&TransferError::AlreadyRequested));
    assert_eq!(balances(&app).await, [70, 30]);
}

#[tokio::test]
async fn transfer_requested_twice_moves_the_money_once() -> Result<(), Error> {
    let app = bank().await;

    app.publish([requested("acc-2", 30), requested("acc-2", 30)])
        .await?;

    assert_eq!(balances(&app).await, [70, 30]);
    Ok(())
}

#[tokio::test]
async fn published_deposit_is_available_for_a_transfer() -> Result<(), Error> {
    let app = bank().await;
    app.publish(AccountEvent::Deposited {
        account_id: "acc-1".into(),
        amount_cents: 5,
    })
    .await?;

    app.process(transfer_to("acc-2", 155)).await?;

    assert_eq!(balances(&app).await, [-50, 155]);
    Ok(())
}

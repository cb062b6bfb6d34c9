//! Numbers are compared and shown with all their digits, wherever values are compared.

use std::fmt;

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rejection, Rows, UnitOfWork, WiringErrors,
    message::Processing,
};
use flow_harness::{Flow, Invariant, expect, flow::Acted, prelude::*, unit::unit};
use serde::{Deserialize, Serialize};

use crate::fixture::{masked_panic_text, mismatch, report};

/// Numbers that a float of 64 bits, or a `serde_json::Value`, would round. The names are short, so
/// that a report shows the whole value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sum {
    wei: u128,
    seq: u64,
    lon: f64,
    fee: String,
}

fn sum() -> Sum {
    Sum {
        wei: 20_000_000_000_000_000_001,
        seq: u64::MAX,
        lon: 0.1,
        fee: "0.10".into(),
    }
}

/// The sum with another last digit, or bit, of each number.
fn other_sum() -> Sum {
    Sum {
        wei: 20_000_000_000_000_000_002,
        seq: u64::MAX - 1,
        lon: 0.1_f64.next_up(),
        fee: "0.11".into(),
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Mint), events(Minted))]
struct Wallet {
    id: String,
    sum: Sum,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Wallet, id = id)]
struct Mint {
    id: String,
    sum: Sum,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Wallet, id = id)]
struct Minted {
    id: String,
    sum: Sum,
}

/// The wallet may not hold this amount.
#[derive(Debug, PartialEq)]
struct TooMuch(u128);

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} wei are too much", self.0)
    }
}

impl std::error::Error for TooMuch {}
impl Rejection for TooMuch {}

impl Wallet {
    fn mint(&mut self) -> Result<(), TooMuch> {
        if self.id == "small" {
            return Err(TooMuch(self.sum.wei));
        }

        let (id, sum) = (self.id.clone(), self.sum.clone());
        self.raise(Minted { id, sum });
        Ok(())
    }
}

#[derive(Debug)]
struct WalletHandler;

impl CommandHandler for WalletHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::mint).raises::<Minted>();
    }
}

impl WalletHandler {
    async fn mint(&self, command: Mint, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut wallet = wallet(&command.id, command.sum);
        wallet.mint()?;
        work.add(wallet)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Balance {
    id: String,
    sum: Sum,
}

/// Projects what was minted; an engine gets other sum for the wallet `drift`.
#[derive(Debug)]
struct BalanceProjector;

impl Projector for BalanceProjector {
    type Projection = Balance;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_minted);
    }
}

impl BalanceProjector {
    async fn on_minted(&self, event: Minted, rows: &mut Rows<'_, Balance>) -> Result<(), Error> {
        let drifts = event.id == "drift" && rows.metadata().processing == Processing::Async;
        rows.put(Balance {
            id: event.id,
            sum: if drifts { other_sum() } else { event.sum },
        })
        .await
    }
}

fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("chain")
        .aggregate::<Wallet>()
        .projection::<Balance>()
        .command_handler(WalletHandler)
        .projector(BalanceProjector)
        .build()
}

fn wallet(id: &str, sum: Sum) -> Wallet {
    Wallet {
        id: id.to_owned(),
        sum,
        raised: PendingEvents::default(),
    }
}

fn balance(sum: Sum) -> Balance {
    Balance {
        id: "w".into(),
        sum,
    }
}

fn minted(sum: Sum) -> Minted {
    Minted {
        id: "w".into(),
        sum,
    }
}

fn mint(wallet: &str) -> Flow<'static, Acted> {
    FlowHarness::new(domain).when(Mint {
        id: wallet.to_owned(),
        sum: sum(),
    })
}

#[test]
fn exact_numbers_are_equal() {
    mint("w")
        .then_events(minted(sum()))
        .then_event(minted(sum()))
        .then(expect::event_matching(|event: &Minted| event.sum == sum()))
        .then_aggregate::<Wallet>("w")
        .is(wallet("w", sum()))
        .has(|wallet| wallet.sum == sum())
        .then_projection::<Balance>("w")
        .is(balance(sum()))
        .has(|row| row.sum == sum())
        .like(balance(sum()))
        .run();

    mint("small")
        .then_rejected(TooMuch(20_000_000_000_000_000_001))
        .run();
}

#[test]
fn event_with_another_last_digit_is_missing() {
    insta::assert_snapshot!(mismatch(mint("w").then_event(minted(other_sum()))), @r#"
    expected  Minted { id: "w", sum: {"fee":"0.11","lon":0.10000000000000002,"seq":18446744073709551614,"wei":20000000000000000002} }
    found     Minted { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001} }
              sum.fee  expected "0.11", found "0.10"
              sum.lon  expected 0.10000000000000002, found 0.1
              sum.seq  expected 18446744073709551614, found 18446744073709551615
              sum.wei  expected 20000000000000000002, found 20000000000000000001
    "#);
    insta::assert_snapshot!(mismatch(mint("w").then_events(minted(other_sum()))), @r#"
    expected  Minted
    found     Minted
              differs      Minted
                           sum.fee  expected "0.11", found "0.10"
                           sum.lon  expected 0.10000000000000002, found 0.1
                           sum.seq  expected 18446744073709551614, found 18446744073709551615
                           sum.wei  expected 20000000000000000002, found 20000000000000000001
    "#);
}

#[test]
fn event_that_matches_is_shown_with_all_digits() {
    let flow = mint("w").then(expect::event_matching(|event: &Minted| {
        event.sum.wei == other_sum().wei
    }));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Minted for which the closure returns true
    found     Minted { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001} }
    "#);
}

#[test]
fn row_with_another_last_digit_differs() {
    let row = || mint("w").then_projection::<Balance>("w");

    insta::assert_snapshot!(mismatch(row().is(balance(other_sum()))), @r#"
    expected  Balance "w" { id: "w", sum: {"fee":"0.11","lon":0.10000000000000002,"seq":18446744073709551614,"wei":20000000000000000002} }
    found     Balance "w" { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001} }
              sum.fee  expected "0.11", found "0.10"
              sum.lon  expected 0.10000000000000002, found 0.1
              sum.seq  expected 18446744073709551614, found 18446744073709551615
              sum.wei  expected 20000000000000000002, found 20000000000000000001
    "#);
    insta::assert_snapshot!(mismatch(row().like(balance(other_sum()))), @r#"
    expected  Balance "w" like { id: "w", sum: {"fee":"0.11","lon":0.10000000000000002,"seq":18446744073709551614,"wei":20000000000000000002} }
    found     Balance "w" { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001} }
              sum.fee  expected "0.11", found "0.10"
              sum.lon  expected 0.10000000000000002, found 0.1
              sum.seq  expected 18446744073709551614, found 18446744073709551615
              sum.wei  expected 20000000000000000002, found 20000000000000000001
    "#);
    insta::assert_snapshot!(mismatch(row().has(|row| row.sum == other_sum())), @r#"
    expected  Balance "w" for which the closure returns true
    found     Balance "w" { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001} }
    "#);
}

#[test]
fn aggregate_with_another_last_digit_differs() {
    let flow = mint("w")
        .then_aggregate::<Wallet>("w")
        .is(wallet("w", other_sum()));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Wallet "w" { id: "w", sum: {"fee":"0.11","lon":0.10000000000000002,"seq":18446744073709551614,"wei":20000000000000000002} }
    found     Wallet "w" { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001} }
              sum.fee  expected "0.11", found "0.10"
              sum.lon  expected 0.10000000000000002, found 0.1
              sum.seq  expected 18446744073709551614, found 18446744073709551615
              sum.wei  expected 20000000000000000002, found 20000000000000000001
    "#);
}

#[test]
fn rejection_with_another_last_digit_differs() {
    let flow = mint("small").then_rejected(TooMuch(20_000_000_000_000_000_002));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  Mint is rejected with TooMuch(20000000000000000002)
    found     Mint was rejected with TooMuch(20000000000000000001)
    ");
}

#[test]
fn given_state_with_another_last_digit_differs() {
    let flow = FlowHarness::new(domain)
        .given_aggregate(wallet("w", sum()))
        .given_events(minted(sum()))
        .when(Mint {
            id: "other".into(),
            sum: sum(),
        });

    let flow = flow
        .then_aggregate::<Wallet>("w")
        .is(wallet("w", sum()))
        .unchanged()
        .then_projection::<Balance>("w")
        .is(balance(other_sum()))
        .unchanged();
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Balance "w" { id: "w", sum: {"fee":"0.11","lon":0.10000000000000002,"seq":18446744073709551614,"wei":20000000000000000002} }
    found     Balance "w" { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001} }
              sum.fee  expected "0.11", found "0.10"
              sum.lon  expected 0.10000000000000002, found 0.1
              sum.seq  expected 18446744073709551614, found 18446744073709551615
              sum.wei  expected 20000000000000000002, found 20000000000000000001
    "#);
}

#[test]
fn unit_test_finds_another_last_digit() {
    let minted_wallet = || {
        unit::<Wallet>()
            .given_aggregate(wallet("w", sum()))
            .when(Wallet::mint)
    };
    minted_wallet()
        .then_events(minted(sum()))
        .is(wallet("w", sum()))
        .like(wallet("w", sum()));

    let text = masked_panic_text(|| minted_wallet().then_event(minted(other_sum())));
    insta::assert_snapshot!(text, @r#"
    unit test of Wallet failed: then event Minted      tests/it/assertions/exact_numbers.rs:LINE

      expected  Minted { id: "w", sum: {"fee":"0.11","lon":0.10000000000000002,"seq":18446744073709551614,"wei":20000000000000000002} }
      found     Minted { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001} }
                sum.fee  expected "0.11", found "0.10"
                sum.lon  expected 0.10000000000000002, found 0.1
                sum.seq  expected 18446744073709551614, found 18446744073709551615
                sum.wei  expected 20000000000000000002, found 20000000000000000001
    "#);
    let text = masked_panic_text(|| minted_wallet().is(wallet("w", other_sum())));
    insta::assert_snapshot!(text, @r#"
    unit test of Wallet failed: then Wallet "w" is      tests/it/assertions/exact_numbers.rs:LINE

      expected  Wallet "w" { id: "w", sum: {"fee":"0.11","lon":0.10000000000000002,"seq":18446744073709551614,"wei":20000000000000000002} }
      found     Wallet "w" { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001} }
                sum.fee  expected "0.11", found "0.10"
                sum.lon  expected 0.10000000000000002, found 0.1
                sum.seq  expected 18446744073709551614, found 18446744073709551615
                sum.wei  expected 20000000000000000002, found 20000000000000000001
    "#);
}

#[test]
fn differential_mode_finds_another_last_digit() {
    let flow = FlowHarness::new(domain)
        .disable_invariant(Invariant::Rebuild, "the projector drifts on purpose")
        .mode(Mode::Differential)
        .when(Mint {
            id: "drift".into(),
            sum: sum(),
        })
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  both modes end with the same state
    found     1 difference; if the test expects it, add `.allow_difference(..)`
              Balance "drift"
                Mode::Sync    {"id":"drift","sum":{"fee":"0.10","lon":0.1,"seq":18446744073709551615,"wei":20000000000000000001}}
                Mode::Engine  {"id":"drift","sum":{"fee":"0.11","lon":0.10000000000000002,"seq":18446744073709551614,"wei":20000000000000000002}}
    "#);
}

#[test]
fn like_needs_a_value_that_has_a_json_form() {
    let flow = FlowHarness::new(domain)
        .mode(Mode::Sync)
        .when(Mint {
            id: "w".into(),
            sum: sum(),
        })
        .then_projection::<Balance>("w")
        .like([f64::NAN]);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then Balance "w" like      tests/it/assertions/exact_numbers.rs:LINE

      expected  a value that has a JSON form
      found     serializing `[f64; 1]` failed: `[0]`: NaN has no JSON form, so it cannot be read back

    story   1 when   Mint { id: "w", sum: {"fee":"0.10","lon":0.1,"seq":18446744073709 .. }  accepted
            2 then   Balance "w" like                                                        FAILED

    chain  Mint                                WalletHandler  stored Wallet "w"
           └ Minted                            wallet-w @1
             └ BalanceProjector                wrote Balance "w"

    end    nothing pending · no handlers failed
    "#);
}

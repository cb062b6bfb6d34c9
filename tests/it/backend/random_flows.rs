//! Random flows of the sample domains, in memory and on a database.

use std::{env, time::Duration};

use ::bank::{BalanceProjector, CloseAccount, Deposit, OpenAccount, RequestTransfer, Withdraw};
use ::booking::{BookRoom, GuestMailer, PayRoom, ReleaseRoom, RoomListProjector, ServerDown};
use ::shop::{
    CancelOrder, ConfirmOrder, Fulfilment, InventoryEventHandler, OrderDashboardProjector,
    PaymentDeclined, PaymentReceived, PlaceOrder, ReceiveStock, StockReceived,
};
use flow_domain::record::TableKind;
use flow_harness::{backend::MemoryBackend, flow::Acted, outcome::Problem, prelude::*};
use rstest::rstest;

use crate::{
    backend::{
        comparison::{Mistake, WrongBackend},
        databases::Database,
    },
    fixture::{bank, rooms_with_mail_down, shop},
};

/// The flows of a test: a few, and many in a soak.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let n_seeds = if env::var("FLOW_SOAK").is_ok() {
        3_000
    } else {
        45
    };
    1..=n_seeds
}

/// Numbers that look random, and are the same in every run: `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn small(&mut self) -> u32 {
        u32::try_from(self.below(4)).expect("it is small")
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).expect("it is an index")]
    }
}

/// Covers all problems: the test is about two backends, and not about what the flow does.
struct Anything;

impl Expectation for Anything {
    fn check(&self, _outcome: &Outcome) -> Result<(), Mismatch> {
        Ok(())
    }

    fn covers(&self, _problem: &Problem<'_>, _outcome: &Outcome) -> bool {
        true
    }
}

type RandomFlow = Flow<'static, Acted>;

/// One of the sample domains.
#[derive(Clone, Copy, Debug)]
enum Sample {
    Shop,
    Bank,
    Booking,
}

impl Sample {
    fn harness(self, random: &mut Random) -> FlowHarness {
        let harness = match self {
            Self::Shop => shop(),
            Self::Bank => bank(),
            Self::Booking => rooms_with_mail_down(random.pick(&[0, 1, 9])),
        };
        harness.mode(random.pick(&[Mode::Sync, Mode::Engine, Mode::Engine]))
    }

    fn act(self, random: &mut Random, flow: RandomFlow) -> RandomFlow {
        match self {
            Self::Shop => shop_act(random, flow),
            Self::Bank => bank_act(random, flow),
            Self::Booking => booking_act(random, flow),
        }
    }

    fn fault(self, random: &mut Random) -> Fault {
        let stream = match self {
            Self::Shop => random.pick(&["order-ord-1", "inventory-tea"]),
            Self::Bank => random.pick(&["account-ada", "transfer-t-1"]),
            Self::Booking => "booking-b-1",
        };
        match (self, random.below(6)) {
            (_, 0) => Fault::restart_after(1 + random.small()),
            (_, 1) => Fault::publish().fails(),
            (_, 2) => Fault::append(stream).conflicts(),
            (Self::Shop, 3) => Fault::crash_after::<InventoryEventHandler>().commits(),
            (Self::Shop, 4) => Fault::handler::<Fulfilment>().fails(ServerDown),
            (Self::Shop, _) => Fault::handler::<OrderDashboardProjector>().panics("ouch"),
            (Self::Bank, 3) => Fault::crash_after::<BalanceProjector>().commits(),
            (Self::Bank, _) => Fault::handler::<BalanceProjector>()
                .fails(ServerDown)
                .times(9),
            (Self::Booking, 3) => Fault::crash_after::<GuestMailer>().commits(),
            (Self::Booking, 4) => Fault::handler::<GuestMailer>().fails(ServerDown).times(2),
            (Self::Booking, _) => Fault::handler::<RoomListProjector>().fails(ServerDown),
        }
    }
}

fn shop_act(random: &mut Random, flow: RandomFlow) -> RandomFlow {
    let order_id: String = random.pick(&["ord-1", "ord-2", "ord-3"]).into();
    let product_id: String = random.pick(&["tea", "pot"]).into();
    let (quantity, kind) = (random.small(), random.below(8));
    let place_order = |order_id: &str| PlaceOrder {
        order_id: order_id.into(),
        customer_id: "ada".into(),
        product_id: product_id.clone(),
        quantity,
        total_cents: 9_007_199_254_740_993,
    };

    match kind {
        0 => flow.when(ReceiveStock {
            product_id,
            quantity,
        }),
        1 => flow.when_all((place_order(&order_id), place_order("ord-1"))),
        2 => flow.when_event(PaymentReceived {
            payment_id: format!("pay-{order_id}"),
            order_id,
            amount_cents: 1,
        }),
        3 => flow.when_event(PaymentDeclined {
            payment_id: format!("pay-{order_id}"),
            order_id,
        }),
        4 => flow.when_submitted(ConfirmOrder { order_id }),
        5 => flow.when(CancelOrder {
            order_id,
            reason: "it's \u{1F375} \u{0} \"late\"".into(),
        }),
        _ => flow.when(place_order(&order_id)),
    }
}

fn bank_act(random: &mut Random, flow: RandomFlow) -> RandomFlow {
    let account_id: String = random.pick(&["ada", "bob", "eve"]).into();
    let amount_cents = 10 * u64::from(random.small());

    match random.below(7) {
        0 | 1 => flow.when(OpenAccount {
            owner: account_id.to_uppercase(),
            account_id,
            overdraft_limit_cents: amount_cents,
        }),
        2 => flow.when(Deposit {
            account_id,
            amount_cents,
        }),
        3 => flow.when_submitted(Withdraw {
            account_id,
            amount_cents,
        }),
        4 => flow.when(CloseAccount { account_id }),
        _ => flow.when(RequestTransfer {
            transfer_id: random.pick(&["t-1", "t-2"]).into(),
            from_account_id: account_id,
            to_account_id: random.pick(&["ada", "bob"]).into(),
            amount_cents,
        }),
    }
}

fn booking_act(random: &mut Random, flow: RandomFlow) -> RandomFlow {
    let booking_id: String = random.pick(&["b-1", "b-2", "b-3"]).into();

    match random.below(4) {
        0 => flow.when_submitted(PayRoom { booking_id }),
        1 => flow.when(ReleaseRoom { booking_id }),
        _ => flow.when(BookRoom {
            guest: format!("guest of {booking_id}"),
            booking_id,
        }),
    }
}

/// Returns the flow of a seed. `compare` sets the second backend.
fn random_flow(seed: u64, compare: impl Fn(FlowHarness) -> FlowHarness) -> RandomFlow {
    let mut random = Random(seed);
    let sample = random.pick(&[Sample::Shop, Sample::Bank, Sample::Booking]);
    let harness = compare(sample.harness(&mut random).backend(MemoryBackend));

    let first = match sample {
        Sample::Shop => {
            let received = |product_id: &str| StockReceived {
                product_id: product_id.into(),
                quantity: 3,
            };
            // Two events in one commit, of two streams.
            harness
                .given_events((received("tea"), received("pot")))
                .when(ReceiveStock {
                    product_id: "tea".into(),
                    quantity: 1,
                })
        }
        Sample::Bank => harness.when(OpenAccount {
            account_id: "ada".into(),
            owner: "Ada".into(),
            overdraft_limit_cents: 50,
        }),
        Sample::Booking => harness.when(BookRoom {
            booking_id: "b-1".into(),
            guest: "ada".into(),
        }),
    };
    let mut flow = first.then(Anything);
    for _ in 0..2 + random.below(6) {
        flow = match random.below(10) {
            0 => flow.when_time_passes(Duration::from_secs(3_600 * (1 + 24 * random.below(4)))),
            1 => flow.when_redelivered(1),
            2 => {
                let fault = sample.fault(&mut random);
                sample.act(&mut random, flow.with_fault(fault))
            }
            _ => sample.act(&mut random, flow),
        };
        flow = flow.then(Anything);
    }
    flow
}

/// Runs the flow of a seed. Returns whether the backends differ, and whether the flow passed.
#[track_caller]
fn run(seed: u64, compare: impl Fn(FlowHarness) -> FlowHarness) -> (Option<String>, bool) {
    match random_flow(seed, compare).try_run() {
        Ok(_) => (None, true),
        Err(failure) => {
            let difference = failure.is_backend_difference();
            (difference.then(|| failure.to_string()), false)
        }
    }
}

#[rstest]
fn random_flows_have_the_results_of_memory(
    #[values(Database::SqliteInMemory, Database::Postgres)] database: Database,
) {
    let mut n_passed = 0;
    for seed in seeds() {
        let (difference, has_passed) = run(seed, |harness| database.beside(harness));
        assert_eq!(difference, None, "seed {seed}");
        n_passed += u64::from(has_passed);
    }

    // Others fail alike, for example because of a fault that never happens.
    let n_flows = seeds().count() as u64;
    assert!(
        n_flows < 2 * n_passed,
        "only {n_passed} of {n_flows} flows pass"
    );
}

#[rstest]
fn random_flows_find_a_wrong_store(
    #[values(
        Mistake::Forgets(TableKind::Projection),
        Mistake::Forgets(TableKind::DeadLetter),
        Mistake::Forgets(TableKind::Inbox),
        Mistake::Forgets(TableKind::ProcessHistory),
        Mistake::ReversesMessages
    )]
    mistake: Mistake,
) {
    let is_found = |seed| {
        let (difference, _) = run(seed, |harness| {
            harness.compare_backend(WrongBackend(mistake))
        });
        difference.is_some()
    };

    assert!(seeds().any(is_found));
}

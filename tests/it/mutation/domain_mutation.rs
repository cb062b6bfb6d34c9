//! The effect of each kind of mutation on a domain.

use ::bank::{Balance, Deposit, OpenAccount};
use ::shop::{Fulfilment, InventoryEventHandler, OrderDashboard, OrderStatus};
use flow_domain::testing::mutation::{Mutation, MutationKind};
use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    fixture::{extend, mutation, payment_declined, place_order, stock_received, swap},
    mutation::flows::{BANK, SHOP, TestedDomain},
};

/// Returns the shop with one mutation.
fn shop_with(mode: Mode, handler: &str, message: &str, kind: MutationKind) -> FlowHarness {
    SHOP.harness_with_mutation(&mutation(handler, message, kind))
        .mode(mode)
}

#[test]
fn dropped_route_is_not_in_the_wiring() {
    let dropped = mutation(
        "InventoryEventHandler",
        "OrderPlaced",
        MutationKind::Unrouted,
    );

    let wiring = ::shop::domain().unwrap().mutated(&dropped).wiring();

    let handlers_of = |event: &str| {
        wiring
            .subscriptions
            .iter()
            .filter(|route| route.event == event)
            .map(|route| route.handler)
            .collect::<Vec<&str>>()
    };
    assert_eq!(
        handlers_of("OrderPlaced"),
        ["Fulfilment", "OrderDashboardProjector"]
    );
    assert_eq!(
        handlers_of("OrderCancelled"),
        ["InventoryEventHandler", "OrderDashboardProjector"]
    );
}

#[rstest]
fn a_command_without_its_route_has_no_handler(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let failure = shop_with(
        mode,
        "OrderCommandHandler",
        "PlaceOrder",
        MutationKind::Unrouted,
    )
    .when(place_order())
    .then_accepted()
    .try_run()
    .unwrap_err();

    let text = failure.to_string();
    assert!(text.contains("no handler for the command"), "{text}");
}

#[rstest]
fn misread_message_reaches_the_handler(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let misreads = MutationKind::Misreads(swap("customer_id", "order_id"));

    shop_with(mode, "OrderDashboardProjector", "OrderPlaced", misreads)
        .given_events(stock_received(100))
        .when(place_order())
        .then_event(crate::fixture::order_placed())
        .then_projection::<OrderDashboard>("cust-1")
        .is(OrderDashboard {
            order_id: "cust-1".into(),
            customer_id: "ord-1".into(),
            status: OrderStatus::Placed,
            total_cents: 9_995,
        })
        .run();
}

#[rstest]
fn miswritten_event_id_changes_another_aggregate(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let miswrites = MutationKind::Miswrites("StockReserved".into(), extend("product_id"));

    let result = shop_with(mode, "InventoryEventHandler", "OrderPlaced", miswrites)
        .given_events(stock_received(100))
        .when(place_order())
        .then(expect::handler_failed_with_message::<
            ::shop::StockLevelProjector,
        >("no StockLevel `prod-1x`"))
        .try_run();

    let outcome = match &result {
        Ok(outcome) => outcome,
        Err(failure) => failure.outcome().unwrap(),
    };
    let events = outcome.events();
    assert_eq!(
        events.last().unwrap().stream().to_string(),
        "inventory-prod-1x"
    );
}

#[test]
fn miswritten_command_id_reaches_another_aggregate() {
    let miswrites = MutationKind::Miswrites("CancelOrder".into(), extend("order_id"));

    shop_with(Mode::Sync, "Fulfilment", "PaymentDeclined", miswrites)
        .given_events(stock_received(100))
        .given_command(place_order())
        .when_event(payment_declined())
        .then(expect::handler_failed_with_message::<Fulfilment>(
            "there is no Order `ord-1x`",
        ))
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .unchanged()
        .run();
}

#[rstest]
fn miswritten_row_has_another_id(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let miswrites = MutationKind::Miswrites("OrderDashboard".into(), extend("order_id"));

    shop_with(mode, "OrderDashboardProjector", "OrderPlaced", miswrites)
        .given_events(stock_received(100))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .absent()
        .then_projection::<OrderDashboard>("ord-1x")
        .has(|row| row.order_id == "ord-1x")
        .run();
}

#[test]
fn miswritten_variant_is_changed_like_a_struct() {
    let misreads = MutationKind::Misreads(swap("account_id", "owner"));
    let mutation = mutation("BalanceProjector", "AccountOpened", misreads);

    BANK.harness_with_mutation(&mutation)
        .when(OpenAccount {
            account_id: "acc-1".into(),
            owner: "Ada".into(),
            overdraft_limit_cents: 50,
        })
        .then_projection::<Balance>("Ada")
        .has(|balance| balance.owner == "acc-1")
        .run();
}

#[rstest]
#[case(
    MutationKind::Fails,
    "the mutated handler failed: injected by a mutation"
)]
#[case(MutationKind::Panics, "panicked at")]
fn mutated_handler_fails_or_panics(#[case] kind: MutationKind, #[case] saying: &str) {
    shop_with(Mode::Sync, "InventoryEventHandler", "OrderPlaced", kind)
        .given_events(stock_received(100))
        .when(place_order())
        .then(expect::handler_failed_with_message::<InventoryEventHandler>(saying))
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .run();
}

#[test]
fn mutation_does_not_change_other_messages() {
    let mutation = mutation("BalanceProjector", "Withdrawn", MutationKind::Fails);

    BANK.harness_with_mutation(&mutation)
        .given_command(OpenAccount {
            account_id: "acc-1".into(),
            owner: "Ada".into(),
            overdraft_limit_cents: 50,
        })
        .when(Deposit {
            account_id: "acc-1".into(),
            amount_cents: 20,
        })
        .then_projection::<Balance>("acc-1")
        .has(|balance| balance.balance_cents == 20)
        .run();
}

#[test]
fn mutation_list_has_every_route_and_change() {
    let mutations_of = |tested_domain: TestedDomain, handler: &str, message: &str| {
        let texts: Vec<String> = tested_domain
            .mutations()
            .into_iter()
            .filter(|mutation| mutation.handler == handler && mutation.message == message)
            .map(|mutation| mutation.to_string())
            .collect();
        texts.join("\n")
    };

    insta::assert_snapshot!(mutations_of(SHOP, "Fulfilment", "PaymentReceived"), @"
    Fulfilment does not receive PaymentReceived
    Fulfilment fails on PaymentReceived
    Fulfilment panics on PaymentReceived
    Fulfilment reads PaymentReceived with order_id and payment_id swapped
    Fulfilment reads PaymentReceived with one character added to order_id
    Fulfilment reads PaymentReceived with one character added to payment_id
    Fulfilment handles PaymentReceived and writes ConfirmOrder with one character added to order_id
    Fulfilment handles PaymentReceived and writes Fulfilment with cancelled and paid swapped
    Fulfilment handles PaymentReceived and writes Fulfilment with cancelled and reserved swapped
    ");

    insta::assert_snapshot!(mutations_of(BANK, "BalanceProjector", "AccountOpened"), @"
    BalanceProjector does not receive AccountOpened
    BalanceProjector fails on AccountOpened
    BalanceProjector panics on AccountOpened
    BalanceProjector reads AccountOpened with account_id and owner swapped
    BalanceProjector reads AccountOpened with one character added to account_id
    BalanceProjector handles AccountOpened and writes Balance with account_id and owner swapped
    BalanceProjector handles AccountOpened and writes Balance with one character added to account_id
    ");
}

#[test]
fn mutation_seed_selects_the_mutations() {
    let mutations = |seed| Mutation::pick(SHOP.mutations(), 20, seed);

    assert_eq!(mutations(1), mutations(1));
    assert_ne!(mutations(1), mutations(2));
    assert_eq!(mutations(1).len(), 20);
}

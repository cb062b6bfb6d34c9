//! What each kind of mutation does to a domain.

use ::bank::{Balance, Deposit, OpenAccount};
use ::shop::{Fulfilment, InventoryEventHandler, OrderDashboard, OrderStatus};
use flow_domain::mutation::{Edit, Mutation, MutationKind};
use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    fixture::{declined, place, received},
    flows::{BANK, SHOP, TestedDomain},
};

fn mutation(handler: &str, message: &str, change: MutationKind) -> Mutation {
    Mutation {
        handler: handler.into(),
        message: message.into(),
        kind: change,
    }
}

fn swap(first: &str, second: &str) -> Edit {
    Edit::Swap(first.into(), second.into())
}

fn extend(field: &str) -> Edit {
    Edit::Extend(field.into())
}

/// The shop with one mistake in it.
fn shop_with(mode: Mode, handler: &str, message: &str, change: MutationKind) -> FlowHarness {
    SHOP.harness_with_mutation(&mutation(handler, message, change))
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

    let hears = |event: &str| {
        let routes = wiring.subscriptions.iter();
        let routes = routes.filter(|route| route.event == event);
        let handlers: Vec<&str> = routes.map(|route| route.handler).collect();
        handlers
    };

    assert_eq!(
        hears("OrderPlaced"),
        ["Fulfilment", "OrderDashboardProjector"]
    );
    assert_eq!(
        hears("OrderCancelled"),
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
    .when(place())
    .then_accepted()
    .try_run()
    .unwrap_err();

    let text = failure.to_string();
    assert!(text.contains("nobody handles the command"), "{text}");
}

#[rstest]
fn misread_message_reaches_the_handler(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let misreads = MutationKind::Misreads(swap("customer_id", "order_id"));

    shop_with(mode, "OrderDashboardProjector", "OrderPlaced", misreads)
        .given_events(received(100))
        .when(place())
        .then_event(crate::fixture::placed())
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

    let outcome = shop_with(mode, "InventoryEventHandler", "OrderPlaced", miswrites)
        .given_events(received(100))
        .when(place())
        .then_handler_failed_saying::<::shop::StockLevelProjector>("no StockLevel `prod-1x`")
        .try_run();

    let outcome = match &outcome {
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
        .given_events(received(100))
        .given_command(place())
        .when_event(declined())
        .then_handler_failed_saying::<Fulfilment>("there is no Order `ord-1x`")
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .run();
}

#[rstest]
fn miswritten_row_has_another_id(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let miswrites = MutationKind::Miswrites("OrderDashboard".into(), extend("order_id"));

    shop_with(mode, "OrderDashboardProjector", "OrderPlaced", miswrites)
        .given_events(received(100))
        .when(place())
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
#[case(MutationKind::Fails, "doing what it did before failed: a mutation")]
#[case(MutationKind::Panics, "panicked at")]
fn mutated_handler_fails_or_panics(#[case] change: MutationKind, #[case] saying: &str) {
    shop_with(Mode::Sync, "InventoryEventHandler", "OrderPlaced", change)
        .given_events(received(100))
        .when(place())
        .then_handler_failed_saying::<InventoryEventHandler>(saying)
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
    let of_route = |tested: TestedDomain, handler: &str, message: &str| {
        let of_route = tested
            .mutations()
            .into_iter()
            .filter(|one| one.handler == handler && one.message == message);
        let text: Vec<String> = of_route.map(|one| one.to_string()).collect();
        text.join("\n")
    };

    insta::assert_snapshot!(of_route(SHOP, "Fulfilment", "PaymentReceived"), @r"
    Fulfilment does not get PaymentReceived
    Fulfilment fails at PaymentReceived
    Fulfilment panics at PaymentReceived
    Fulfilment reads PaymentReceived with order_id and payment_id swapped
    Fulfilment reads PaymentReceived with a letter more in order_id
    Fulfilment reads PaymentReceived with a letter more in payment_id
    Fulfilment makes of PaymentReceived a ConfirmOrder with a letter more in order_id
    Fulfilment makes of PaymentReceived a Fulfilment with cancelled and paid swapped
    Fulfilment makes of PaymentReceived a Fulfilment with cancelled and reserved swapped
    ");

    insta::assert_snapshot!(of_route(BANK, "BalanceProjector", "AccountOpened"), @r"
    BalanceProjector does not get AccountOpened
    BalanceProjector fails at AccountOpened
    BalanceProjector panics at AccountOpened
    BalanceProjector reads AccountOpened with account_id and owner swapped
    BalanceProjector reads AccountOpened with a letter more in account_id
    BalanceProjector makes of AccountOpened a Balance with account_id and owner swapped
    BalanceProjector makes of AccountOpened a Balance with a letter more in account_id
    ");
}

#[test]
fn mutation_seed_selects_the_mutations() {
    let picked = |seed| Mutation::pick(SHOP.mutations(), 20, seed);

    assert_eq!(picked(1), picked(1));
    assert_ne!(picked(1), picked(2));
    assert_eq!(picked(1).len(), 20);
}

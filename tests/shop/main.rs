//! The flows of the shop.

use flow_harness::prelude::*;
use shop::*;

fn place() -> PlaceOrder {
    PlaceOrder {
        order_id: "ord-001".into(),
        customer_id: "cust-123".into(),
        product_id: "prod-1".into(),
        quantity: 2,
        total_cents: 9_995,
    }
}

#[test]
fn placing_an_order_reserves_stock() {
    let outcome = FlowHarness::new(shop::domain)
        .given_events(StockReceived {
            product_id: "prod-1".into(),
            quantity: 100,
        })
        .when(place())
        .then_events((
            OrderPlaced {
                order_id: "ord-001".into(),
                customer_id: "cust-123".into(),
                product_id: "prod-1".into(),
                quantity: 2,
                total_cents: 9_995,
            },
            StockReserved {
                product_id: "prod-1".into(),
                order_id: "ord-001".into(),
                quantity: 2,
            },
        ))
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .then_projection::<OrderDashboard>("ord-001")
        .is(OrderDashboard {
            order_id: "ord-001".into(),
            customer_id: "cust-123".into(),
            status: OrderStatus::Placed,
            total_cents: 9_995,
        })
        .when_event(PaymentReceived {
            payment_id: "pay-1".into(),
            order_id: "ord-001".into(),
            amount_cents: 9_995,
        })
        .then_commands(ConfirmOrder {
            order_id: "ord-001".into(),
        })
        .then_chain(["PaymentReceived", "ConfirmOrder", "OrderConfirmed"])
        .then_process_manager::<Fulfilment>("ord-001")
        .has(|f| f.is_complete())
        .then_handled_by::<OrderDashboardProjector>()
        .times(2)
        .run();
    println!("{}\n\n{}", outcome.story(), outcome.chain());
}

use flow_domain::ProcessManager;

#[test]
fn fails() {
    FlowHarness::new(shop::domain)
        .given_events(StockReceived {
            product_id: "prod-1".into(),
            quantity: 100,
        })
        .when(place())
        .then_projection::<OrderDashboard>("ord-01")
        .is(OrderDashboard {
            order_id: "ord-001".into(),
            customer_id: "cust-123".into(),
            status: OrderStatus::Confirmed,
            total_cents: 9_995,
        })
        .run();
}

//! Nested commands: a handler processes a command while it handles another one.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Rejection, UnitOfWork,
    message::{CausationId, CorrelationId, Metadata},
    record::EntryKind,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{fixture::timeout_error, runtime::fixture::World};

#[derive(Debug, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder, Audit, Cancel), events(OrderPlaced))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(Charge), events(Charged))]
struct Payment {
    order_id: String,
    cents: u64,
    #[serde(skip)]
    raised: PendingEvents,
}

/// How the handler of `PlaceOrder` reacts to the payment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum RejectionPolicy {
    /// Charges, and continues if the charge is rejected.
    Catches,
    /// Charges, and passes a rejection on.
    PassesOn,
    /// Charges, and fails afterwards.
    FailsAfterCharge,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id, reply = String)]
struct PlaceOrder {
    order_id: String,
    cents: u64,
    policy: RejectionPolicy,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order)]
struct Audit;

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct Cancel {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Payment, id = order_id, reply = u64)]
struct Charge {
    order_id: String,
    cents: u64,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Payment, id = order_id)]
struct Charged {
    order_id: String,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the card is not good for {0} cents")]
struct CardDeclined(u64);

impl Rejection for CardDeclined {}

struct OrderHandler;

impl CommandHandler for OrderHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place_order);
        on.command(Self::audit);
    }
}

impl OrderHandler {
    async fn place_order(
        &self,
        command: PlaceOrder,
        work: &mut UnitOfWork,
    ) -> Result<String, Error> {
        let PlaceOrder {
            order_id,
            cents,
            policy,
        } = command;

        let charge = Charge {
            order_id: order_id.clone(),
            cents,
        };
        let reply = match work.process(charge).await {
            Err(err) if policy == RejectionPolicy::PassesOn => return Err(err),
            Err(err) => format!("placed, though {err}"),
            Ok(cents) => format!("placed for {cents}"),
        };

        let mut order = Order {
            order_id: order_id.clone(),
            raised: PendingEvents::default(),
        };
        order.raise(OrderPlaced { order_id });
        work.add(order)?;

        match policy {
            RejectionPolicy::FailsAfterCharge => Err(timeout_error()),
            RejectionPolicy::Catches | RejectionPolicy::PassesOn => Ok(reply),
        }
    }

    async fn audit(&self, _: Audit, work: &mut UnitOfWork) -> Result<(), Error> {
        let order_id = "ord-1".into();
        work.process(Cancel { order_id }).await
    }
}

struct PaymentHandler;

impl CommandHandler for PaymentHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::charge);
    }
}

impl PaymentHandler {
    async fn charge(&self, command: Charge, work: &mut UnitOfWork) -> Result<u64, Error> {
        let Charge { order_id, cents } = command;
        let mut payment = Payment {
            order_id: order_id.clone(),
            cents,
            raised: PendingEvents::default(),
        };
        payment.raise(Charged { order_id });
        work.add(payment)?;

        match cents {
            0..1_000 => Ok(cents),
            1_000 => panic!("a bug in the gateway"),
            _ => Err(CardDeclined(cents))?,
        }
    }
}

fn shop() -> World {
    World::new(
        Domain::builder("shop")
            .aggregate::<Order>()
            .aggregate::<Payment>()
            .command_handler(OrderHandler)
            .command_handler(PaymentHandler),
    )
}

fn place_order(cents: u64, policy: RejectionPolicy) -> PlaceOrder {
    PlaceOrder {
        order_id: "ord-1".into(),
        cents,
        policy,
    }
}

/// Returns the metadata of the processed commands, in order.
fn commands(world: &World) -> Vec<Metadata> {
    let record = world.record();
    record
        .entries()
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::CommandReceived(envelope) => Some(envelope.metadata.clone()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn nested_reply_is_returned_to_the_outer_command() {
    let world = shop();

    let reply = world
        .app
        .process(place_order(500, RejectionPolicy::PassesOn))
        .await;

    assert_eq!(reply.unwrap(), "placed for 500");
    assert_eq!(
        world.stored_event_names().await,
        ["Charged in payment-ord-1", "OrderPlaced in order-ord-1"]
    );
}

#[tokio::test]
async fn a_nested_command_is_caused_by_the_outer_one() {
    let world = shop();

    world
        .app
        .process(place_order(500, RejectionPolicy::PassesOn))
        .await
        .unwrap();

    let commands = commands(&world);
    let [outer, nested] = &commands[..] else {
        panic!("{commands:?}")
    };

    assert_eq!(outer.causation, None);
    assert_eq!(nested.causation, Some(CausationId::from(outer.id)));
    assert_eq!(nested.correlation, CorrelationId::from(outer.id));
    assert_eq!(nested.stream.to_string(), "payment-ord-1");
}

#[tokio::test]
async fn event_is_caused_by_the_command_of_its_handler() {
    let world = shop();

    world
        .app
        .process(place_order(500, RejectionPolicy::PassesOn))
        .await
        .unwrap();

    let (commands, events) = (commands(&world), world.events().await);
    let [charged, placed] = &events[..] else {
        panic!("{events:?}")
    };

    let (outer, nested) = (commands[0].id, commands[1].id);
    assert_eq!(
        charged.metadata().causation,
        Some(CausationId::from(nested))
    );
    assert_eq!(charged.metadata().correlation, CorrelationId::from(outer));
    assert_eq!(placed.metadata().causation, Some(CausationId::from(outer)));
    assert_eq!(placed.metadata().correlation, CorrelationId::from(outer));
}

#[tokio::test]
async fn nested_rejection_passed_on_rejects_the_outer_command() {
    let world = shop();

    let err = world
        .app
        .process(place_order(9_000, RejectionPolicy::PassesOn))
        .await;

    let err = err.unwrap_err();
    assert_eq!(err.rejection(), Some(&CardDeclined(9_000)));
    assert_eq!(world.stored_event_names().await, [""; 0]);
}

#[tokio::test]
async fn nested_rejection_that_is_caught_rolls_back_its_writes() {
    let world = shop();

    let reply = world
        .app
        .process(place_order(9_000, RejectionPolicy::Catches))
        .await;

    assert_eq!(
        reply.unwrap(),
        "placed, though the card is not good for 9000 cents"
    );
    assert_eq!(
        world.stored_event_names().await,
        ["OrderPlaced in order-ord-1"]
    );
    assert!(world.app.load::<Order>("ord-1").await.unwrap().is_some());
    assert_eq!(world.app.load::<Payment>("ord-1").await.unwrap(), None);
    insta::assert_snapshot!(world.handler_outcomes(), @r#"
    rejected: the card is not good for 9000 cents; rolled back Charged in payment-ord-1, Payment "ord-1"
    handled
    "#);
}

#[tokio::test]
async fn nested_panic_that_is_caught_rolls_back_its_writes() {
    flow_domain::testing::remember_panic_locations();
    let world = shop();

    let reply = world
        .app
        .process(place_order(1_000, RejectionPolicy::Catches))
        .await;

    assert!(reply.unwrap().ends_with(": a bug in the gateway"));
    assert_eq!(
        world.stored_event_names().await,
        ["OrderPlaced in order-ord-1"]
    );
}

#[tokio::test]
async fn outer_failure_rolls_back_the_nested_command() {
    let world = shop();

    let err = world
        .app
        .process(place_order(500, RejectionPolicy::FailsAfterCharge))
        .await;

    assert!(!err.unwrap_err().is_rejection());
    assert_eq!(world.app.load::<Payment>("ord-1").await.unwrap(), None);
    assert_eq!(world.stored_event_names().await, [""; 0]);
}

#[tokio::test]
async fn nested_command_without_a_handler_is_an_error() {
    let err = shop().app.process(Audit).await.unwrap_err();

    assert!(err.is_no_handler());
    insta::assert_snapshot!(err, @"no handler for the command `Cancel`: add a route for it to OrderHandler, which handles other commands of the same aggregate: `on.command(..)`");
}

//! An event that is similar to the one a handler is subscribed to.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::diagnosis::diagnosis_text::diagnosis_in_both_modes;

/// Raises events without a subscriber, each similar to an event of [`BasketListProjector`].
#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = basket_id,
    commands(CheckOut),
    events(BasketPlaced, BasketPaidV2, BasketSended)
)]
struct Basket {
    basket_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Basket, id = basket_id)]
struct CheckOut {
    basket_id: String,
    how: String,
}

/// Has the same name as the event of the category `market`.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Basket, id = basket_id, name = "BasketPlaced")]
struct BasketPlaced {
    basket_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Basket, id = basket_id, name = "BasketPaid", version = 2)]
struct BasketPaidV2 {
    basket_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Basket, id = basket_id)]
struct BasketSended {
    basket_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "market", id = basket_id, name = "BasketPlaced")]
struct MarketBasketPlaced {
    basket_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "market", id = basket_id)]
struct BasketPaid {
    basket_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "market", id = basket_id)]
struct BasketSent {
    basket_id: String,
}

struct Checkout;

impl CommandHandler for Checkout {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::check_out);
    }
}

impl Checkout {
    async fn check_out(&self, command: CheckOut, work: &mut UnitOfWork) -> Result<(), Error> {
        let basket_id = command.basket_id;
        match command.how.as_str() {
            "place" => work.raise(BasketPlaced { basket_id }),
            "pay" => work.raise(BasketPaidV2 { basket_id }),
            _ => work.raise(BasketSended { basket_id }),
        }
    }
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = basket_id)]
struct BasketList {
    basket_id: String,
}

struct BasketListProjector;

impl Projector for BasketListProjector {
    type Projection = BasketList;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_placed);
        on.event(Self::on_paid);
        on.event(Self::on_sent);
    }
}

impl BasketListProjector {
    async fn on_placed(
        &self,
        event: MarketBasketPlaced,
        rows: &mut Rows<'_, BasketList>,
    ) -> Result<(), Error> {
        let basket_id = event.basket_id;
        rows.put(BasketList { basket_id }).await
    }

    async fn on_paid(&self, _: BasketPaid, _: &mut Rows<'_, BasketList>) -> Result<(), Error> {
        Ok(())
    }

    async fn on_sent(&self, _: BasketSent, _: &mut Rows<'_, BasketList>) -> Result<(), Error> {
        Ok(())
    }
}

fn baskets(mode: Mode) -> FlowHarness {
    FlowHarness::new(|| {
        Domain::builder("market")
            .aggregate::<Basket>()
            .event_from_outside::<MarketBasketPlaced>()
            .event_from_outside::<BasketPaid>()
            .event_from_outside::<BasketSent>()
            .projection::<BasketList>()
            .command_handler(Checkout)
            .projector(BasketListProjector)
            .build()
    })
    .mode(mode)
}

fn check_out(how: &str) -> CheckOut {
    CheckOut {
        basket_id: "b-1".into(),
        how: how.into(),
    }
}

#[test]
fn event_has_another_category() {
    let flow = |mode| {
        baskets(mode)
            .when(check_out("place"))
            .then_projection::<BasketList>("b-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 4 Basket.BasketPlaced was raised, but no handler handles it; BasketListProjector is subscribed to an event of this name in the category `market`, not `basket`
    do set `#[event(part_of = ..)]` to the aggregate that raises Basket.BasketPlaced; its category is now `market`
    ");
}

#[test]
fn event_has_another_version() {
    let flow = |mode| {
        baskets(mode)
            .when(check_out("pay"))
            .then_projection::<BasketList>("b-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 4 Basket.BasketPaid.v2 was raised, but no handler handles it; BasketListProjector is subscribed to market.BasketPaid
    do add a route for Basket.BasketPaid.v2 to BasketListProjector: `on.event(Self::the_method)`
    ");
}

#[test]
fn event_has_a_similar_name() {
    let flow = |mode| {
        baskets(mode)
            .when(check_out("send"))
            .then_projection::<BasketList>("b-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 4 BasketSended was raised, but no handler handles it; BasketListProjector is subscribed to BasketSent
    do add a route for BasketSended to the handler that needs it: `on.event(Self::the_method)`
    ");
}

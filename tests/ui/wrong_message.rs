//! A command where an event belongs, and an event where a command belongs.

use flow_domain::{
    CommandHandler, CommandRoutes, Error, EventHandler, EventRoutes, UnitOfWork,
};
use shop::{OrderPlaced, PlaceOrder};

struct Confused;

impl EventHandler for Confused {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_place_order);
    }
}

impl CommandHandler for Confused {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::order_placed);
    }
}

impl Confused {
    async fn on_place_order(&self, _: PlaceOrder, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }

    async fn order_placed(&self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}

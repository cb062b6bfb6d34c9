//! The error for a method that is not async shows the expected signature.

use flow_domain::{
    CommandHandler, CommandRoutes, Error, EventHandler, EventRoutes, UnitOfWork,
    doc_fixture::{OrderPlaced, PlaceOrder},
};

struct Shop;

impl CommandHandler for Shop {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place_order);
    }
}

impl EventHandler for Shop {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
    }
}

impl Shop {
    fn place_order(&self, _: PlaceOrder, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }

    fn on_order_placed(&self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}

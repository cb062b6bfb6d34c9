//! A method of an event handler without the unit of work.

use flow_domain::{Error, EventHandler, EventRoutes};
use shop::OrderPlaced;

struct Mailer;

impl EventHandler for Mailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
    }
}

impl Mailer {
    async fn on_order_placed(&self, _event: OrderPlaced) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Error, Event, PendingEvents, UnitOfWork,
};
use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;

/// An order of one coffee.
#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = order_id,
    commands(OrderCoffee, ServeCoffee),
    events(CoffeeOrdered, CoffeeServed)
)]
#[expect(
    clippy::struct_field_names,
    reason = "an id has the same name everywhere"
)]
pub(crate) struct Order {
    pub(crate) order_id: String,
    pub(crate) is_served: bool,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub(crate) struct OrderCoffee {
    pub(crate) order_id: String,
    pub(crate) guest_id: String,
    pub(crate) card_id: String,
    pub(crate) coffee: String,
    pub(crate) table: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub(crate) struct ServeCoffee {
    pub(crate) order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub(crate) struct CoffeeOrdered {
    pub(crate) order_id: String,
    pub(crate) guest_id: String,
    pub(crate) card_id: String,
    pub(crate) coffee: String,
    pub(crate) table: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub(crate) struct CoffeeServed {
    pub(crate) order_id: String,
}

/// Takes and serves orders.
pub(crate) struct OrderHandler {
    pub(crate) mistake: Option<Mistake>,
}

impl CommandHandler for OrderHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::order_coffee).raises::<CoffeeOrdered>();
        on.command(Self::serve_coffee).raises::<CoffeeServed>();
    }
}

impl OrderHandler {
    async fn order_coffee(&self, command: OrderCoffee, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut order = Order {
            order_id: command.order_id.clone(),
            ..Order::default()
        };
        order.raise(CoffeeOrdered {
            order_id: command.order_id,
            guest_id: command.guest_id,
            card_id: command.card_id,
            coffee: command.coffee,
            table: command.table,
        });

        work.add(order)
    }

    async fn serve_coffee(&self, command: ServeCoffee, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut order = work.load::<Order>(&command.order_id).await?;
        if order.is_served {
            return Ok(());
        }

        order.is_served = true;
        order.raise(CoffeeServed {
            order_id: command.order_id,
        });

        if self.mistake == Some(Mistake::ForgottenAdd) {
            return Ok(());
        }

        work.add(order)
    }
}

//! A mistake in a message is one error, without errors where it is used.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Error, Event, ProcessManager,
    ProcessManagerRoutes, Projection, Projector, ProjectorRoutes, PendingEvents, Rows, UnitOfWork,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder), events(OrderPlaced, OrderMoved))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = "Order", id = order_id, reply = u64)]
struct PlaceOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = oder_id)]
struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
enum OrderMoved {
    Shipped { order_id: String },
    Returned(String),
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order)]
struct OrderDashboard {
    order_id: String,
}

struct Shop;

impl CommandHandler for Shop {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place_order).raises::<(OrderPlaced, OrderMoved)>();
    }
}

impl Shop {
    async fn place_order(&self, command: PlaceOrder, work: &mut UnitOfWork) -> Result<u64, Error> {
        let mut order = work.load::<Order>(&command.order_id).await?;
        order.raise(OrderPlaced {
            order_id: command.order_id,
        });
        order.raise(OrderMoved::Returned("torn".into()));
        work.add(order)?;
        Ok(1)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Fulfilment;

impl ProcessManager for Fulfilment {
    const KEY: &'static str = "order_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_order_placed).issues::<PlaceOrder>();
    }
}

impl Fulfilment {
    async fn on_order_placed(&mut self, event: OrderPlaced, work: &mut UnitOfWork) -> Result<(), Error> {
        let order_id = event.order_id;
        work.process(PlaceOrder { order_id }).await?;
        Ok(())
    }
}

impl Projector for Shop {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_moved);
    }
}

impl Shop {
    async fn on_moved(&self, event: OrderMoved, rows: &mut Rows<'_, OrderDashboard>) -> Result<(), Error> {
        match event {
            OrderMoved::Shipped { order_id } | OrderMoved::Returned(order_id) => {
                rows.put(OrderDashboard { order_id }).await
            }
        }
    }
}

fn main() {}

//! A mistake in an aggregate is one error, without errors where it is used.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, UnitOfWork,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = oder_id, commands(PlaceOrder), events(OrderPlaced))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = account_id, event_sourcd, events(AccountOpened))]
struct Account {
    account_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Apply<AccountOpened> for Account {
    fn apply(&mut self, event: &AccountOpened) {
        self.account_id.clone_from(&event.account_id);
    }
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = product_id, event(StockReserved))]
struct Inventory {
    product_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = invoice_id, events(InvoiceSent))]
struct Invoice {
    invoice_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct PlaceOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
struct AccountOpened {
    account_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
struct StockReserved {
    product_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Invoice, id = invoice_id)]
struct InvoiceSent {
    invoice_id: String,
}

struct Shop;

impl CommandHandler for Shop {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place_order);
    }
}

impl EventHandler for Shop {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed).raises::<AccountOpened>();
    }
}

impl Shop {
    async fn place_order(&self, command: PlaceOrder, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut order = work.load::<Order>(&command.order_id).await?;
        order.raise(OrderPlaced {
            order_id: command.order_id,
        });
        work.add(order)
    }

    async fn on_order_placed(&self, event: OrderPlaced, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut account = Account::default();
        account.raise(AccountOpened {
            account_id: event.order_id.clone(),
        });
        work.add(account)?;
        let mut inventory = Inventory::default();
        inventory.raise(StockReserved {
            product_id: event.order_id.clone(),
        });
        work.add(inventory)?;
        let mut invoice = Invoice::default();
        invoice.raise(InvoiceSent {
            invoice_id: event.order_id,
        });
        work.add(invoice)
    }
}

fn main() {
    let _ = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Account>()
        .aggregate::<Inventory>()
        .aggregate::<Invoice>()
        .command_handler(Shop)
        .event_handler(Shop)
        .build();
}

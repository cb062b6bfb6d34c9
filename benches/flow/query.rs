//! Measures queries on declared fields, with few rows and with a million.

use std::hint::black_box;

use flow_domain::{
    App, Domain, Error, Event, Projection, Projector, ProjectorRoutes, Rows, View, WiringErrors,
    adapter::memory::MemoryStore, field,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::measure::{fastest_rounds, figure, ratio};

/// The number of orders of one customer.
const ORDERS_PER_CUSTOMER: u32 = 10;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "import", id = import_id)]
struct Imported {
    import_id: u32,
    n_orders: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = order_id, index(customer_id, total_cents))]
struct ImportedOrder {
    order_id: u32,
    customer_id: String,
    total_cents: u64,
}

struct OrderImporter;

impl Projector for OrderImporter {
    type Projection = ImportedOrder;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_imported);
    }
}

impl OrderImporter {
    async fn on_imported(
        &self,
        event: Imported,
        rows: &mut Rows<'_, ImportedOrder>,
    ) -> Result<(), Error> {
        let first = event.import_id * event.n_orders;
        for order_id in first..first + event.n_orders {
            let order = ImportedOrder {
                order_id,
                customer_id: customer_of(order_id),
                // A prime number spreads the totals.
                total_cents: u64::from(order_id) * 7_919 % 1_000_003,
            };
            rows.put(order).await?;
        }
        Ok(())
    }
}

fn customer_of(order_id: u32) -> String {
    format!("cust-{}", order_id / ORDERS_PER_CUSTOMER)
}

fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("import")
        .event_from_outside::<Imported>()
        .projection::<ImportedOrder>()
        .projector(OrderImporter)
        .build()
}

pub(crate) fn measure(quick: bool) {
    let sizes = if quick { [10, 100] } else { [1_000, 1_000_000] };
    let (rounds, n_queries) = if quick { (1, 1) } else { (20, 100) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime of one thread");

    let [small, large] = sizes.map(|n_rows| view(&runtime, n_rows));
    let work: [&mut dyn FnMut(); 4] = [
        &mut || first_page(&runtime, &small),
        &mut || first_page(&runtime, &large),
        &mut || of_customer(&runtime, &small),
        &mut || of_customer(&runtime, &large),
    ];
    let times = fastest_rounds(rounds, n_queries, work);

    let [n_small, n_large] = sizes;
    for (query, times) in ["limit-10", "filter"].into_iter().zip(times.chunks(2)) {
        figure(&format!("query-{query}-{n_small}-rows"), times[0]);
        figure(&format!("query-{query}-{n_large}-rows"), times[1]);
        ratio(
            &format!("query-{query}-{n_large}-over-{n_small}-rows"),
            times[1],
            times[0],
        );
    }
}

/// Returns a view with `n_rows` orders, after its first query has built the indexes.
fn view(runtime: &Runtime, n_rows: u32) -> View<ImportedOrder> {
    let app = App::builder(domain().expect("a domain that can work"))
        .store(MemoryStore::default())
        .start();
    let n_orders = n_rows.min(10_000);

    runtime.block_on(async {
        for import_id in 0..n_rows / n_orders {
            let import = Imported {
                import_id,
                n_orders,
            };
            app.publish(import).await.expect("all orders are imported");
        }
    });

    let view = app.view();
    first_page(runtime, &view);
    of_customer(runtime, &view);
    view
}

fn first_page(runtime: &Runtime, orders: &View<ImportedOrder>) {
    let query = orders.query().order_by_descending("total_cents").limit(10);
    let found = runtime.block_on(query.all()).expect("the query is valid");
    assert_eq!(found.len(), 10);
    black_box(found);
}

fn of_customer(runtime: &Runtime, orders: &View<ImportedOrder>) {
    let of_customer = field("customer_id").equals("cust-0");
    let query = orders.query().filter(of_customer);
    let found = runtime.block_on(query.all()).expect("the query is valid");
    assert_eq!(found.len(), ORDERS_PER_CUSTOMER as usize);
    black_box(found);
}

//! The shop as a program. Each start takes one more order, and prints all orders that its store has.
//!
//! ```console
//! cargo run -p shop
//! cargo run -p shop --features sqlite -- --store sqlite:shop.db
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the program prints its result"
)]

use std::{env, process::ExitCode, sync::Arc};

use flow_domain::{App, Error, adapter::memory::MemoryStore, port::Store};
use shop::{OrderDashboard, PaymentReceived, PlaceOrder, ReceiveStock};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        [] => run("memory").await,
        ["--store", address] => run(address).await,
        _ => Err(Error::setup(
            "expected no argument, or `--store` and a store",
        )),
    };

    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("shop: {}", err.with_causes());
            ExitCode::FAILURE
        }
    }
}

/// Takes an order, which the customer pays at once, and prints all orders.
async fn run(address: &str) -> Result<(), Error> {
    let domain = shop::domain().expect("the wiring has no mistakes");
    let app = App::builder(domain).shared_store(open(address)?).start();
    let orders = app.view::<OrderDashboard>();
    let n_found = orders.count().await?;
    println!("found {n_found} orders");

    let order_id = format!("ord-{:03}", n_found + 1);
    app.process(ReceiveStock {
        product_id: "tea".into(),
        quantity: 2,
    })
    .await?;
    app.process(PlaceOrder {
        order_id: order_id.clone(),
        customer_id: "ada".into(),
        product_id: "tea".into(),
        quantity: 2,
        total_cents: 1_200,
    })
    .await?;
    app.publish(PaymentReceived {
        payment_id: format!("pay-{order_id}"),
        order_id,
        amount_cents: 1_200,
    })
    .await?;

    for order in orders.query().all().await? {
        println!("{} {:?}", order.order_id, order.status);
    }
    app.close().await
}

/// Opens the store with this address: `memory`, or `sqlite:` and a file.
fn open(address: &str) -> Result<Arc<dyn Store>, Error> {
    match address.split_once(':') {
        None if address == "memory" => Ok(Arc::new(MemoryStore::default())),
        #[cfg(feature = "sqlite")]
        Some(("sqlite", file)) => Ok(Arc::new(flow_domain_sql::sqlite::SqliteStore::open(file)?)),
        #[cfg(not(feature = "sqlite"))]
        Some(("sqlite", _)) => Err(Error::setup(format!(
            "`{address}` needs the feature `sqlite`: use `cargo run -p shop --features sqlite`"
        ))),
        _ => Err(Error::setup(format!(
            "`{address}` is no store; expected `memory`, or `sqlite:` and a file"
        ))),
    }
}

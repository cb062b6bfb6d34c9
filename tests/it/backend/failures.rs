//! What a test says if its database fails.

use std::sync::Mutex;

use flow_harness::backend::{PostgresBackend, SqliteBackend};

use crate::{
    backend::own_server::OwnServer,
    fixture::{place_order, report, shop, stock_received},
};

#[test]
fn backend_without_a_server_fails_the_flow_at_its_first_step() {
    let backend = PostgresBackend::new("postgres://flow:geheim@127.0.0.1:1/flows");

    let flow = shop()
        .backend(backend)
        .given_events(stock_received(5))
        .when(place_order())
        .then_accepted();

    insta::assert_snapshot!(report(flow), @"
    flow failed before step 1: the backend opens no store      tests/it/backend/failures.rs:LINE

      expected  an empty store
      found     PostgreSQL at `127.0.0.1:1` gives no schema for the run: the server refuses connections; start the server,
                  or correct the address
    ");
}

#[test]
fn backend_without_a_folder_fails_the_flow_at_its_first_step() {
    let flow = shop()
        .backend(SqliteBackend::in_folder("/dev/null/runs"))
        .when(place_order())
        .then_accepted();

    insta::assert_snapshot!(report(flow), @"
    flow failed before step 1: the backend opens no store      tests/it/backend/failures.rs:LINE

      expected  an empty store
      found     SQLite gets no folder for the run in `/dev/null/runs`: Not a directory (os error 20); name a folder that the test may write to
    ");
}

#[test]
fn backend_whose_server_dies_fails_the_act() {
    let server = OwnServer::start();
    let backend = PostgresBackend::new(&server.url);
    let server = Mutex::new(Some(server));

    let flow = shop()
        .backend(backend)
        .given_events(stock_received(5))
        .when_with(|_| {
            *server.lock().unwrap() = None;
            place_order()
        })
        .then_accepted();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then accepted      tests/it/backend/failures.rs:LINE

      expected  PlaceOrder is accepted
      found     PlaceOrder failed: load failed in the postgres adapter: the server refuses connections: start it again, or correct the address

    story   1 given  StockReceived { product_id: "prod-1", quantity: 5 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  FAILED: load failed in the postgres adapter: the server ref ..
            3 then   accepted                                                     FAILED

    chain  PlaceOrder                          OrderCommandHandler  FAILED: load failed in the postgres adapter: the server refuses ..   <- here

    end    nothing pending · 1 handler failed
    "#);
}

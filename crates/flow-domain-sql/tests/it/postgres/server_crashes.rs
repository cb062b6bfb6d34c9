//! A server that is killed in the middle of commits, and started again.

use std::{
    env,
    sync::{Arc, Mutex},
    time::Duration,
};

use flow_domain::port::Store as _;
use flow_domain_sql::{SchemaName, postgres::PostgresStore};
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Notify;

use crate::{
    crashes::{check_units, unit},
    postgres::own_server::OwnServer,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_server_loses_nothing_acknowledged() {
    let n_kills = if env::var("FLOW_SOAK").is_ok() {
        100
    } else {
        2
    };
    let server = OwnServer::start();
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(2))
        .test_before_acquire(false)
        .connect(&server.url)
        .await
        .unwrap();
    let store = PostgresStore::with_pool(pool, SchemaName::new("shop").unwrap());
    store.migrate().await.unwrap();
    let store = Arc::new(store);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));

    for n in 0..n_kills {
        let enough = Arc::new(Notify::new());
        let writers = (0..4).map(|writer| {
            let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
            let enough = Arc::clone(&enough);
            tokio::spawn(async move {
                for number in (1 + n * 10_000 + writer..).step_by(4) {
                    if let Err(err) = store.commit(&unit(number)).await {
                        return err;
                    }
                    acknowledged.lock().unwrap().push(number);
                    if number % 10_000 > 20 + n * 7 % 50 {
                        enough.notify_one();
                    }
                }
                unreachable!("the server is killed before")
            })
        });
        let writers: Vec<_> = writers.collect();

        enough.notified().await;
        server.kill();
        for writer in writers {
            let err = writer.await.unwrap();
            assert!(!err.is_conflict(), "{}", err.with_causes());
        }
        server.restart();

        // The same store recovers by itself.
        let acknowledged = acknowledged.lock().unwrap().clone();
        check_units(&*store, &acknowledged).await;
    }
    store.close().await.unwrap();
}

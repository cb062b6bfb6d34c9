//! A server that is killed or stopped in the middle of commits, and started again.

use std::{
    env,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use flow_domain::{
    message::{Position, Version},
    port::{EventStore as _, Store as _},
};
use flow_domain_sql::{SchemaName, postgres::PostgresStore};
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Notify;

use crate::{
    crashes::{check_units, unit},
    postgres::own_server::OwnServer,
};

async fn store_on(server: &OwnServer) -> Arc<PostgresStore> {
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(2))
        .test_before_acquire(false)
        .connect(&server.url)
        .await
        .unwrap();
    let store = PostgresStore::with_pool(pool, SchemaName::new("shop").unwrap());
    store.migrate().await.unwrap();
    Arc::new(store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_server_loses_nothing_acknowledged() {
    let n_kills = if env::var("FLOW_SOAK").is_ok() {
        100
    } else {
        2
    };
    let server = OwnServer::start();
    let store = store_on(&server).await;
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

/// More connections wait in the pool than a read is tried.
#[tokio::test]
async fn read_survives_a_pool_of_dead_connections() {
    const N_CONNECTIONS: u32 = 12;
    let server = OwnServer::start();
    let pool = PgPoolOptions::new()
        .max_connections(N_CONNECTIONS)
        .test_before_acquire(false)
        .connect(&server.url)
        .await
        .unwrap();
    let store = PostgresStore::with_pool(pool.clone(), SchemaName::new("shop").unwrap());
    store.migrate().await.unwrap();
    store.commit(&unit(1)).await.unwrap();
    let mut connections = Vec::new();
    for _ in 0..N_CONNECTIONS {
        connections.push(pool.acquire().await.unwrap());
    }
    for mut connection in connections {
        connection.return_to_pool().await;
    }
    assert_eq!(pool.num_idle(), N_CONNECTIONS as usize);

    server.stop();
    server.restart();

    let events = store.read_category(None, Position::START, usize::MAX).await;
    assert_eq!(events.unwrap().len(), 1);
    store.close().await.unwrap();
}

/// Commits a unit, as often as it takes. A commit whose answer is lost may be there.
async fn commit_at_last(store: &PostgresStore, number: u32) {
    let changes = unit(number);
    let stream = &changes.events[0].metadata.stream;
    let is_there = async || loop {
        if let Ok(events) = store.read_stream(stream, Version::NONE, usize::MAX).await {
            let id = changes.events[0].metadata.id;
            break events.iter().any(|event| event.metadata().id == id);
        }
    };

    loop {
        match store.commit(&changes).await {
            Ok(_) => return,
            Err(err) if err.is_unknown() && is_there().await => return,
            Err(err) => assert!(!err.is_conflict(), "{}", err.with_causes()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_server_is_found_again_under_load() {
    let n_restarts = if env::var("FLOW_SOAK").is_ok() { 20 } else { 2 };
    let server = OwnServer::start();
    let store = store_on(&server).await;
    let (n_committed, is_over) = (
        Arc::new(AtomicU32::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let writers = (0..4).map(|writer| {
        let (store, n_committed) = (Arc::clone(&store), Arc::clone(&n_committed));
        let is_over = Arc::clone(&is_over);
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for number in (1 + writer..).step_by(4) {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                commit_at_last(&store, number).await;
                n_committed.fetch_add(1, Ordering::SeqCst);
                acknowledged.push(number);
            }
            acknowledged
        })
    });
    let writers: Vec<_> = writers.collect();

    for _ in 0..=n_restarts {
        let enough = n_committed.load(Ordering::SeqCst) + 50;
        while n_committed.load(Ordering::SeqCst) < enough {
            tokio::task::yield_now().await;
        }
        server.stop();
        server.restart();
    }
    is_over.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }

    check_units(&*store, &acknowledged).await;
    let events = store.read_category(None, Position::START, usize::MAX).await;
    assert_eq!(events.unwrap().len(), acknowledged.len(), "each one once");
    store.close().await.unwrap();
}

use std::{env, fs, path::PathBuf, process, sync::Arc, time::Duration};

use flow_domain::port::Store as _;
use flow_domain_sql::sqlite::SqliteStore;
use rusqlite::{Connection, params_from_iter};

use crate::{
    rate::{Rounds, blocking_rate, median, print_figure, print_ratio, rate},
    snapshots,
    unit::Writer,
};

pub(crate) async fn measure(quick: bool) {
    let folder = env::temp_dir().join(format!("flow-bench-{}", process::id()));
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let store = SqliteStore::open(folder.join("store.db")).expect("the file can be opened");
    let store = Arc::new(store);
    let floor = folder.join("floor.db");
    floor_connection(&floor)
        .execute_batch("create table floor (number integer primary key, value text)")
        .expect("the floor has a table");

    for n_writers in [1, 8] {
        commits(&store, &floor, n_writers, Rounds::new(quick)).await;
    }
    snapshots::measure("sqlite", Arc::clone(&store) as _, quick).await;
    store.close().await.expect("the store closes");
    fs::remove_dir_all(&folder).expect("the folder can be removed");
}

/// A connection with the same settings as the store.
fn floor_connection(path: &PathBuf) -> Connection {
    let connection = Connection::open(path).expect("the file can be opened");
    connection
        .busy_timeout(Duration::from_secs(10))
        .and_then(|()| connection.pragma_update(None, "journal_mode", "wal"))
        .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
        .expect("the settings are valid");
    connection
}

/// Measures commits and the floor in turns. The writers of the floor have a connection each.
async fn commits(store: &Arc<SqliteStore>, floor: &PathBuf, n_writers: u32, rounds: Rounds) {
    let name = |writer| format!("{writer}-of-{n_writers}");
    let writers: Vec<Writer> = (0..n_writers).map(|it| Writer::new(&name(it))).collect();
    let writers = Arc::new(writers);
    let (mut commit_rates, mut floor_rates, mut shares) = (Vec::new(), Vec::new(), Vec::new());

    for _ in 0..rounds.n {
        let floor_rate = blocking_rate(n_writers, rounds.duration, |writer| {
            let (connection, sample) = (floor_connection(floor), Writer::new(&name(writer)));
            move || {
                connection
                    .prepare_cached("insert into floor (value) values (?1), (?2), (?3), (?4), (?5)")
                    .and_then(|mut insert| insert.execute(params_from_iter(sample.texts())))
                    .expect("the insert succeeds");
            }
        });

        let (store, writers) = (Arc::clone(store), Arc::clone(&writers));
        let commit_rate = rate(n_writers, rounds.duration, move |writer| {
            let (store, writers) = (Arc::clone(&store), Arc::clone(&writers));
            async move {
                let changes = writers[writer as usize].next();
                store.commit(&changes).await.expect("nobody else writes");
            }
        })
        .await;

        floor_rates.push(floor_rate);
        commit_rates.push(commit_rate);
        shares.push(commit_rate / floor_rate);
    }

    print_figure(
        &format!("sqlite-floor-{n_writers}"),
        median(floor_rates),
        "per second",
    );
    print_figure(
        &format!("sqlite-commit-{n_writers}"),
        median(commit_rates),
        "per second",
    );
    print_ratio(
        &format!("sqlite-commit-{n_writers}-over-floor"),
        median(shares),
    );
}

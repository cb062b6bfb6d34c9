//! Commits to a server that is further away: each round trip takes a millisecond longer.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use flow_domain::port::Store as _;
use flow_domain_sql::{SchemaName, postgres::PostgresStore};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    postgres::{SCHEMA, insert},
    rate::{Rounds, median, print_figure, print_ratio, rate},
    unit::Writer,
};

/// The way in one direction. The timers of tokio are not as fine, so threads wait.
const ONE_WAY: Duration = Duration::from_micros(500);

/// Measures one writer, directly and through a proxy, in turns.
pub(crate) async fn measure(near: &PgPool, url: &str, rounds: Rounds) {
    let far = far_pool(url).await;
    let schema = SchemaName::new(SCHEMA).expect("the name is valid");
    let writer = Arc::new(Writer::new("far"));
    let [mut floor, mut commit] = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];

    for _ in 0..rounds.n {
        for (place, pool) in [near, &far].into_iter().enumerate() {
            let (pool, sample) = (pool.clone(), Arc::new(Writer::new("far-floor")));
            let store = Arc::new(PostgresStore::with_pool(pool.clone(), schema.clone()));
            let inserts = rate(1, rounds.duration, move |_| {
                let (pool, sample) = (pool.clone(), Arc::clone(&sample));
                async move { insert(&pool, &sample).await }
            });
            floor[place].push(1_000.0 / inserts.await);

            let writer = Arc::clone(&writer);
            let commits = rate(1, rounds.duration, move |_| {
                let (store, changes) = (Arc::clone(&store), writer.next());
                async move {
                    store.commit(&changes).await.expect("nobody else writes");
                }
            });
            commit[place].push(1_000.0 / commits.await);
        }
    }

    let [near_floor, far_floor] = floor.map(median);
    let [near_commit, far_commit] = commit.map(median);
    let added = |name: &str, near: f64, far: f64| {
        let name = format!("postgres-{name}-added-by-1ms-distance");
        print_figure(&name, far - near, "milliseconds");
    };
    added("floor", near_floor, far_floor);
    added("commit", near_commit, far_commit);
    print_ratio(
        "postgres-commit-1-over-floor-at-1ms",
        far_floor / far_commit,
    );
}

/// Returns a pool whose connections go through a proxy.
async fn far_pool(url: &str) -> PgPool {
    let options: PgConnectOptions = url.parse().expect("DATABASE_URL is a URL");
    let server = (options.get_host().to_owned(), options.get_port());
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port();

    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&server).expect("the server can be reached");
            for socket in [&client, &server] {
                socket.set_nodelay(true).expect("the socket is open");
            }
            let copies = (client.try_clone(), server.try_clone());
            let (Ok(client_copy), Ok(server_copy)) = copies else {
                return;
            };
            thread::spawn(move || pass_on(client, server));
            thread::spawn(move || pass_on(server_copy, client_copy));
        }
    });
    PgPoolOptions::new()
        // A connection that was used is tested in the background. Meanwhile the next call takes another one.
        .max_connections(4)
        .test_before_acquire(false)
        .connect_with(options.host("127.0.0.1").port(port))
        .await
        .expect("the proxy can be reached")
}

#[expect(clippy::disallowed_methods, reason = "the way takes this time")]
fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = vec![0; 65_536];
    while let Ok(n @ 1..) = from.read(&mut bytes) {
        thread::sleep(ONE_WAY);
        if to.write_all(&bytes[..n]).is_err() {
            return;
        }
    }
}

//! A server that is killed in the middle of commits, and started again.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use flow_domain::port::Store as _;
use flow_domain_sql::{SchemaName, postgres::PostgresStore};
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Notify;

use crate::crashes::{check_units, unit};

/// A server that only this test uses. `scripts/postgres` starts it, and stops it at the end of its input.
struct OwnServer {
    script: Child,
    folder: PathBuf,
    url: String,
}

impl OwnServer {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
        let mut script = Command::new(script)
            .args(["sh", "-c", "echo $POSTGRES_FOLDER; echo $DATABASE_URL; cat"])
            .env_remove("DATABASE_URL")
            // The other tests may have turned flushes off.
            .env_remove("POSTGRES_OPTIONS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script can be run");
        let output = script.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let mut line = || lines.next().expect("the server starts").unwrap();

        Self {
            folder: line().into(),
            url: line(),
            script,
        }
    }

    fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        let killed = Command::new("kill").args(["-9", pid]).status().unwrap();
        assert!(killed.success());
    }

    /// Starts the server again. It refuses as long as a process of the killed one is there.
    fn restart(&self) {
        let start = || {
            let start = Command::new(self.folder.join("start")).output().unwrap();
            start.status.success()
        };
        while !start() {}
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        // A second panic would hide the first.
        let _ = self.script.wait();
    }
}

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

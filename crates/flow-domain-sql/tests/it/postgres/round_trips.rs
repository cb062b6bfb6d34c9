//! What the store sends to the server.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use flow_domain::{
    clock::Timestamp,
    port::{Claim, Outbox as _, SendResult, Settlement},
};
use flow_domain_sql::postgres::PostgresStore;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    crashes::unit,
    fixture::{append, commit, positions},
    postgres::fixture::{TestStore, open_store, url},
};

/// A proxy in front of the server. It notes the types of all messages of the client, and `|` for each answer.
///
/// So the number of `|` is the number of round trips.
struct Proxy {
    port: u16,
    types: Arc<Mutex<String>>,
    /// Whether the answer to the next statement ends the connection instead.
    loss: Arc<AtomicU8>,
}

/// No answer is lost.
const NONE: u8 = 0;

/// The next statement loses its answer.
const NEXT: u8 = 1;

/// The next answer is that of the statement.
const SENT: u8 = 2;

impl Proxy {
    async fn start(server: (String, u16)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let types = Arc::new(Mutex::new(String::new()));

        let loss = Arc::new(AtomicU8::new(NONE));

        let (noted, lost) = (Arc::clone(&types), Arc::clone(&loss));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let upstream = TcpStream::connect(&server).await.unwrap();
                let (server_read, server_write) = upstream.into_split();
                let (client_read, client_write) = client.into_split();
                let (noted, lost) = (Arc::clone(&noted), Arc::clone(&lost));
                let (answers, of_answers) = (Arc::clone(&noted), Arc::clone(&lost));
                tokio::spawn(answer(server_read, client_write, answers, of_answers));
                tokio::spawn(note(client_read, server_write, noted, lost));
            }
        });
        Self { port, types, loss }
    }

    /// Returns a store whose only connection goes through a new proxy, and the proxy.
    async fn in_front_of(direct: &TestStore) -> (PostgresStore, Self) {
        let options: PgConnectOptions = url().parse().unwrap();
        let server = (options.get_host().to_owned(), options.get_port());
        let proxy = Self::start(server).await;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_with(options.host("127.0.0.1").port(proxy.port))
            .await
            .unwrap();

        let store = PostgresStore::with_pool(pool, direct.schema.name.clone());
        (store, proxy)
    }

    /// Returns the types since the last call, without the test of a connection that has become idle.
    fn take(&self) -> String {
        let types = std::mem::take(&mut *self.types.lock().unwrap());
        types.trim_start_matches(['S', '|']).to_owned()
    }
}

/// Passes the answers of the server on, until one is lost.
async fn answer(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    types: Arc<Mutex<String>>,
    loss: Arc<AtomicU8>,
) {
    let mut bytes = vec![0; 8192];
    while let Ok(n @ 1..) = server.read(&mut bytes).await {
        {
            // An answer in several parts is one answer.
            let mut types = types.lock().unwrap();
            if !types.ends_with('|') {
                types.push('|');
            }
        }
        let is_lost = change(&loss, SENT, NONE);
        if is_lost || client.write_all(&bytes[..n]).await.is_err() {
            return;
        }
    }
}

/// Changes the state of a loss. Returns false if it is in another one.
fn change(loss: &AtomicU8, from: u8, to: u8) -> bool {
    let (success, failure) = (Ordering::SeqCst, Ordering::SeqCst);
    loss.compare_exchange(from, to, success, failure).is_ok()
}

/// Passes the messages of a client on, until one side ends.
async fn note(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    types: Arc<Mutex<String>>,
    loss: Arc<AtomicU8>,
) {
    // The request for TLS and the start have no type.
    let mut is_started = false;
    loop {
        let mut head = Vec::new();
        if is_started {
            let Ok(message_type) = client.read_u8().await else {
                return;
            };
            types.lock().unwrap().push(message_type.into());
            if message_type == b'E' {
                change(&loss, NEXT, SENT);
            }
            head.push(message_type);
        }
        let Ok(length) = client.read_u32().await else {
            return;
        };
        let mut body = vec![0; length as usize - 4];
        client.read_exact(&mut body).await.unwrap();
        is_started |= body.starts_with(&196_608_u32.to_be_bytes());

        head.extend(length.to_be_bytes());
        head.extend(body);
        if server.write_all(&head).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn commit_and_read_are_one_round_trip_each() {
    let direct = open_store().await;
    let (store, proxy) = Proxy::in_front_of(&direct).await;
    // The first calls prepare their statements.
    commit(&store, &append("order-1", 1)).await;
    positions(&store).await;
    proxy.take();

    commit(&store, &append("order-1", 2)).await;
    let of_commit = proxy.take();
    positions(&store).await;
    let of_read = proxy.take();

    // Bind, execute, close, the sync that asks for the answers, and the answers.
    assert_eq!(of_commit, "BECS|");
    assert_eq!(of_read, "BECS|");
}

#[tokio::test]
async fn reopen_whose_answer_is_lost_says_that_it_reopened() {
    let direct = open_store().await;
    commit(&*direct, &unit(1)).await;
    let now = Timestamp::from_micros(1_000_000);
    let claim = Claim {
        worker: "ann",
        now,
        lease: Duration::from_secs(10),
        limit: 1,
    };
    let number = direct.claim(&claim).await.unwrap()[0].number;
    let abandoned = Settlement {
        number,
        result: SendResult::Abandoned {
            error: "no such topic".into(),
        },
    };
    direct.settle("ann", now, &[abandoned]).await.unwrap();
    let (store, proxy) = Proxy::in_front_of(&direct).await;
    // The first call prepares its statement.
    assert!(!store.reopen(77, now).await.unwrap());

    proxy.loss.store(NEXT, Ordering::SeqCst);
    let reopened = store.reopen(number, now).await.unwrap();

    assert_eq!(proxy.loss.load(Ordering::SeqCst), NONE, "it was lost");
    assert!(reopened, "the first try reopened it");
    assert!(!store.reopen(number, now).await.unwrap());
    assert_eq!(direct.claim(&claim).await.unwrap().len(), 1);
}

//! What the store sends to the server.

use std::sync::{Arc, Mutex};

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
    fixture::{append, commit, positions},
    postgres::fixture::{open_store, url},
};

/// A proxy in front of the server. It notes the types of all messages of the client.
struct Proxy {
    port: u16,
    types: Arc<Mutex<String>>,
}

impl Proxy {
    async fn start(server: (String, u16)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let types = Arc::new(Mutex::new(String::new()));

        let noted = Arc::clone(&types);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let upstream = TcpStream::connect(&server).await.unwrap();
                let (mut server_read, server_write) = upstream.into_split();
                let (client_read, mut client_write) = client.into_split();
                tokio::spawn(
                    async move { tokio::io::copy(&mut server_read, &mut client_write).await },
                );
                tokio::spawn(note(client_read, server_write, Arc::clone(&noted)));
            }
        });
        Self { port, types }
    }

    /// Returns the types since the last call. A lone `S` is the test of an idle connection.
    fn take(&self) -> String {
        std::mem::take(&mut self.types.lock().unwrap())
    }
}

/// Passes the messages of a client on, until one side ends.
async fn note(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, types: Arc<Mutex<String>>) {
    // The request for TLS and the start have no type.
    let mut is_started = false;
    loop {
        let mut head = Vec::new();
        if is_started {
            let Ok(message_type) = client.read_u8().await else {
                return;
            };
            types.lock().unwrap().push(message_type.into());
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
    let options: PgConnectOptions = url().parse().unwrap();
    let server = (options.get_host().to_owned(), options.get_port());
    let proxy = Proxy::start(server).await;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_with(options.host("127.0.0.1").port(proxy.port))
        .await
        .unwrap();
    let store = PostgresStore::with_pool(pool, direct.schema.name.clone());
    // The first calls prepare their statements.
    commit(&store, &append("order-1", 1)).await;
    positions(&store).await;
    proxy.take();

    commit(&store, &append("order-1", 2)).await;
    let of_commit = proxy.take();
    positions(&store).await;
    let of_read = proxy.take();

    // Bind, execute, close, and the sync that asks for the answers.
    assert_eq!(of_commit.trim_start_matches('S'), "BECS");
    assert_eq!(of_read.trim_start_matches('S'), "BECS");
}

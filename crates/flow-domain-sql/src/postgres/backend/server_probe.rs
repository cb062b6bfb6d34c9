//! Tells a server that has stopped from one that is busy.

use std::{io, pin::pin, time::Duration};

use sqlx::{PgPool, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{net::TcpStream, time::timeout};

/// How long a call waits for a connection before it looks whether the server is still there.
const PROBED_AFTER: Duration = Duration::from_millis(200);

/// Waits for a connection of the pool, but not for a server that refuses connections.
///
/// The pool waits for such a server as long as for any connection, because it may be starting. The server of
/// a test does not come back.
pub(in crate::postgres) async fn acquire(
    pool: &PgPool,
) -> Result<PoolConnection<Postgres>, sqlx::Error> {
    let mut acquired = pin!(pool.acquire());

    loop {
        if let Ok(result) = timeout(PROBED_AFTER, &mut acquired).await {
            return result;
        }
        probe(&pool.connect_options()).await?;
    }
}

/// Returns an error if the server refuses connections.
async fn probe(options: &PgConnectOptions) -> io::Result<()> {
    let (host, port) = (options.get_host(), options.get_port());
    let is_socket_file = options.get_socket().is_some() || host.starts_with('/');
    if is_socket_file {
        return Ok(());
    }

    match timeout(PROBED_AFTER, TcpStream::connect((host, port))).await {
        Ok(Err(err)) if err.kind() == io::ErrorKind::ConnectionRefused => Err(err),
        _ => Ok(()),
    }
}

//! Runs the ticket office: `ticket-office tickets.db 127.0.0.1:8080`.

use std::{
    env,
    error::Error,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ticket_office::{Office, Timer, router};
use tokio::{net::TcpListener, time::sleep};

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "tickets.db".to_owned());
    let address = args.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let office = Arc::new(Office::open(&path, unix_seconds)?);

    let projecting = Arc::clone(&office);
    tokio::spawn(async move {
        loop {
            if !matches!(projecting.project_next(), Ok(true)) {
                sleep(Duration::from_millis(100)).await;
            }
        }
    });
    let releasing = Arc::clone(&office);
    tokio::spawn(async move {
        loop {
            if !matches!(releasing.release_overdue(), Ok(Timer::Released)) {
                sleep(Duration::from_secs(1)).await;
            }
        }
    });

    let listener = TcpListener::bind(address).await?;
    Ok(axum::serve(listener, router(office)).await?)
}

//! Rebuilds a projection of the shop, and shows how far it is: `cargo run --example rebuild`.
//!
//! The rebuild is interrupted once, and goes on where it stopped.
#![expect(clippy::print_stdout, reason = "the example shows a bar")]

use std::io::{self, IsTerminal as _, Write as _};

use flow_domain::{App, adapter::memory::MemoryStore, engine::RebuildProgress};
use shop::{ReceiveStock, StockLevel};

const N_EVENTS: usize = 5_000;

/// The number of characters of the bar.
const WIDTH: usize = 40;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let app = App::builder(shop::domain()?)
        .store(MemoryStore::default())
        .start();
    for n in 0..N_EVENTS {
        let product_id = format!("tea-{}", n % 100);
        let quantity = 1;
        app.process(ReceiveStock {
            product_id,
            quantity,
        })
        .await?;
    }

    // The version of the program says which rebuilds may be resumed.
    let version = env!("CARGO_PKG_VERSION");
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let mut stop = Some(stop);
    let interrupted = app
        .rebuild::<StockLevel>()
        .resumable(version)
        .progress(|progress| {
            show(&progress);
            if 50 <= progress.percent() {
                stop.take().map(|stop| stop.send(()));
            }
        });
    tokio::select! {
        biased;
        _ = stopped => println!("\ninterrupted"),
        rebuilt = interrupted => println!("\n{}", rebuilt?),
    }

    let rebuilt = app
        .rebuild::<StockLevel>()
        .resumable(version)
        .progress(|progress| show(&progress))
        .await?;
    println!("\n{rebuilt}");
    Ok(())
}

/// Draws the bar over the last one, or on a line of its own if nobody looks.
fn show(progress: &RebuildProgress) {
    let percent = progress.percent();
    let n_full = usize::try_from(percent).map_or(WIDTH, |percent| percent * WIDTH / 100);
    let (full, empty) = ("#".repeat(n_full), ".".repeat(WIDTH - n_full));

    let end = if io::stdout().is_terminal() {
        "\r"
    } else {
        "\n"
    };
    print!(
        "[{full}{empty}] {percent:>3} %, {} events{end}",
        progress.n_events
    );
    // A bar that cannot be shown is no reason to stop.
    let _ = io::stdout().flush();
}

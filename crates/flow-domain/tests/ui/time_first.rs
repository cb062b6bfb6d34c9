//! The time comes before the command.

use flow_domain::{App, Error, doc_fixture::ConfirmOrder};

async fn confirm(app: &App) -> Result<(), Error> {
    let command = ConfirmOrder {
        order_id: "ord-1".into(),
    };
    app.process_at(command, app.now()).await?;
    Ok(())
}

fn main() {}

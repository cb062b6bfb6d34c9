//! The time comes before the command.

use std::time::Duration;

use flow_domain::{Error, UnitOfWork, doc_fixture::ConfirmOrder};

fn confirm() -> ConfirmOrder {
    ConfirmOrder {
        order_id: "ord-1".into(),
    }
}

fn remind(work: &mut UnitOfWork) -> Result<(), Error> {
    work.process_at(confirm(), work.now())?;
    work.process_after(confirm(), Duration::from_secs(60))?;
    Ok(())
}

fn main() {}

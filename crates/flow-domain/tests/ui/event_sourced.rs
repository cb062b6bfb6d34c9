//! An event-sourced aggregate needs `Default`, and an `Apply` for each of its events.

use flow_domain::{Aggregate, Event, PendingEvents};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = account_id, event_sourced, events(AccountOpened))]
struct Account {
    account_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
struct AccountOpened {
    account_id: String,
}

fn main() {}

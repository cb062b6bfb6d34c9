//! A ticket office: it reserves seats of shows, waits for the payment, and releases unpaid seats.
//!
//! Everything is in one SQLite database: a log of facts, the reservations, a queue of facts that wait for the read
//! model, and the read model.

mod http;
mod office;

pub use http::router;
pub use office::{Fact, Office, Refused, Sales, Timer};

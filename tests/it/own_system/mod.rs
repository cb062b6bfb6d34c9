//! Systems that are not built on `flow-domain`.

mod bank;
mod flows;
mod mistakes;
mod reports;
mod workers;

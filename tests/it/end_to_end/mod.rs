//! End-to-end tests of the example domains at the three test levels.

mod bank;
mod engine;
mod fulfilment;
mod mail;
mod personal_data;
mod place_order;
mod unit;
mod wiring;

//! The diagnosis of a failure: its cause, and the advice.

mod bank;
mod bank_doubles;
mod booking;
mod diagnosis_text;
mod given_state;
mod pending;
mod readers;
mod shop;
mod shop_doubles;
mod similar_events;
mod state;

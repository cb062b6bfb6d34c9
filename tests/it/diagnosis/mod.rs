//! The diagnosis of a failure: its cause, and the advice.

mod bank;
mod bank_doubles;
mod booking;
mod dead_letter;
mod diagnosis_text;
mod given_state;
mod missing_route;
mod missing_variant;
mod pending;
mod readers;
mod redelivery;
mod rejections;
mod shop;
mod shop_doubles;
mod similar_events;
mod state;

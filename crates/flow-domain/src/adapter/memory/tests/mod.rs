//! Tests of behaviour that the contract tests of a store do not cover: forks, and details of the outbox.

mod declared_fields;
mod fork;
mod model;
mod outbox;

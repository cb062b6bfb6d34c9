//! Process managers: how an instance begins, ends and begins again, and which events it gets.

pub(crate) mod library;
mod optional_key;
mod redelivery;
mod restart;

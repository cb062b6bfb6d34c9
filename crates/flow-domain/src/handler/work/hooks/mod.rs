//! What tests do while a handler writes. In production, `no_hooks.rs` takes the place of this module.

mod invariants;
mod rewrite;

pub(crate) use rewrite::{MessageRewrite, Rewrite};

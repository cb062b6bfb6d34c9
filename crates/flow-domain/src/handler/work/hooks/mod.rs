//! What tests do while a handler writes. In production, `no_hooks.rs` takes the place of this module.

mod ignored_failures;
mod invariants;
mod rewrite;

pub(crate) use ignored_failures::IgnoredFailures;
pub(crate) use rewrite::{MessageRewrite, Rewrite};

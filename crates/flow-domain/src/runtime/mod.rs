//! What runs a domain: the app, and the dispatch of what a command caused.

mod app;
mod builder;
mod cascade;
mod headers;
mod look;
mod outside;
mod trail;

pub use app::{App, Processed};
pub use builder::AppBuilder;
pub use headers::Headers;
pub use look::Kept;

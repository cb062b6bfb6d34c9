//! The error type of the crate. It keeps rejections by the domain apart from failures.
//!
//! A **rejection** is a value of the user's own type: the domain understood the command and refused
//! it. Everything else is a **failure**: a conflict, a store that is down, a handler that panicked.
//! [`Error::is_rejection`] tells the two apart.

mod display;
mod failure;
mod foreign;
mod kind;
mod kind_text;
mod rejection;
mod stall;
#[cfg(test)]
mod tests;
mod with_causes;

pub use failure::HandlerFailure;
pub(crate) use foreign::panic_message;
pub use kind::Error;
pub use rejection::Rejection;
pub use stall::Stall;

//! Pages to read; there is nothing here to call.

#[doc = include_str!("broken.md")]
pub mod broken {}

//! The adapters: implementations of the ports, one folder for each product.
//!
//! An adapter passes the contract tests of [`port::contract`](crate::port::contract). No code outside of
//! its folder depends on which adapter is in use.

pub mod memory;

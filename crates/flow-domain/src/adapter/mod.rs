//! The adapters: implementations of the ports, one folder for each product.
//!
//! An adapter passes the contract tests that the feature `testing` adds, in `testing::contract`. No
//! code outside of its folder depends on which adapter is in use.

pub mod memory;

//! What implements the ports, one folder for each product.
//!
//! An adapter keeps the laws of [`port::contract`](crate::port::contract), and nothing outside of
//! its folder knows which one is in use.

pub mod memory;

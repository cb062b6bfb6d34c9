//! The tests of this crate run flows of the shop in the databases of `#[sqlx::test]`.

pub use shop::domain;

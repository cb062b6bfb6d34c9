//! How sentences are run: with rstest, in plain and async tests, on several threads, again and again.

mod async_tests;
mod closures;
#[path = "../fixture/mod.rs"]
mod fixture;
mod io_handlers;
mod parallel;
mod rstest_cases;

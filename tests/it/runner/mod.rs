//! Running flows: with rstest, in plain and async tests, and on several threads.

mod async_tests;
mod closures;
mod io_handlers;
mod parallel;
mod rstest_cases;

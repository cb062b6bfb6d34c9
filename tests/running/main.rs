//! How sentences are run: with rstest, in plain and async tests, on several threads, again and again.

mod alone;
mod asynchronous;
#[path = "../fixture/mod.rs"]
mod fixture;
mod outside;
mod parallel;
mod with_rstest;

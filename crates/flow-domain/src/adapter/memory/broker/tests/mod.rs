//! Tests of forks, which the contract tests of a broker do not cover.

mod fixture;
mod fork;
mod model;

pub(super) use fixture::ORDER;

//! Tests of forks, which the contract tests of a broker do not cover.

mod fork;

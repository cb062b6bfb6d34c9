//! What only this broker promises: forks, and that they make no difference.

mod fixture;
mod fork;
mod model;

pub(super) use fixture::ORDER;

//! Random operations, by which two stores are compared.

mod comparison;
mod random_members;
mod random_operations;
mod random_query;
mod random_reads;
mod rng;
mod snapshot;

pub use comparison::compare_stores;
pub(crate) use {
    random_operations::{apply, random_operation},
    rng::Rng,
    snapshot::snapshot,
};

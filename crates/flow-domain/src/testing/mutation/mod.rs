//! Mutation testing: breaks a domain on purpose, to measure what its tests find and report.
//!
//! A [`Mutation`] is one mistake in one route. [`Mutation::all`] lists the possible mistakes of a
//! domain. [`Domain::mutated`](crate::Domain::mutated) returns the domain with one of them.

mod apply;
mod edit;
mod enumerate;
mod kind;
mod pick;

pub use edit::Edit;
pub use kind::{Mutation, MutationKind};

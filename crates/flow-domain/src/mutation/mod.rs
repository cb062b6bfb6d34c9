//! Breaks a domain on purpose, as data: to measure what its tests find, and what they say of it.
//!
//! A [`Mutation`] is one mistake in one route. [`Mutation::all`] lists those that a domain can have, and
//! [`Domain::mutated`](crate::Domain::mutated) makes the domain that has one of them.

mod apply;
mod edit;
mod enumerate;
mod kind;
mod pick;

pub use edit::Edit;
pub use kind::{Mutation, MutationKind};

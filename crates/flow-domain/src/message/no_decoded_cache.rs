//! The cache of decoded values for production: it is always empty.
#![allow(
    clippy::unused_self,
    reason = "the functions have the signatures of `decoded_cache`"
)]

use crate::message::Payload;

#[derive(Clone, Default)]
pub(super) struct DecodedCache {}

impl DecodedCache {
    pub(super) fn take<T>(&self) -> Option<T> {
        None
    }

    pub(super) fn put_back<T>(&self, _: T) {}
}

impl Payload {
    pub(super) fn compare_values(&self, _: &Self) -> Option<bool> {
        None
    }
}

use std::{
    any::Any,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::message::Payload;

/// The value that was already decoded from a payload, if there is one.
///
/// In production, `no_decoded_cache.rs` takes the place of this file.
#[derive(Clone, Default)]
pub(super) struct DecodedCache {
    /// A `Mutex<Option<T>>`. The next caller that decodes a `T` takes the value out.
    value: Option<Arc<dyn Any + Send + Sync>>,
}

impl DecodedCache {
    pub(super) fn take<T: 'static>(&self) -> Option<T> {
        self.slot()?.take()
    }

    /// Keeps a value that was taken out.
    pub(super) fn put_back<T: 'static>(&self, value: T) {
        if let Some(mut slot) = self.slot() {
            *slot = Some(value);
        }
    }

    fn slot<T: 'static>(&self) -> Option<MutexGuard<'_, Option<T>>> {
        let slot = self.value.as_deref()?.downcast_ref::<Mutex<Option<T>>>()?;
        Some(slot.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Payload {
    /// Keeps `value` for the next caller that decodes the same type, so the text is parsed only
    /// once.
    ///
    /// `value` must equal what [`decode`](Self::decode) returned.
    pub(crate) fn cache_decoded<T: Send + 'static>(&mut self, value: T) {
        self.decoded.value = Some(Arc::new(Mutex::new(Some(value))));
    }
}

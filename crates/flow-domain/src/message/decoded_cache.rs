use std::{
    any::Any,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{json::Json, message::Payload};

/// The value that was already decoded from a payload, if there is one.
///
/// In production, `no_decoded_cache.rs` takes the place of this file.
#[derive(Clone, Default)]
pub(super) struct DecodedCache {
    /// A `Mutex<Option<T>>`. The next caller that decodes a `T` takes the value out.
    value: Option<Arc<dyn Any + Send + Sync>>,
    /// Set if the value has no JSON form. The text of the payload then only shows it.
    only_form: Option<OnlyForm>,
}

/// What can be done with a value that has no JSON form.
#[derive(Clone, Copy)]
struct OnlyForm {
    /// Returns its `Debug` with a line for each field.
    show_lines: fn(&Payload) -> Option<String>,
    /// Compares two values; `None` if their texts are compared.
    is_equal: Option<fn(&Payload, &Payload) -> bool>,
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

    /// Holds a Rust value that needs no JSON form, of a system that is not built on this crate.
    ///
    /// The JSON text is the text of its `Debug`, as a string.
    #[doc(hidden)]
    pub fn of_value<T: fmt::Debug + Send + 'static>(value: T) -> Self {
        let shown = Json::String(format!("{value:?}"));
        let mut payload = Self::from_json(shown.to_string());

        payload.cache_decoded(value);
        payload.decoded.only_form = Some(OnlyForm {
            show_lines: |payload| payload.with_value(|value: &T| format!("{value:#?}")),
            is_equal: None,
        });
        payload
    }

    /// Holds a Rust value like [`of_value`](Self::of_value), and compares it by `PartialEq`.
    #[doc(hidden)]
    pub fn of_comparable<T: fmt::Debug + PartialEq + Send + 'static>(value: T) -> Self {
        let mut payload = Self::of_value(value);
        if let Some(form) = &mut payload.decoded.only_form {
            form.is_equal = Some(Self::has_equal_value::<T>);
        }
        payload
    }

    /// Returns true if both contents are a `T`, and equal by `PartialEq`.
    #[doc(hidden)]
    pub fn has_equal_value<T: PartialEq + 'static>(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.json, &other.json) {
            return true;
        }

        let compare = |left: &T| other.with_value(|right: &T| left == right);
        self.with_value(compare).flatten() == Some(true)
    }

    /// Compares two values without a JSON form by `PartialEq`. Returns `None` if this is not possible.
    pub(super) fn compare_values(&self, other: &Self) -> Option<bool> {
        let is_equal = self.decoded.only_form?.is_equal?;
        other.is_value().then(|| is_equal(self, other))
    }

    /// Returns the `Debug` of a value without a JSON form, with a line for each field.
    #[doc(hidden)]
    pub fn value_lines(&self) -> Option<String> {
        (self.decoded.only_form?.show_lines)(self)
    }

    /// Returns true if the content is a Rust value without a JSON form.
    #[doc(hidden)]
    pub fn is_value(&self) -> bool {
        self.decoded.only_form.is_some()
    }

    /// Takes out the Rust value. Returns `None` if it is no `T`, or was taken before.
    #[doc(hidden)]
    pub fn take_value<T: 'static>(&self) -> Option<T> {
        self.decoded.take()
    }

    /// Passes the Rust value to `inspect`. Returns `None` if it is no `T`, or was taken before.
    #[doc(hidden)]
    pub fn with_value<T: 'static, R>(&self, inspect: impl FnOnce(&T) -> R) -> Option<R> {
        // The value is taken out of the cache, so no lock is held while the user's code runs.
        let value: T = self.decoded.take()?;
        let output = inspect(&value);

        self.decoded.put_back(value);
        Some(output)
    }
}

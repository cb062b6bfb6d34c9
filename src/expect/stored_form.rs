use std::fmt;

use flow_domain::{Error, message::Payload, testing::is_same_value};
use serde::{Serialize, de::DeserializeOwned};

/// How a `T` is held in a payload: as JSON, or as it is.
pub(super) struct StoredForm<T> {
    pub(super) hold: fn(T) -> Result<Payload, Error>,
    inspect: InspectFn<T>,
    /// Compares two values, whatever the order of what has none.
    pub(super) is_same: fn(&'static str, &Payload, &Payload) -> bool,
}

/// Passes the value in a payload to a closure. An error names the type by the text.
type InspectFn<T> = fn(&Payload, &'static str, &mut dyn FnMut(&T)) -> Result<(), Error>;

impl<T> Clone for StoredForm<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoredForm<T> {}

impl<T: Serialize + DeserializeOwned + 'static> StoredForm<T> {
    /// A value that a domain stores.
    pub(super) fn json() -> Self {
        Self {
            hold: |value| Payload::encode("the expected value", &value),
            inspect: |payload, name, inspect| payload.with_decoded(name, inspect),
            is_same: is_same_value::<T>,
        }
    }
}

impl<T: fmt::Debug + PartialEq + Send + 'static> StoredForm<T> {
    /// A value that a system of another kind returned.
    pub(super) fn value() -> Self {
        Self {
            hold: |value| Ok(Payload::of_comparable(value)),
            inspect: |payload, name, inspect| {
                let found = payload.with_value(inspect);
                found.ok_or_else(|| Error::setup(format!("the value is no {name}")))
            },
            is_same: |_, expected, found| expected.has_equal_value::<T>(found),
        }
    }
}

impl<T> StoredForm<T> {
    /// Returns whether `holds` returns true for the value in `payload`.
    ///
    /// # Errors
    ///
    /// Returns an error if the payload has no `T`.
    pub(super) fn holds(
        &self,
        payload: &Payload,
        name: &'static str,
        holds: &impl Fn(&T) -> bool,
    ) -> Result<bool, Error> {
        let mut result = false;
        (self.inspect)(payload, name, &mut |value| result = holds(value))?;
        Ok(result)
    }
}

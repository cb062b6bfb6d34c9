//! Finds out whether the type of a field is an id, for the code that the derives write.

use std::{borrow::Cow, fmt};

use crate::model::Id;

/// A field of a message.
///
/// Its own items exist only if the type is an [`Id`]. Otherwise the compiler takes those of
/// [`NotAnId`] with the same names.
pub struct IdField<'a, T: ?Sized>(pub &'a T);

impl<'a, T: Id + ?Sized> IdField<'a, T> {
    /// The type is an id.
    pub const IS_ID: bool = true;

    /// Returns the key. The result is always `Some`.
    pub fn key(&self) -> Option<Cow<'a, str>> {
        Some(self.0.key())
    }
}

/// A field whose type may not be an id.
pub trait NotAnId<'a> {
    /// The type is not an id.
    const IS_ID: bool = false;

    /// Returns `None`: the field has no key.
    fn key(&self) -> Option<Cow<'a, str>> {
        None
    }
}

impl<'a, T: ?Sized> NotAnId<'a> for IdField<'a, T> {}

impl<T: ?Sized> fmt::Debug for IdField<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdField").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_has_a_key_only_if_its_type_is_an_id() {
        const { assert!(IdField::<String>::IS_ID) };
        const { assert!(!IdField::<f64>::IS_ID) };
        const { assert!(!IdField::<Option<String>>::IS_ID) };
        assert_eq!(IdField(&7).key(), Some("7".into()));
        assert_eq!(IdField(&0.5).key(), None);
    }
}

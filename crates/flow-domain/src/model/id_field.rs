//! Finds out whether the type of a field is an id, for the code that the derives write.

use std::{borrow::Cow, fmt};

use crate::{message::IdKind, model::Id};

/// A field of a message.
///
/// Its own items exist only if the type is an [`Id`] or an `Option` of one. Otherwise the compiler
/// takes those of [`NotAnId`] with the same names.
pub struct IdField<'a, T: ?Sized>(pub &'a T);

impl<'a, T: Id + ?Sized> IdField<'a, T> {
    /// The type is an id.
    pub const KIND: IdKind = IdKind::Id;

    /// Returns the key. The result is always `Some`.
    pub fn key(&self) -> Option<Cow<'a, str>> {
        Some(self.0.key())
    }
}

// `Option` is not an `Id`, so this impl and the one above never apply to the same type.
impl<'a, T: Id> IdField<'a, Option<T>> {
    /// The type is an optional id.
    pub const KIND: IdKind = IdKind::OptionalId;

    /// Returns the key, if the field has a value.
    pub fn key(&self) -> Option<Cow<'a, str>> {
        self.0.as_ref().map(Id::key)
    }
}

/// A field whose type may not be an id.
pub trait NotAnId<'a> {
    /// The type is not an id.
    const KIND: IdKind = IdKind::NotAnId;

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
        assert_eq!(IdField::<String>::KIND, IdKind::Id);
        assert_eq!(IdField::<f64>::KIND, IdKind::NotAnId);
        assert_eq!(IdField(&7).key(), Some("7".into()));
        assert_eq!(IdField(&0.5).key(), None);
    }

    #[test]
    fn optional_field_has_a_key_only_with_a_value() {
        assert_eq!(IdField::<Option<u32>>::KIND, IdKind::OptionalId);
        assert_eq!(IdField::<Option<f64>>::KIND, IdKind::NotAnId);
        assert_eq!(IdField::<Option<Option<u32>>>::KIND, IdKind::NotAnId);
        assert_eq!(IdField(&Some(7)).key(), Some("7".into()));
        assert_eq!(IdField(&None::<u32>).key(), None);
        assert_eq!(IdField(&Some(0.5)).key(), None);
    }
}

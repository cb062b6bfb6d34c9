//! Compares two values whose type may not implement `PartialEq`.

/// Two values of one type, for the code that the derives write.
///
/// `(&Pair(left, right)).are_equal()` calls [`ComparableByPartialEq`] if the type implements
/// `PartialEq`, and [`NotComparable`] otherwise. The compiler prefers the first, because the second
/// needs one more reference (autoref specialization).
#[derive(Debug)]
pub struct Pair<'a, T>(pub &'a T, pub &'a T);

/// Two values whose type implements `PartialEq`.
pub trait ComparableByPartialEq {
    /// Returns whether the two values are equal. The result is always `Some`.
    fn are_equal(&self) -> Option<bool>;
}

impl<T: PartialEq> ComparableByPartialEq for Pair<'_, T> {
    fn are_equal(&self) -> Option<bool> {
        Some(self.0 == self.1)
    }
}

/// Two values whose type may not implement `PartialEq`.
pub trait NotComparable {
    /// Returns `None`: the two values cannot be compared.
    fn are_equal(&self) -> Option<bool>;
}

impl<T> NotComparable for &Pair<'_, T> {
    fn are_equal(&self) -> Option<bool> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::needless_borrow, reason = "it is what the derives write")]
    fn pair_uses_partial_eq_only_if_the_type_has_it() {
        struct Opaque;

        assert_eq!((&Pair(&1, &1)).are_equal(), Some(true));
        assert_eq!((&Pair(&1, &2)).are_equal(), Some(false));
        assert_eq!((&Pair(&Opaque, &Opaque)).are_equal(), None);
    }
}

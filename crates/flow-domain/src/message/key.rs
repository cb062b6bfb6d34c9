use crate::error::Error;

/// The greatest number of bytes of a key.
pub const MAX_KEY_BYTES: usize = 512;

/// Why a text cannot be a key: the text of the id of an aggregate, a row or a process manager.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// It is empty.
    #[error("a key must have 1 to {MAX_KEY_BYTES} bytes, but this one is empty")]
    Empty,
    /// It has more than [`MAX_KEY_BYTES`] bytes. This is their number.
    #[error("a key must have 1 to {MAX_KEY_BYTES} bytes, but this one has {0}")]
    TooLong(usize),
    /// It has one of the characters U+0000 to U+001F, or U+007F. This is the whole text.
    #[error("a key must not contain control characters, but this one is {0:?}")]
    ControlCharacter(String),
}

impl InvalidKey {
    /// Returns the error for a key of `owner`, from its field `field`.
    pub(crate) fn of(&self, owner: &str, field: &str) -> Error {
        Error::setup(format!("the key `{field}` of {owner} is invalid: {self}"))
    }
}

/// Returns an error if `text` cannot be a key. This is the only rule for keys.
pub(crate) fn check_key(text: &str) -> Result<(), InvalidKey> {
    if text.is_empty() {
        return Err(InvalidKey::Empty);
    }
    if MAX_KEY_BYTES < text.len() {
        return Err(InvalidKey::TooLong(text.len()));
    }
    // In UTF-8, no other character has a byte below U+0080.
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(InvalidKey::ControlCharacter(text.to_owned()));
    }

    Ok(())
}

/// Returns an error if `text` cannot be a key of `owner`, from its field `field`.
///
/// # Errors
///
/// Returns an error for which [`Error::is_setup`] is true. It names `owner` and `field`.
#[doc(hidden)]
pub fn require_key(owner: &str, field: &str, text: &str) -> Result<(), Error> {
    check_key(text).map_err(|invalid| invalid.of(owner, field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_has_1_to_512_bytes() {
        assert_eq!(check_key(""), Err(InvalidKey::Empty));
        assert_eq!(check_key("7"), Ok(()));
        assert_eq!(check_key(&"é".repeat(256)), Ok(()));
        assert_eq!(check_key(&"x".repeat(513)), Err(InvalidKey::TooLong(513)));
    }

    #[test]
    fn key_has_no_control_characters() {
        for control in ('\0'..=' ').chain(['\u{7f}']).filter(|c| *c != ' ') {
            let text = format!("a{control}b");
            assert_eq!(
                check_key(&text),
                Err(InvalidKey::ControlCharacter(text.clone()))
            );
        }

        assert_eq!(check_key(" a%_'\"/\\-\u{80}\u{2028}🦀 "), Ok(()));
    }
}

use std::{borrow::Cow, cell::RefCell, fmt, io::Write as _, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::error::Error;

/// The content of a message or of a stored value, as JSON text. A clone costs nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Payload(Arc<str>);

impl Payload {
    /// Writes `value` as JSON; `what` names it in the error.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if the value has no JSON form, for
    /// example a map whose keys are not strings.
    pub fn encode<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<Self, Error> {
        with_scratch(|scratch| {
            serde_json::to_writer(&mut *scratch, value)
                .map_err(|err| Error::codec("writing", what, err))?;
            let json = str::from_utf8(scratch).map_err(|err| Error::codec("writing", what, err))?;
            Ok(Self(json.into()))
        })
    }

    /// Reads a `T` back; `what` names it in the error.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if the JSON is not a `T`.
    pub fn decode<T: DeserializeOwned>(&self, what: &'static str) -> Result<T, Error> {
        serde_json::from_str(&self.0).map_err(|err| Error::codec("reading", what, err))
    }

    /// Takes JSON text as it is, from a store or a broker.
    ///
    /// It is not looked at: text that is not JSON is found out when it is decoded.
    pub fn from_json(json: impl Into<Arc<str>>) -> Self {
        Self(json.into())
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The content as a JSON value; text that is no JSON comes back as a string.
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_else(|_| Value::String(self.0.as_ref().to_owned()))
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns a text that is shared instead of copied.
pub(crate) fn shared_text(text: impl fmt::Display) -> Arc<str> {
    with_scratch(|scratch| match write!(scratch, "{text}") {
        Ok(()) => str::from_utf8(scratch).unwrap_or_default().into(),
        Err(_) => text.to_string().into(),
    })
}

/// Lends a buffer that is empty and has room, so that what is written into it and then copied to where
/// it stays is allocated once and not grown.
fn with_scratch<T>(write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    thread_local! {
        static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => {
            scratch.clear();
            write(&mut scratch)
        }
        // A value whose `Serialize` writes another value.
        Err(_) => write(&mut Vec::new()),
    })
}

/// Returns the text of an id or a key: a string is itself, anything else is its JSON.
///
/// So a `String`, a `Uuid`, a number and a newtype around one of them give what one expects.
pub fn text_of<T: Serialize + ?Sized>(value: &T) -> Cow<'static, str> {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => Cow::Owned(text),
        Ok(Value::Null) | Err(_) => Cow::Borrowed(""),
        Ok(other) => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_has_no_json_form_is_a_codec_error_with_its_cause() {
        let err = Payload::encode("Basket", &BTreeMap::from([((1, 2), 3)])).expect_err("no JSON");

        assert!(err.is_codec());
        assert_eq!(
            err.with_causes().to_string(),
            "writing `Basket` failed: key must be a string"
        );
    }

    #[test]
    fn a_corrupt_value_names_what_was_read_and_where_it_breaks() {
        let err = Payload::from_json("{\"n\":")
            .decode::<Value>("Basket")
            .expect_err("cut off");

        assert_eq!(
            err.with_causes().to_string(),
            "reading `Basket` failed: EOF while parsing a value at line 1 column 5"
        );
    }

    #[test]
    fn the_text_of_an_id_is_what_one_expects() {
        assert_eq!(text_of("ord-1"), "ord-1");
        assert_eq!(text_of(&7), "7");
        assert_eq!(
            text_of(&uuid::Uuid::nil()),
            "00000000-0000-0000-0000-000000000000"
        );
        assert_eq!(text_of(&None::<u8>), "");
    }
}

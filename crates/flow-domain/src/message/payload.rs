use std::{
    cell::RefCell,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::Error,
    json::{Json, write_json},
    message::decoded_cache::DecodedCache,
};

/// The content of a message or of a stored value, as JSON text. A clone does not copy the text.
#[derive(Clone)]
pub struct Payload {
    pub(super) json: Arc<str>,
    /// The value that a test has decoded from the text already; in production nothing.
    pub(super) decoded: DecodedCache,
}

impl Payload {
    /// Encodes `value` as JSON. An error names the value by `type_name`.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if the value has no JSON form that can
    /// be read back: a float that is not finite, a map key that has no text, or a value that is
    /// nested deeper than [`MAX_NESTING`](crate::json::MAX_NESTING). The error names the path of the
    /// field.
    pub fn encode<T: Serialize + ?Sized>(
        type_name: &'static str,
        value: &T,
    ) -> Result<Self, Error> {
        with_scratch(|scratch| {
            write_json(scratch, value)
                .map_err(|err| Error::codec("serializing", type_name, err))?;
            let json = str::from_utf8(scratch)
                .map_err(|err| Error::codec("serializing", type_name, err))?;

            Ok(Self::from_json(json))
        })
    }

    /// Decodes a `T`. An error names the value by `type_name`.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if the JSON is not a `T`.
    pub fn decode<T: DeserializeOwned + 'static>(
        &self,
        type_name: &'static str,
    ) -> Result<T, Error> {
        match self.decoded.take() {
            Some(value) => Ok(value),
            None => self.decode_text(type_name),
        }
    }

    /// Decodes a `T`, passes it to `inspect`, and keeps it for the next caller of `decode`.
    ///
    /// The derives call this to fold events, because handlers decode the same events afterwards.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`decode`](Self::decode).
    #[doc(hidden)]
    pub fn with_decoded<T: DeserializeOwned + 'static, R>(
        &self,
        type_name: &'static str,
        inspect: impl FnOnce(&T) -> R,
    ) -> Result<R, Error> {
        // The value is taken out of the cache, so no lock is held while the user's code runs.
        let value: T = self.decode(type_name)?;
        let output = inspect(&value);

        self.decoded.put_back(value);
        Ok(output)
    }

    fn decode_text<T: DeserializeOwned>(&self, type_name: &'static str) -> Result<T, Error> {
        serde_json::from_str(&self.json)
            .map_err(|err| Error::codec("deserializing", type_name, err))
    }

    /// Takes JSON text as it is, from a store or a broker.
    ///
    /// The text is not checked. If it is not JSON, `decode` fails.
    pub fn from_json(json: impl Into<Arc<str>>) -> Self {
        Self {
            json: json.into(),
            decoded: DecodedCache::default(),
        }
    }

    /// Returns the JSON text.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// Returns the content as a JSON value. No number is rounded.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if the text is not JSON.
    pub fn to_json(&self) -> Result<Json, Error> {
        self.json.parse()
    }

    /// Returns true if the JSON of both is equal. The order of the fields does not matter.
    ///
    /// Texts that are not JSON are equal only if they are the same.
    pub fn has_same_json(&self, other: &Self) -> bool {
        // A test may hold a Rust value that has no JSON form.
        if let Some(is_equal) = self.compare_values(other) {
            return is_equal;
        }

        self == other
            || matches!((self.to_json(), other.to_json()), (Ok(left), Ok(right)) if left == right)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Eq for Payload {}

impl PartialOrd for Payload {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Payload {
    fn cmp(&self, other: &Self) -> Ordering {
        self.json.cmp(&other.json)
    }
}

impl Hash for Payload {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.json.hash(state);
    }
}

/// Lends `write` an empty buffer that the thread reuses, so the buffer rarely grows.
///
/// `write` copies the finished text out of the buffer, so this text is allocated only once.
fn with_scratch<T>(write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    thread_local! {
        static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => {
            scratch.clear();
            write(&mut scratch)
        }
        // The buffer is in use when a `Serialize` impl encodes another value.
        Err(_) => write(&mut Vec::new()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn encode_without_json_form_is_a_codec_error() {
        let err = Payload::encode("Basket", &BTreeMap::from([((1, 2), 3)])).expect_err("no JSON");

        assert!(err.is_codec());
        assert_eq!(
            err.with_causes().to_string(),
            "serializing `Basket` failed: key must be a string"
        );
    }

    /// Counts how often it is decoded from text.
    #[derive(Debug, PartialEq)]
    struct Counted(u32);

    thread_local! {
        static N_READ: RefCell<u32> = const { RefCell::new(0) };
    }

    impl<'de> serde::Deserialize<'de> for Counted {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            N_READ.with_borrow_mut(|n_read| *n_read += 1);
            u32::deserialize(deserializer).map(Counted)
        }
    }

    fn n_read() -> u32 {
        N_READ.with_borrow(|n_read| *n_read)
    }

    #[test]
    fn with_decoded_keeps_the_value_for_the_next_decode() {
        let mut payload = Payload::from_json("7");
        let value = payload.decode::<Counted>("Counted").expect("a number");
        payload.cache_decoded(value);

        let copy = payload.clone();
        assert_eq!(copy, Payload::from_json("7"));
        let number = copy.with_decoded("Counted", |value: &Counted| value.0);

        assert_eq!((number.ok(), n_read()), (Some(7), 1));
        assert_eq!(copy.decode("Counted").ok(), Some(Counted(7)));
        assert_eq!(n_read(), 1);
        assert_eq!(payload.decode("Counted").ok(), Some(Counted(7)));
        assert_eq!(n_read(), 2);
    }

    #[test]
    fn decode_of_another_type_ignores_the_cached_value() {
        let mut payload = Payload::from_json("7");
        payload.cache_decoded(Counted(7));

        assert_eq!(payload.decode("number").ok(), Some(7_u8));
        assert!(payload.decode::<String>("text").is_err());
        assert_eq!(payload.decode("Counted").ok(), Some(Counted(7)));
        assert_eq!(n_read(), 0);
    }

    #[test]
    fn decode_error_names_the_type_and_the_position() {
        let err = Payload::from_json("{\"n\":")
            .decode::<serde_json::Value>("Basket")
            .expect_err("cut off");

        assert_eq!(
            err.with_causes().to_string(),
            "deserializing `Basket` failed: EOF while parsing a value at line 1 column 5"
        );
    }
}

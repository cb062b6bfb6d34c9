use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::{error::Error, json::Json, message::Payload};

/// Decodes `encoded`, and returns an error unless the result is equal to `original`.
///
/// `try_eq` returns `None` if the type does not implement `PartialEq`. Then it is only checked that
/// the value can be decoded, because two equal values may have different JSON: the elements of a hash
/// set come in any order.
pub(crate) fn verify_read_back<T: Serialize + DeserializeOwned + 'static>(
    name: &'static str,
    original: &T,
    encoded: &Payload,
    try_eq: fn(&T, &T) -> Option<bool>,
) -> Result<(), Error> {
    let decoded: T = encoded.decode(name)?;
    if try_eq(original, &decoded) != Some(false) {
        return Ok(());
    }

    let difference = ReadBackDifference {
        path: first_difference(
            &encoded.to_json()?,
            &Json::from_serialize(&decoded)?,
            String::new(),
        ),
    };
    Err(Error::codec("reading back", name, difference))
}

/// Says where a value differs after it was encoded and decoded.
#[derive(Debug)]
struct ReadBackDifference {
    /// `None` if the JSON of both values is equal.
    path: Option<String>,
}

impl fmt::Display for ReadBackDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) if !path.is_empty() => {
                write!(f, "`{path}` is not read as it was written")
            }
            Some(_) => f.write_str("the value is not read as it was written"),
            None => f.write_str(
                "it differs, but its JSON does not: a field is skipped, or serialized with a loss",
            ),
        }
    }
}

impl std::error::Error for ReadBackDifference {}

/// Returns the path of the first part that differs. The path of the whole value is `path`.
fn first_difference(left: &Json, right: &Json, path: String) -> Option<String> {
    match (left, right) {
        (Json::Object(left), Json::Object(right)) if left.keys().eq(right.keys()) => left
            .iter()
            .zip(right.values())
            .find_map(|((name, left), right)| {
                let separator = if path.is_empty() { "" } else { "." };
                first_difference(left, right, format!("{path}{separator}{name}"))
            }),
        (Json::Array(left), Json::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .find_map(|(idx, (left, right))| {
                first_difference(left, right, format!("{path}[{idx}]"))
            }),
        _ => (left != right).then_some(path),
    }
}

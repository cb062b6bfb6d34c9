use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc};

use aes_siv::{KeyInit as _, siv::Aes256Siv};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned};
use uuid::Uuid;

use crate::{error::Error, message::Payload};

/// A value about a person that can be erased: stored encrypted, with a key for this person alone.
///
/// It is a field of a command, an event, a state or a row. Wherever it is copied to, nobody can read it
/// without the key: not in the event store, rows, the outbox, dead letters or snapshots, and not in a
/// broker, a log or a backup. [`App::erase_subject`](crate::App::erase_subject) deletes the key, and
/// with it all copies. No event changes.
///
/// [`UnitOfWork::protect`](crate::UnitOfWork::protect) makes one, and
/// [`UnitOfWork::reveal`](crate::UnitOfWork::reveal) reads it; [`App`](crate::App) has the same methods.
/// The id of the person is readable, so it should not be a name or an address.
///
/// Two values of one person are equal if they protect the same value. So an equal value is visible as
/// such, and a retry writes what the first attempt wrote. The length of a value is visible, too. A query
/// cannot filter or sort by the protected value.
pub struct Personal<T> {
    subject: Arc<str>,
    key: Uuid,
    sealed: Vec<u8>,
    value: PhantomData<fn() -> T>,
}

/// The key of a person.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SubjectKey {
    id: Uuid,
    #[serde(with = "hex")]
    secret: Vec<u8>,
}

impl<T> Personal<T> {
    /// Returns the id of the person.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub(crate) fn is_protected_by(&self, key: &SubjectKey) -> bool {
        self.key == key.id
    }
}

impl<T: Serialize> Personal<T> {
    pub(crate) fn protect(subject: Arc<str>, key: &SubjectKey, value: &T) -> Result<Self, Error> {
        let plain = Payload::encode("a personal value", value)?;
        let sealed = key
            .cipher()?
            .encrypt([subject.as_bytes()], plain.as_json().as_bytes())
            .map_err(|err| failed("protecting", &subject, &err))?;

        Ok(Self {
            subject,
            key: key.id,
            sealed,
            value: PhantomData,
        })
    }
}

impl<T: DeserializeOwned + 'static> Personal<T> {
    pub(crate) fn reveal(&self, key: &SubjectKey) -> Result<T, Error> {
        let plain = key
            .cipher()?
            .decrypt([self.subject.as_bytes()], &self.sealed)
            .map_err(|err| failed("revealing", &self.subject, &err))?;
        let plain = String::from_utf8(plain)
            .map_err(|_not_text| failed("revealing", &self.subject, &"it is no text"))?;

        Payload::from_json(plain).decode("a personal value")
    }
}

/// Names the person, and never the value.
fn failed(action: &str, subject: &str, reason: &dyn fmt::Display) -> Error {
    Error::failed(
        format!("{action} a personal value of `{subject}`"),
        reason.to_string(),
    )
}

impl SubjectKey {
    pub(crate) fn new(id: Uuid, secret: [u8; 64]) -> Self {
        Self {
            id,
            secret: secret.into(),
        }
    }

    fn cipher(&self) -> Result<Aes256Siv, Error> {
        Aes256Siv::new_from_slice(&self.secret)
            .map_err(|err| Error::failed(format!("reading the key {}", self.id), err.to_string()))
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl<T> Clone for Personal<T> {
    fn clone(&self) -> Self {
        Self {
            subject: Arc::clone(&self.subject),
            key: self.key,
            sealed: self.sealed.clone(),
            value: PhantomData,
        }
    }
}

impl<T> PartialEq for Personal<T> {
    fn eq(&self, other: &Self) -> bool {
        (&self.subject, self.key, &self.sealed) == (&other.subject, other.key, &other.sealed)
    }
}

impl<T> Eq for Personal<T> {}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personal({:?})", self.subject)
    }
}

/// A personal value as JSON.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    subject: Cow<'a, str>,
    key: Uuid,
    #[serde(with = "hex")]
    sealed: Vec<u8>,
}

impl<T> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = Stored {
            subject: (&*self.subject).into(),
            key: self.key,
            sealed: self.sealed.clone(),
        };
        stored.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        Ok(Self {
            subject: stored.subject.into(),
            key: stored.key,
            sealed: stored.sealed,
            value: PhantomData,
        })
    }
}

/// Bytes as hexadecimal digits.
mod hex {
    use super::{Deserialize, Deserializer, Serializer, de};

    #[expect(clippy::ptr_arg, reason = "serde passes a reference to the field")]
    pub(super) fn serialize<S: Serializer>(
        bytes: &Vec<u8>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        serializer.serialize_str(&digits.concat())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_hex || digits.len() % 2 == 1 {
            return Err(de::Error::custom("expected hexadecimal digits"));
        }

        (0..digits.len())
            .step_by(2)
            .map(|idx| u8::from_str_radix(&digits[idx..idx + 2], 16).map_err(de::Error::custom))
            .collect()
    }
}

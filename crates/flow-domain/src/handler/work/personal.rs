use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::Error,
    handler::UnitOfWork,
    model::{Id, Personal},
};

impl UnitOfWork {
    /// Encrypts a value about a person, so that it can be erased. See [`Personal`].
    ///
    /// The first value of a person makes a key. It is stored at once, also if the handler fails.
    ///
    /// # Errors
    ///
    /// Returns an error if the id of the person is no key, the value has no JSON form, the store fails,
    /// or the system has no random numbers.
    pub async fn protect<T: Serialize>(
        &mut self,
        subject: impl Id,
        value: &T,
    ) -> Result<Personal<T>, Error> {
        let subject = subject.key().into();
        let id_context = self.next_id_context();
        self.ports.protect(subject, value, id_context).await
    }

    /// Returns a protected value. Returns `None` if the person was erased.
    ///
    /// This reads the key from the store each time.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails, or the value is not a `T`.
    pub async fn reveal<T: DeserializeOwned + 'static>(
        &self,
        personal: &Personal<T>,
    ) -> Result<Option<T>, Error> {
        self.ports.reveal(personal).await
    }
}

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    clock::IdContext,
    error::Error,
    model::{Id, Personal},
    runtime::App,
};

impl App {
    /// Encrypts a value about a person, for a command that is stored before it is handled.
    ///
    /// See [`Personal`].
    ///
    /// # Errors
    ///
    /// Those of [`UnitOfWork::protect`](crate::UnitOfWork::protect).
    pub async fn protect<T: Serialize>(
        &self,
        subject: impl Id,
        value: &T,
    ) -> Result<Personal<T>, Error> {
        let id_context = IdContext::new(None, "", 0, 0);
        let subject = subject.key().into();
        self.ports.protect(subject, value, id_context).await
    }

    /// Returns a protected value, for example of a row. Returns `None` if the person was erased.
    ///
    /// This reads the key from the store each time.
    ///
    /// # Errors
    ///
    /// Those of [`UnitOfWork::reveal`](crate::UnitOfWork::reveal).
    pub async fn reveal<T: DeserializeOwned + 'static>(
        &self,
        personal: &Personal<T>,
    ) -> Result<Option<T>, Error> {
        self.ports.reveal(personal).await
    }

    /// Erases a person: nobody can reveal a value that was protected before. See [`Personal`].
    ///
    /// This deletes the key. A database may keep deleted bytes for a while: see the page of the store
    /// about how to remove them. A value that is protected later gets a new key.
    ///
    /// Returns false if the person has no key.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn erase_subject(&self, subject: impl Id) -> Result<bool, Error> {
        self.ports.erase_subject(&subject.key().into()).await
    }
}

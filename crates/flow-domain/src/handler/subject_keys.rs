use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    clock::IdContext,
    error::Error,
    handler::Ports,
    message::{ExpectedVersion, Payload, Version, require_key},
    model::{Personal, SubjectKey},
    port::{Changes, RowKeys, Store, Write},
    record::{Table, TableKind},
};

const TABLE: Table = Table::new(TableKind::SubjectKey, "SubjectKey");

impl Ports {
    /// Returns the store of the keys.
    fn key_store(&self) -> &dyn Store {
        match &self.shared.key_store {
            Some(store) => &**store,
            None => &*self.store,
        }
    }

    /// Protects a value. The first value of a person makes a key.
    ///
    /// The key is committed at once, before anything that needs it.
    pub(crate) async fn protect<T: Serialize>(
        &self,
        subject: Arc<str>,
        value: &T,
        id_context: IdContext<'_>,
    ) -> Result<Personal<T>, Error> {
        require_key("a personal value", "subject", &subject)?;

        let key = loop {
            if let Some(key) = self.subject_key(&subject).await? {
                break key;
            }
            let new = SubjectKey::new(self.ids.make(id_context), self.ids.secret(id_context)?);
            let encoded = Payload::encode("SubjectKey", &new)?;
            let expected = ExpectedVersion::Exact(Version::NONE);
            match self.write_key(&subject, expected, Some(encoded)).await {
                Ok(()) => break new,
                // Another writer has made one.
                Err(err) if err.is_conflict() => {}
                Err(err) => return Err(err),
            }
        };

        Personal::protect(subject, &key, value)
    }

    /// Returns a protected value, or `None` if it was erased.
    pub(crate) async fn reveal<T: DeserializeOwned + 'static>(
        &self,
        personal: &Personal<T>,
    ) -> Result<Option<T>, Error> {
        match self.subject_key(personal.subject()).await? {
            Some(key) if personal.is_protected_by(&key) => personal.reveal(&key).map(Some),
            _ => Ok(None),
        }
    }

    /// Deletes the key of a person. Returns false if there was none.
    pub(crate) async fn erase_subject(&self, subject: &Arc<str>) -> Result<bool, Error> {
        let exists = self.subject_key(subject).await?.is_some();
        self.write_key(subject, ExpectedVersion::Any, None).await?;
        Ok(exists)
    }

    async fn subject_key(&self, subject: &str) -> Result<Option<SubjectKey>, Error> {
        let stored = self.key_store().load(TABLE, subject).await?;
        stored
            .map(|stored| stored.value.decode("SubjectKey"))
            .transpose()
    }

    async fn write_key(
        &self,
        subject: &Arc<str>,
        expected: ExpectedVersion,
        value: Option<Payload>,
    ) -> Result<(), Error> {
        let mut changes = Changes::new("the keys of personal data");
        changes.writes.push(Write {
            table: TABLE,
            id: Arc::clone(subject),
            expected,
            value,
            keys: RowKeys::default(),
        });
        self.key_store().commit(&changes).await.map(drop)
    }
}

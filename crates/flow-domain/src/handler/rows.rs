use std::{fmt, marker::PhantomData, sync::Arc};

use crate::{
    clock::Timestamp,
    error::Error,
    handler::UnitOfWork,
    message::{Metadata, require_key},
    model::{Id, Projection},
    record::{Table, TableKind},
};

/// The rows of the projection that a projector maintains.
///
/// Later reads of the same delivery see a written row. All others see it after the commit.
pub struct Rows<'a, P> {
    work: &'a mut UnitOfWork,
    projection: PhantomData<fn(P)>,
}

impl<'a, P: Projection> Rows<'a, P> {
    pub(crate) fn new(work: &'a mut UnitOfWork) -> Self {
        Self {
            work,
            projection: PhantomData,
        }
    }

    const fn table() -> Table {
        Table::new(TableKind::Projection, P::NAME)
    }

    /// Returns the key of a row, or an error if it is invalid.
    fn key_of(id: &impl Id) -> Result<Arc<str>, Error> {
        let key = id.key();
        require_key(P::NAME, P::ID_FIELD, &key)?;
        Ok(Arc::from(&*key))
    }

    /// Returns the metadata of the current event.
    pub fn metadata(&self) -> &Metadata {
        self.work.metadata()
    }

    /// Returns when the event happened.
    ///
    /// A projector that needs a time must use this one. Otherwise a rebuilt projection differs from the
    /// live one.
    pub fn event_time(&self) -> Timestamp {
        self.work.metadata().time
    }

    /// Returns the row with this id, if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if the key of the id is invalid, the store fails, or the stored row is not a
    /// `P`.
    pub async fn get(&mut self, id: impl Id) -> Result<Option<P>, Error> {
        let result = self.try_get(id).await;
        self.work.note_own_error(result)
    }

    async fn try_get(&mut self, id: impl Id) -> Result<Option<P>, Error> {
        let id = Self::key_of(&id)?;
        self.work.load_state(Self::table(), &id).await
    }

    /// Inserts a row, or replaces the row with the same id.
    ///
    /// # Errors
    ///
    /// Returns an error if the key of the row is invalid, the store fails, or the row has no JSON
    /// form.
    pub async fn put(&mut self, row: P) -> Result<(), Error> {
        let result = self.try_put(row).await;
        self.work.note_own_error(result)
    }

    async fn try_put(&mut self, row: P) -> Result<(), Error> {
        let id = Self::key_of(&row.id())?;
        // The version that is read here makes a concurrent write of the row a conflict.
        self.work.ensure_loaded(Self::table(), &id).await?;

        self.write(&id, &row)
    }

    /// Changes the row with this id.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_not_found`] is true if there is no such row. If the event
    /// that inserts the row may arrive later, use [`change_or_insert`](Self::change_or_insert).
    pub async fn change(&mut self, id: impl Id, change: impl FnOnce(&mut P)) -> Result<(), Error> {
        let result = self.try_change(id, change).await;
        self.work.note_own_error(result)
    }

    async fn try_change(&mut self, id: impl Id, change: impl FnOnce(&mut P)) -> Result<(), Error> {
        let id = Self::key_of(&id)?;
        if let Some(row) = self.work.load_state::<P>(Self::table(), &id).await? {
            return self.write_changed(&id, row, change);
        }

        let hint = " to change: insert it with `put` or `change_or_insert`";
        Err(Error::not_found_with_hint(P::NAME, &*id, hint))
    }

    /// Changes the row with this id. If there is none, changes and inserts the row that `insert`
    /// returns.
    ///
    /// # Errors
    ///
    /// Returns an error if the key of the id is invalid, the store fails, or the stored row is not a
    /// `P`.
    pub async fn change_or_insert(
        &mut self,
        id: impl Id,
        insert: impl FnOnce() -> P,
        change: impl FnOnce(&mut P),
    ) -> Result<(), Error> {
        let result = self.try_change_or_insert(id, insert, change).await;
        self.work.note_own_error(result)
    }

    async fn try_change_or_insert(
        &mut self,
        id: impl Id,
        insert: impl FnOnce() -> P,
        change: impl FnOnce(&mut P),
    ) -> Result<(), Error> {
        let id = Self::key_of(&id)?;
        let row = self.work.load_state::<P>(Self::table(), &id).await?;
        self.write_changed(&id, row.unwrap_or_else(insert), change)
    }

    fn write_changed(
        &mut self,
        id: &Arc<str>,
        mut row: P,
        change: impl FnOnce(&mut P),
    ) -> Result<(), Error> {
        change(&mut row);
        if *row.id() != **id {
            return Err(Error::setup(format!(
                "the change gives {} `{id}` the id `{}`, but a row cannot change its id: delete the row and put a new one",
                P::NAME,
                row.id()
            )));
        }

        self.write(id, &row)
    }

    fn write(&mut self, id: &Arc<str>, row: &P) -> Result<(), Error> {
        let keys = P::INDEX
            .iter()
            .map(|field| (field.name, (field.key_of_row)(row)))
            .collect();
        let value = self.work.ports().encode(P::NAME, row, P::try_eq)?;
        self.work
            .write_state((Self::table(), id), value, keys, false);
        self.work.check_row((Self::table(), id), row);
        Ok(())
    }

    /// Deletes the row with this id, if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if the key of the id is invalid, or the store fails.
    pub async fn delete(&mut self, id: impl Id) -> Result<(), Error> {
        let result = self.try_delete(id).await;
        self.work.note_own_error(result)
    }

    async fn try_delete(&mut self, id: impl Id) -> Result<(), Error> {
        let id = Self::key_of(&id)?;
        self.work.ensure_loaded(Self::table(), &id).await?;
        self.work.delete_state(Self::table(), &id);
        Ok(())
    }
}

impl<P: Projection> fmt::Debug for Rows<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("projection", &P::NAME)
            .finish_non_exhaustive()
    }
}

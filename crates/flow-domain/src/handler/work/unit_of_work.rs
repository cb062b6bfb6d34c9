use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    clock::{IdContext, Timestamp},
    error::Error,
    handler::{
        Ports, View,
        trace::{log_failure, log_lost_race},
        work::{
            context::HandlingContext, savepoint::SessionMark, session::Session,
            tracked_state::PendingChange,
        },
    },
    message::{
        CausationId, Envelope, MessageId, MessageKind, Metadata, Payload, Processing, StreamName,
    },
    model::{Projection, SerializedMessage},
    port::RowKeys,
    record::{DiscardedEffect, EntryId, EntryKind, HandlerOutcome, RolledBack, Table, TableKind},
};

/// Collects what one handling loads, changes and raises. A commit writes all of it or nothing.
///
/// Every handler receives one. If the handler returns `Ok`, all changes are committed. If it returns an
/// error, all changes are discarded.
///
/// After an [`add`](Self::add), other copies of the aggregate are outdated and cannot be added. A new
/// load returns a copy with the added changes. A commit writes each changed aggregate once.
///
/// Nothing is locked. The commit fails with a conflict if another writer has changed a value that this
/// unit of work writes. Then the handler is called again, with a new unit of work; see
/// [`conflict_tries`](crate::handler::SubscriptionOptions::conflict_tries). Values that were only read are not checked.
pub struct UnitOfWork {
    pub(super) ports: Arc<Ports>,
    pub(super) context: HandlingContext,
    pub(super) session: Session,
}

impl UnitOfWork {
    /// Begins a unit of work. `session` is empty, but may bring the memory of an earlier one to reuse.
    pub(crate) fn begin(ports: Arc<Ports>, context: HandlingContext, mut session: Session) -> Self {
        session.sent.clear();
        session.n_due_commands = 0;

        Self {
            ports,
            context,
            session,
        }
    }

    /// Discards all changes and begins again, for another message. The allocated memory is reused.
    pub(crate) fn restart(&mut self, context: HandlingContext) {
        self.context = context;
        self.session.clear();
    }

    /// Empties the session and returns it, so that the next unit of work can reuse its memory.
    pub(crate) fn into_session(mut self) -> Session {
        self.session.clear();
        self.session
    }

    pub(in crate::handler) fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Runs the hook before the call of the method, unless it has run in this attempt.
    pub(crate) fn announce_attempt(&mut self) -> Result<(), Error> {
        let context = &mut self.context;
        match context.unannounced_attempt.take() {
            Some(attempt) => {
                self.ports
                    .hooks
                    .before_attempt(context.handler, &context.message, attempt)
            }
            None => Ok(()),
        }
    }

    /// Returns the current time. Under the harness it is virtual.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Returns a new id.
    ///
    /// Under the harness it depends only on the message, the handler, and how many ids were made before.
    /// So two runs have the same ids.
    pub fn new_id(&mut self) -> Uuid {
        let id_context = self.next_id_context();
        self.ports.ids.make(id_context)
    }

    /// Returns the context of one more id.
    pub(super) fn next_id_context(&mut self) -> IdContext<'static> {
        let context = &mut self.context;
        let idx = context.n_ids;
        context.n_ids += 1;

        let cause = Some(context.message.metadata.id.as_uuid());
        IdContext::new(cause, context.handler, context.n_commits, idx)
    }

    /// Returns the metadata of the current message.
    pub fn metadata(&self) -> &Metadata {
        &self.context.message.metadata
    }

    /// Creates the envelope of a message that the current message causes.
    pub(super) fn wrap(
        &self,
        id: MessageId,
        mut message: SerializedMessage,
        mut stream: StreamName,
        kind: MessageKind,
        processing: Processing,
    ) -> Arc<Envelope> {
        // Only mutation tests set a rewrite.
        self.context.rewrite.apply(&mut message, &mut stream);

        let cause = &self.context.message.metadata;
        Arc::new(Envelope {
            metadata: Metadata {
                id,
                kind,
                message_type: self.ports.catalog.message_type(message.name),
                stream,
                time: self.ports.clock.now(),
                correlation: cause.correlation,
                causation: Some(CausationId::from(cause.id)),
                priority: cause.priority,
                initiated_by: cause.initiated_by.clone(),
                caused_in_category: Some(cause.stream.shared_category()),
                deadline: None,
                processing,
                upcast_from: None,
            },
            message: message.payload,
        })
    }

    /// Records and logs the failure or rejection of a handler, with the effects that were discarded.
    ///
    /// `start_entry` is the entry of the record at which the handler started.
    pub(crate) fn record_failure(
        &self,
        (handler, start_entry): (&'static str, EntryId),
        err: &Error,
        discarded: Vec<DiscardedEffect>,
    ) {
        log_failure(handler, err);

        self.ports.record(Some(start_entry), || {
            let rolled_back = Box::new(RolledBack::new(err, discarded));
            EntryKind::HandlerEnded(if err.is_rejection() {
                HandlerOutcome::Rejected(rolled_back)
            } else {
                HandlerOutcome::Failed(rolled_back)
            })
        });
    }

    /// Records and logs that another writer committed first, so that the handler is called again.
    pub(crate) fn record_lost_race(
        &self,
        (handler, start_entry): (&'static str, EntryId),
        err: &Error,
    ) {
        log_lost_race(handler, err);

        self.ports.record(Some(start_entry), || {
            let rolled_back = RolledBack::new(err, self.discarded_effects());
            EntryKind::HandlerEnded(HandlerOutcome::LostRace(Box::new(rolled_back)))
        });
    }

    /// Returns true if the commit checks only versions that were not loaded: nothing may be there.
    pub(crate) fn writes_blindly(&self) -> bool {
        self.session.writes_blindly()
    }

    /// Returns the effects that a rollback discards. The entry of the rollback lists them.
    pub(crate) fn discarded_effects(&self) -> Vec<DiscardedEffect> {
        self.session
            .discarded_since(SessionMark::default(), &self.ports.catalog.labels)
    }

    /// Returns a view of the stored rows of a projection, without the changes of this unit of work.
    pub fn view<P: Projection>(&self) -> View<P> {
        View::new(Arc::clone(&self.ports))
    }

    /// Returns a state or row with the pending change. Loads it unless it was loaded before.
    pub(crate) async fn load_state<T: DeserializeOwned + 'static>(
        &mut self,
        table: Table,
        id: &Arc<str>,
    ) -> Result<Option<T>, Error> {
        self.ensure_loaded(table, id).await?;

        self.session
            .value(table, id)
            .and_then(|value| value.current())
            .map(|value| value.decode(table.name))
            .transpose()
    }

    /// Loads a state or row into the session, unless it is there already.
    pub(crate) async fn ensure_loaded(&mut self, table: Table, id: &Arc<str>) -> Result<(), Error> {
        self.ports.hooks.count_read().await;
        if self.session.value(table, id).is_some() {
            return Ok(());
        }

        let stored = match table.kind {
            // Rows belong to the projection store, and all other values to the aggregate store.
            TableKind::Projection => self.ports.store.get(table, id).await?,
            _ => self.ports.store.load(table, id).await?,
        };
        self.session
            .track_value((table, Arc::clone(id)), stored, self.context.start_entry);

        Ok(())
    }

    /// Writes an encoded state or row. If it was not loaded in this unit of work, it must not exist
    /// yet.
    ///
    /// With `always_write` it is written even if it is unchanged.
    pub(crate) fn write_state(
        &mut self,
        (table, id): (Table, &Arc<str>),
        value: Payload,
        keys: RowKeys,
        always_write: bool,
    ) {
        let change = PendingChange::Put(value, keys);
        self.session
            .set_change((table, id), change, always_write, self.context.start_entry);
    }

    /// Deletes a state or row that was loaded in this unit of work.
    pub(crate) fn delete_state(&mut self, table: Table, id: &Arc<str>) {
        let start_entry = self.context.start_entry;
        self.session
            .set_change((table, id), PendingChange::Delete, false, start_entry);
    }

    /// Returns true if there is something to commit.
    pub(crate) fn has_changes(&self) -> bool {
        self.session.has_changes()
    }
}

impl fmt::Debug for UnitOfWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOfWork")
            .field("handler", &self.context.handler)
            .field("message", &self.context.message.metadata.message_type)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

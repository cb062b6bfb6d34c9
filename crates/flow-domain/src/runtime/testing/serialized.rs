use std::sync::Arc;

use crate::{
    clock::Timestamp,
    error::Error,
    handler::Session,
    message::{ExpectedVersion, MessageId, Processing, Version},
    model::{SerializedMessage, invariants::SerializedAggregate},
    port::{RowKeys, Write},
    record::{EntryKind, StateChange, Table, TableKind},
    runtime::{App, Headers, ProcessResult},
};

/// The same acts as with typed messages. A test serializes its messages in advance.
impl App {
    /// Processes a serialized command.
    pub fn process_serialized(
        &self,
        command: &SerializedMessage,
        headers: &Headers,
    ) -> impl Future<Output = ProcessResult> + Send {
        self.process_message(command, headers)
    }

    /// Submits a serialized command.
    ///
    /// The command is processed at the time `due`. `None` means at once.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`submit`](Self::submit).
    pub fn submit_serialized(
        &self,
        command: &SerializedMessage,
        headers: &Headers,
        due: Option<Timestamp>,
    ) -> impl Future<Output = Result<MessageId, Error>> + Send {
        self.submit_message(command, headers, due)
    }

    /// Publishes serialized events.
    pub fn publish_serialized(
        &self,
        events: &[SerializedMessage],
        headers: &Headers,
    ) -> impl Future<Output = ProcessResult> + Send {
        self.publish_messages(events, headers)
    }

    /// Stores a serialized aggregate as if a handler had added it.
    ///
    /// Handles everything that its events cause.
    pub async fn add_serialized(&self, aggregate: &SerializedAggregate) -> ProcessResult {
        match self.try_add_serialized(aggregate).await {
            Ok(result) => result,
            Err(err) => ProcessResult::from_error(err),
        }
    }

    async fn try_add_serialized(
        &self,
        aggregate: &SerializedAggregate,
    ) -> Result<ProcessResult, Error> {
        let catalog = &self.ports.catalog;
        catalog.require_category(aggregate.category, aggregate.name)?;

        let (mut changes, processing) = self.plan_append(&aggregate.raised, &Headers::default())?;
        let (table, id) = (
            Table::new(TableKind::Aggregate, aggregate.name),
            &aggregate.id,
        );
        changes
            .writes
            .extend(aggregate.state.as_ref().map(|state| Write {
                table,
                id: Arc::clone(id),
                expected: ExpectedVersion::Exact(Version::NONE),
                value: Some(state.clone()),
                keys: RowKeys::default(),
            }));
        let recorded = self.commit_append(&changes, processing).await?;

        if let Some(state) = &aggregate.state {
            self.ports.record(None, || {
                EntryKind::StateChanged(Box::new(StateChange {
                    table,
                    id: Arc::clone(id),
                    before: None,
                    after: Some(state.clone()),
                }))
            });
        }
        let committed = self.record_append(recorded);

        let mut result = ProcessResult::empty();
        if processing == Processing::Sync {
            self.deliver_inline(committed, Session::default(), &mut result)
                .await;
        }
        Ok(result)
    }
}

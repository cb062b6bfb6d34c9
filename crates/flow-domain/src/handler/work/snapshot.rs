use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    error::Error,
    handler::{Ports, SnapshotRule, UnitOfWork},
    message::{ExpectedVersion, MessageId, Payload, Recorded, StreamName, Version},
    model::Aggregate,
    port::{RowKeys, Write},
    record::{Table, TableKind},
};

/// The state of an event-sourced aggregate after one of its events, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Snapshot<S> {
    /// The shape of the aggregate when it was written.
    shape: u64,
    /// The version of the stream after the event.
    pub(super) version: u64,
    /// The id of the event.
    event: MessageId,
    pub(super) state: S,
}

const fn snapshot_table<A: Aggregate>() -> Table {
    Table::new(TableKind::Snapshot, A::NAME)
}

impl<S: DeserializeOwned> Snapshot<S> {
    /// Returns true if this is the last event of the snapshot.
    pub(super) fn ends_with(&self, event: &Recorded) -> bool {
        event.version.as_u64() == self.version && event.metadata().id == self.event
    }
}

impl<A: Aggregate> Snapshot<A> {
    pub(super) fn decode(payload: &Payload) -> Result<Self, Error> {
        payload.decode(A::NAME)
    }

    /// Loads the snapshot of a stream. Returns `None` if there is none that this program can use.
    pub(super) async fn find(
        ports: &Ports,
        stream: &StreamName,
    ) -> Result<Option<(Payload, Self)>, Error> {
        let Some(rule) = ports.catalog.snapshot_rule::<A>() else {
            return Ok(None);
        };
        let table = snapshot_table::<A>();
        let Some(stored) = ports.store.load(table, stream.id()).await? else {
            return Ok(None);
        };

        match Self::decode(&stored.value) {
            Ok(snapshot) if snapshot.shape == rule.shape => {
                return Ok(Some((stored.value, snapshot)));
            }
            Ok(_) => Self::note_discarded(ports, stream, "it has another shape than the aggregate"),
            Err(err) => Self::note_discarded(ports, stream, &err.with_causes().to_string()),
        }

        Ok(None)
    }

    /// Counts and logs a snapshot that is not used.
    pub(super) fn note_discarded(ports: &Ports, stream: &StreamName, reason: &str) {
        ports.engine_metrics.count_discarded_snapshot();

        tracing::warn!(
            flow.stream = %stream,
            error = reason,
            "a snapshot was ignored, and all events were read"
        );
    }
}

impl UnitOfWork {
    /// Lets the commit write a snapshot of an aggregate that was just added, if one is due.
    ///
    /// It has the fold of the events, not the aggregate of the handler: only events are true. No failure
    /// is an error, because an aggregate without a snapshot is only slower to load.
    pub(super) fn write_snapshot_if_due<A: Aggregate>(&mut self, name: &StreamName) {
        let Some(rule) = self.ports.catalog.snapshot_rule::<A>() else {
            return;
        };
        let Some((version, last_event)) = self.due_snapshot(rule, name) else {
            return;
        };

        let snapshot = self.fold_current::<A>(name).and_then(|folded| {
            folded
                .map(|state| {
                    let snapshot = Snapshot {
                        shape: rule.shape,
                        version: version.as_u64(),
                        event: last_event,
                        state,
                    };
                    Payload::encode(A::NAME, &snapshot)
                })
                .transpose()
        });

        match snapshot {
            Ok(Some(payload)) => self.session.set_snapshot(
                name,
                Write {
                    table: snapshot_table::<A>(),
                    id: Arc::clone(name.shared_id()),
                    // The expected version of the stream already excludes another writer.
                    expected: ExpectedVersion::Any,
                    value: Some(payload),
                    keys: RowKeys::default(),
                },
            ),
            Ok(None) => {}
            Err(err) => {
                tracing::warn!(flow.stream = %name, error = %err.with_causes(), "a snapshot was not written");
            }
        }
    }

    /// Returns the version after the commit and its last event, if a snapshot of this version is due.
    fn due_snapshot(&self, rule: SnapshotRule, name: &StreamName) -> Option<(Version, MessageId)> {
        let stream = self.session.stream(name)?;
        let raised = self
            .session
            .events
            .iter()
            .filter(|event| event.metadata.stream == *name);
        let last_event = raised.clone().next_back()?.metadata.id;

        let version = Version::new(stream.version.as_u64() + raised.count() as u64);
        let last = stream.history.snapshot_version();
        rule.policy
            .is_due(last, version)
            .then_some((version, last_event))
    }
}

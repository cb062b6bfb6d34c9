use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::Error,
    handler::Ports,
    message::{ExpectedVersion, Payload, Position, Version},
    port::{Changes, RowKeys, Write},
    record::{Table, TableKind},
};

const TABLE: Table = Table::new(TableKind::Checkpoint, "Subscription");

/// How far a subscription has read, and which of the read events are not settled yet.
// Invariant: the names of the fields are part of the stored format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Checkpoint {
    /// The position of the last event that was read.
    pub(in crate::engine) position: Position,
    /// The events that were read and are not settled yet, in the order of reading.
    pub(in crate::engine) open: Vec<UnsettledEntry>,
}

/// An unsettled event in a checkpoint: its position and its next attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct UnsettledEntry {
    pub(in crate::engine) position: Position,
    /// The number of the next attempt, from 1.
    pub(in crate::engine) attempt: u32,
    /// When the next attempt may begin.
    pub(in crate::engine) due: Timestamp,
}

impl Checkpoint {
    /// Loads the checkpoint of `subscription` with its version.
    pub(in crate::engine) async fn load(
        ports: &Ports,
        subscription: &str,
    ) -> Result<(Option<Self>, Version), Error> {
        let Some(stored) = ports.store.load(TABLE, subscription).await? else {
            return Ok((None, Version::NONE));
        };

        Ok((Some(stored.value.decode("Checkpoint")?), stored.version))
    }

    /// Saves the checkpoint if the store still has it at `version`, and returns the new version.
    ///
    /// # Errors
    ///
    /// Returns a conflict if another engine reads for the same subscription.
    pub(in crate::engine) async fn save(
        &self,
        ports: &Ports,
        subscription: &Arc<str>,
        version: Version,
    ) -> Result<Version, Error> {
        let mut changes = Changes::new("the engine");
        changes.writes.push(Write {
            table: TABLE,
            id: Arc::clone(subscription),
            expected: ExpectedVersion::Exact(version),
            value: Some(Payload::encode("Checkpoint", self)?),
            keys: RowKeys::default(),
        });

        ports.store.commit(&changes).await?;
        Ok(version.next())
    }
}

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::Error,
    handler::Ports,
    message::{ExpectedVersion, Payload, Position, Version},
    port::{Changes, Write},
    record::{Table, TableKind},
};

const TABLE: Table = Table::new(TableKind::Checkpoint, "Subscription");

/// How far a subscription has read, and what of that it has not done with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Checkpoint {
    /// Everything up to here was read.
    pub(in crate::engine) position: Position,
    /// What was read and is not done with, in order.
    pub(in crate::engine) open: Vec<UnsettledEntry>,
}

/// The place of an event that a subscription has not done with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct UnsettledEntry {
    pub(in crate::engine) position: Position,
    /// Which attempt comes next, from 1.
    pub(in crate::engine) attempt: u32,
    /// When it may be tried.
    pub(in crate::engine) due: Timestamp,
}

impl Checkpoint {
    /// Loads what was saved for `subscription`, with its version.
    pub(in crate::engine) async fn load(
        ports: &Ports,
        subscription: &str,
    ) -> Result<(Option<Self>, Version), Error> {
        let Some(stored) = ports.store.load(TABLE, subscription).await? else {
            return Ok((None, Version::NONE));
        };
        Ok((Some(stored.value.decode("Checkpoint")?), stored.version))
    }

    /// Saves it over the version that it was loaded at, and returns the next.
    ///
    /// A conflict means that another engine reads for the same subscription.
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
        });

        ports.store.commit(&changes).await?;
        Ok(version.next())
    }
}

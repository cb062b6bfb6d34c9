use std::{any::TypeId, fmt};

use crate::{
    handler::{SnapshotPolicy, SnapshotRule},
    message::{CategoryMessages, SchemaLists},
    model::{Aggregate, Projection},
};

#[cfg(feature = "testing")]
use crate::handler::hooks::{AggregateReader, RowComparison};

/// An aggregate of the domain, without its Rust type.
#[derive(Clone)]
pub(crate) struct AggregateEntry {
    pub(crate) name: &'static str,
    pub(crate) type_id: TypeId,
    pub(crate) category: &'static str,
    pub(crate) commands: SchemaLists,
    pub(crate) events: SchemaLists,
    pub(crate) event_sourced: bool,
    pub(crate) snapshots: Option<SnapshotRule>,
    /// Reads aggregates of this type in tests.
    #[cfg(feature = "testing")]
    pub(crate) reader: AggregateReader,
}

/// A projection of the domain, without its Rust type.
#[derive(Clone, Debug)]
pub(crate) struct ProjectionEntry {
    pub(crate) name: &'static str,
    pub(crate) type_id: TypeId,
    /// Compares rows in tests.
    #[cfg(feature = "testing")]
    pub(crate) comparison: RowComparison,
}

impl AggregateEntry {
    pub(crate) fn of<A: Aggregate>(snapshots: Option<SnapshotPolicy>) -> Self {
        Self {
            name: A::NAME,
            type_id: TypeId::of::<A>(),
            category: A::CATEGORY,
            commands: A::COMMANDS,
            events: A::EVENTS,
            event_sourced: A::EVENT_SOURCED,
            snapshots: snapshots.map(SnapshotRule::of::<A>),
            #[cfg(feature = "testing")]
            reader: AggregateReader::of::<A>(),
        }
    }

    /// Returns the messages of the aggregate: its commands and its events.
    pub(crate) fn messages(&self) -> [CategoryMessages; 2] {
        [self.commands, self.events].map(|schemas| CategoryMessages {
            category: self.category,
            aggregate: Some(self.name),
            schemas,
        })
    }
}

impl ProjectionEntry {
    pub(crate) fn of<P: Projection>() -> Self {
        Self {
            name: P::NAME,
            type_id: TypeId::of::<P>(),
            #[cfg(feature = "testing")]
            comparison: RowComparison::of::<P>(),
        }
    }
}

impl fmt::Debug for AggregateEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

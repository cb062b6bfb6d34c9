use crate::{
    message::{Version, stable_hash},
    model::Aggregate,
};

/// Says when an event-sourced aggregate gets a snapshot, and which snapshots are outdated.
///
/// A snapshot is the state after some event. A load reads it, and only the events after it. The commit
/// that appends the events also writes the snapshot, so it costs no round trip of its own.
///
/// A snapshot is never needed: the events say what is true. A load ignores it if its shape is not that
/// of today, if it cannot be read, or if the stream does not have its last event. It then folds all
/// events, and the next commit writes a new snapshot. The log has a warning, and
/// [`Health::discarded_snapshots`](crate::engine::Health::discarded_snapshots) counts it.
///
/// The shape is the names and types of the fields, the names and versions of the events, and
/// [`version`](Self::version). It does not see two changes: what an `apply` does, and the fields of a
/// type inside of the aggregate. After such a change, increase the version.
///
/// # Examples
///
/// ```
/// # use flow_domain::{Aggregate, Apply, Domain, Event, PendingEvents};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
/// # #[aggregate(id = account_id, event_sourced, events(MoneyPaidIn))]
/// # struct Account { account_id: String, #[serde(skip)] raised: PendingEvents }
/// # #[derive(Debug, Serialize, Deserialize, Event)]
/// # #[event(part_of = Account, id = account_id)]
/// # struct MoneyPaidIn { account_id: String }
/// # impl Apply<MoneyPaidIn> for Account { fn apply(&mut self, _: &MoneyPaidIn) {} }
/// use flow_domain::SnapshotPolicy;
///
/// let bank = Domain::builder("bank")
///     .aggregate_with_snapshots::<Account>(SnapshotPolicy::every(100).version(2))
///     .build()?;
/// # Ok::<(), flow_domain::WiringErrors>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotPolicy {
    n_events: u64,
    version: u32,
}

/// The policy of one aggregate, and the shape that its snapshots have today.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotRule {
    pub(crate) policy: SnapshotPolicy,
    pub(crate) shape: u64,
}

impl SnapshotPolicy {
    /// Writes a snapshot when at least `n_events` events follow the last one.
    ///
    /// A larger number writes less, and a load reads more: up to that many events, and those of one
    /// commit. A number from 50 to 500 is usual. 0 is a wiring mistake.
    pub fn every(n_events: u64) -> Self {
        Self {
            n_events,
            version: 1,
        }
    }

    /// Sets the version of the state. Snapshots of another version are outdated.
    #[must_use]
    pub fn version(self, version: u32) -> Self {
        Self { version, ..self }
    }

    /// Returns true if a snapshot can ever be due.
    pub(crate) fn has_effect(self) -> bool {
        0 < self.n_events
    }

    /// Returns true if a snapshot after the event `now` is due. The last one is after the event `last`.
    pub(crate) fn is_due(self, last: Version, now: Version) -> bool {
        last.as_u64().saturating_add(self.n_events) <= now.as_u64()
    }
}

impl SnapshotRule {
    pub(crate) fn of<A: Aggregate>(policy: SnapshotPolicy) -> Self {
        let events = A::EVENTS.iter().copied().flatten();
        let events: Vec<String> = events.map(|schema| schema.name.to_string()).collect();
        let shape = format!("{}|{}|{}", A::SHAPE, events.join(";"), policy.version);

        Self {
            policy,
            shape: stable_hash(shape.bytes()),
        }
    }
}

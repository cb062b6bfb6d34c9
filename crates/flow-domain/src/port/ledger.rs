use std::{fmt, sync::Arc, time::Duration};

use crate::{message::Payload, port::PortFuture};

/// How far a partition of a topic was read.
///
/// Cursors are sorted by topic, and then by partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The index of the topic in a list of topics. In the event store it is always 0.
    pub topic: usize,
    /// The partition.
    pub partition: u32,
    /// The place of the last message that was read, or 0. In the event store it is a position.
    pub place: u64,
}

/// The right of one engine to work on a partition of a group.
///
/// The store compares the epoch with each commit that names a fence. So an engine that was replaced
/// cannot commit, even if it does not know that yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The group: the name of the subscription.
    pub group: Arc<str>,
    /// The partition.
    pub partition: u32,
    /// The epoch. It grows with every owner of the partition.
    pub epoch: u64,
}

/// A partition that a member owns, as far as it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldPartition {
    /// The partition.
    pub partition: u32,
    /// The epoch in which the member won it.
    pub epoch: u64,
}

/// The request of a member to renew its leases and to take its share.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The group.
    pub group: &'a Arc<str>,
    /// The name of the member. No two living members may have the same name.
    pub member: &'a Arc<str>,
    /// The number of partitions of the group.
    pub n_partitions: u32,
    /// What the member owns, by partition.
    ///
    /// A partition that belongs to this name and is not listed is free: the member has restarted.
    pub held: &'a [HeldPartition],
    /// How long the leases last. The server measures this time from when it handles the request.
    pub lease: Duration,
    /// Whether the member takes all partitions, also those that others own. A rebuild does.
    pub is_takeover: bool,
}

/// What a turn has changed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TurnResult {
    /// The partitions that the member owns from now on.
    pub won: Vec<WonPartition>,
    /// The partitions that another member has won in the meantime.
    pub lost: Vec<u32>,
    /// How many partitions the member owns beyond its fair share, and should release soon.
    pub n_surplus: usize,
}

/// A partition that a member has won.
#[derive(Clone, Debug, PartialEq)]
pub struct WonPartition {
    /// The partition.
    pub partition: u32,
    /// The epoch, which is greater than every earlier one of this partition.
    pub epoch: u64,
    /// Whether the last owner did not release it: its lease ended, or it restarted. False in a takeover.
    pub was_abandoned: bool,
    /// What the group has done with the partition; `None` if nothing was ever saved.
    pub ledger: Option<Payload>,
}

/// A ledger to save. The commit fails if the epoch of its fence is over.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerWrite {
    /// The partition and the epoch of its owner.
    pub fence: Fence,
    /// What the group has done.
    pub value: Payload,
}

/// Says who works on which partition of a group, and stores what the group has done.
///
/// An engine is a member of each group that it works for. It takes turns until it leaves. A member that
/// takes no turn for the time of its lease counts as dead.
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Renews the leases of a member, and gives it free partitions up to its fair share.
    ///
    /// A partition is free if nobody owns it, or if the lease of its owner has ended. The share is
    /// the number of partitions divided by the number of living members, rounded up. A lease that has
    /// ended and that nobody has taken is renewed like any other.
    ///
    /// In a takeover, every partition counts as free, and the share is all of them. The members that
    /// owned them learn it in their next turn, and their fences are over at once.
    fn turn<'a>(&'a self, turn: &'a Turn<'a>) -> PortFuture<'a, TurnResult>;

    /// Releases partitions, so that another member can take them at once.
    ///
    /// Partitions that the member does not own any more are left alone.
    fn release<'a>(&'a self, group: &'a Arc<str>, held: &'a [HeldPartition]) -> PortFuture<'a, ()>;

    /// Ends a membership. It no longer counts for the shares of the others.
    fn leave<'a>(&'a self, group: &'a Arc<str>, member: &'a Arc<str>) -> PortFuture<'a, ()>;

    /// Returns the saved ledgers of a group, by partition.
    fn ledgers<'a>(&'a self, group: &'a str) -> PortFuture<'a, Vec<(u32, Payload)>>;
}

use std::sync::Arc;

use tokio::time::Instant;

use crate::{
    adapter::memory::small_map::SmallMap,
    message::Payload,
    port::{Fence, HeldPartition, LedgerWrite, Turn, TurnResult, WonPartition},
};

/// The owners and the ledgers of all partitions, by group.
///
/// A clone shares the groups until one of them changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases {
    groups: SmallMap<Arc<str>, Arc<Group>>,
}

#[derive(Clone, Debug, Default)]
struct Group {
    members: Vec<Member>,
    partitions: Vec<Partition>,
}

#[derive(Clone, Debug)]
struct Member {
    name: Arc<str>,
    alive_until: Instant,
}

#[derive(Clone, Debug, Default)]
struct Partition {
    epoch: u64,
    /// `None` if the last owner released it, or if nobody ever owned it.
    owner: Option<Arc<str>>,
    /// The end of the lease; `None` without an owner.
    until: Option<Instant>,
    ledger: Option<Payload>,
}

impl Leases {
    pub(super) fn turn(&mut self, turn: &Turn<'_>, now: Instant) -> TurnResult {
        let groups = &mut self.groups;
        let group = groups.get_or_default(&**turn.group, || Arc::clone(turn.group));

        Arc::make_mut(group).turn(turn, now)
    }

    pub(super) fn release(&mut self, group: &str, held: &[HeldPartition]) {
        let Some(group) = self.groups.get_mut(group).map(Arc::make_mut) else {
            return;
        };

        for held in held {
            if let Some(partition) = group.partitions.get_mut(held.partition as usize)
                && partition.epoch == held.epoch
            {
                partition.owner = None;
                partition.until = None;
            }
        }
    }

    pub(super) fn leave(&mut self, group: &str, member: &str) {
        if let Some(group) = self.groups.get_mut(group) {
            let members = &mut Arc::make_mut(group).members;
            members.retain(|other| *other.name != *member);
        }
    }

    /// Returns true if nobody has won the partition since the epoch of the fence.
    pub(super) fn is_current(&self, fence: &Fence) -> bool {
        let partition = self
            .groups
            .get(&*fence.group)
            .and_then(|group| group.partitions.get(fence.partition as usize));

        partition.is_some_and(|partition| partition.epoch == fence.epoch)
    }

    /// Saves a ledger. The caller has checked the fence.
    pub(super) fn save(&mut self, write: &LedgerWrite) {
        let partition = self.groups.get_mut(&*write.fence.group).and_then(|group| {
            let partitions = &mut Arc::make_mut(group).partitions;
            partitions.get_mut(write.fence.partition as usize)
        });
        if let Some(partition) = partition {
            partition.ledger = Some(write.value.clone());
        }
    }

    pub(super) fn ledgers(&self, group: &str) -> Vec<(u32, Payload)> {
        let partitions = self.groups.get(group).map(|group| group.partitions.iter());
        let saved = partitions
            .into_iter()
            .flatten()
            .zip(0..)
            .filter_map(|(partition, idx)| Some((idx, partition.ledger.clone()?)));

        saved.collect()
    }
}

impl Group {
    fn turn(&mut self, turn: &Turn<'_>, now: Instant) -> TurnResult {
        let until = now + turn.lease;
        let n_partitions = turn.n_partitions as usize;
        if self.partitions.len() < n_partitions {
            self.partitions
                .resize_with(n_partitions, Partition::default);
        }

        self.members
            .retain(|member| now < member.alive_until && member.name != *turn.member);
        self.members.push(Member {
            name: Arc::clone(turn.member),
            alive_until: until,
        });
        let share = if turn.is_takeover {
            n_partitions
        } else {
            n_partitions.div_ceil(self.members.len())
        };

        let mut result = TurnResult::default();
        let mut n_kept = 0;
        for held in turn.held {
            match self.partitions.get_mut(held.partition as usize) {
                // It is renewed even after its end, because nobody has taken it.
                Some(partition) if partition.epoch == held.epoch && partition.owner.is_some() => {
                    partition.until = Some(until);
                    n_kept += 1;
                }
                _ => result.lost.push(held.partition),
            }
        }

        result.won.reserve(share.saturating_sub(n_kept));
        let is_held = |idx: u32| turn.held.iter().any(|held| held.partition == idx);
        for (partition, idx) in self.partitions.iter_mut().zip(0..turn.n_partitions) {
            let is_forgotten = partition.owner.as_ref() == Some(turn.member) && !is_held(idx);
            let is_free = turn.is_takeover
                || is_forgotten
                || partition.until.is_none_or(|until| until <= now);
            let is_kept = is_held(idx) && !result.lost.contains(&idx);
            if is_kept || !is_free || share <= n_kept + result.won.len() {
                continue;
            }

            partition.epoch += 1;
            result.won.push(WonPartition {
                partition: idx,
                epoch: partition.epoch,
                was_abandoned: partition.owner.is_some() && !turn.is_takeover,
                ledger: partition.ledger.clone(),
            });
            partition.owner = Some(Arc::clone(turn.member));
            partition.until = Some(until);
        }

        result.n_surplus = n_kept.saturating_sub(share);
        result
    }
}

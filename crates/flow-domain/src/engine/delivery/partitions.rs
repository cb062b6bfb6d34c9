use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    clock::monotonic_now,
    engine::delivery::{
        consumer::Consumer,
        incoming::{IncomingMessage, Origin},
        ledger_row::{LedgerRow, OpenMessage},
        queue::MessageState,
    },
    error::Error,
    handler::Ports,
    port::{Cursor, Fence, HeldPartition, StartFrom, Turn, WonPartition},
};

/// How long an engine owns its partitions if it does not renew its leases. Another engine takes over
/// after this time.
pub(in crate::engine) const LEASE: Duration = Duration::from_secs(10);

/// From this number of owners that died in a row on, messages are tried one at a time.
const N_SUSPICIOUS_DEATHS: u32 = 2;

/// The limit of unsettled messages of a partition. Its ledger may list all of them.
const MAX_OPEN: usize = 1_000;

/// A partition that this engine owns.
#[derive(Clone, Debug)]
pub(in crate::engine) struct OwnedPartition {
    pub(super) index: u32,
    pub(super) epoch: u64,
    /// Whether its ledger has changed since it was saved.
    pub(super) is_unsaved: bool,
    /// Whether it is to be released as soon as nothing of it is in flight.
    pub(super) is_leaving: bool,
    /// How many owners in a row died without progress, this engine not included.
    pub(super) n_deaths: u32,
    /// Whether the number of deaths must be saved before the next message is tried.
    pub(super) saves_first: bool,
    /// How many messages are to be tried alone, because one of them may kill its process.
    pub(super) n_quarantined: usize,
}

impl OwnedPartition {
    fn held(&self) -> HeldPartition {
        HeldPartition {
            partition: self.index,
            epoch: self.epoch,
        }
    }
}

/// Membership: what this engine owns, and what its ledgers say.
impl Consumer {
    /// Renews the leases, and takes a fair share. Returns the partitions that were lost.
    pub(in crate::engine) async fn take_turn(&mut self, ports: &Ports) -> Result<Vec<u32>, Error> {
        self.turn(ports, false).await
    }

    /// Takes all partitions, also those that other engines own.
    pub(in crate::engine) async fn take_over(&mut self, ports: &Ports) -> Result<(), Error> {
        self.turn(ports, true).await.map(|_| ())
    }

    async fn turn(&mut self, ports: &Ports, is_takeover: bool) -> Result<Vec<u32>, Error> {
        let held: Vec<_> = self.partitions.iter().map(OwnedPartition::held).collect();
        let turn = Turn {
            group: &self.name,
            member: &self.member,
            n_partitions: self.feed.n_partitions(ports)?,
            held: &held,
            lease: LEASE,
            is_takeover,
        };
        let begun = monotonic_now();
        let result = ports.store.turn(&turn).await?;
        self.owned_until = begun + LEASE;

        for partition in &result.lost {
            self.drop_partition(*partition);
        }
        let stays = self.partitions.len().saturating_sub(result.n_surplus);
        for surplus in &mut self.partitions[stays..] {
            surplus.is_leaving = true;
        }
        for won in result.won {
            let index = won.partition;
            if let Err(err) = self.open(ports, won).await {
                // A partition is opened whole or not at all.
                self.drop_partition(index);
                return Err(err);
            }
        }
        self.cursors.sort_unstable();

        Ok(result.lost)
    }

    /// Begins to read a partition where its ledger says.
    async fn open(&mut self, ports: &Ports, won: WonPartition) -> Result<(), Error> {
        let partition = won.partition;
        let ledger = won.ledger.as_ref().map(LedgerRow::decode).transpose()?;
        let ledger = ledger.unwrap_or_default();
        let n_deaths = ledger.n_deaths + u32::from(won.was_abandoned);
        let n_quarantined = if N_SUSPICIOUS_DEATHS <= n_deaths {
            self.settings.batch_size.max(1)
        } else {
            0
        };

        let idx = self.partitions.partition_point(|own| own.index < partition);
        let opened = OwnedPartition {
            index: partition,
            epoch: won.epoch,
            is_unsaved: false,
            is_leaving: false,
            n_deaths,
            saves_first: won.was_abandoned,
            n_quarantined,
        };
        self.partitions.insert(idx, opened);

        for topic in 0..self.feed.n_topics() {
            // A new group has no topics, and needs no names.
            let is_new = ledger.topics.is_empty();
            let progress = (!is_new)
                .then(|| ledger.progress(&self.feed.topic_name(topic)))
                .flatten();
            let mut cursor = Cursor {
                topic,
                partition,
                place: progress.map_or(0, |progress| progress.read),
            };
            if progress.is_none() && self.settings.start == StartFrom::Now {
                // It must be saved: the next engine would start at a later end and miss what is between.
                let end = std::slice::from_mut(&mut cursor);
                self.feed.seek_end(ports, end).await?;
                self.partitions[idx].is_unsaved = true;
            }
            self.cursors.push(cursor);

            let open = progress.map_or(&[][..], |progress| &progress.open);
            if !open.is_empty() {
                self.read_open(ports, (topic, partition), open).await?;
            }
        }

        Ok(())
    }

    /// Reads the open messages of a ledger again.
    async fn read_open(
        &mut self,
        ports: &Ports,
        (topic, partition): (usize, u32),
        open: &[OpenMessage],
    ) -> Result<(), Error> {
        let places: Vec<u64> = open.iter().map(|open| open.place).collect();
        let read = self.feed.read_at(ports, (topic, partition), &places);
        for mut message in read.await? {
            let Origin::Partition { place, .. } = message.origin else {
                continue;
            };
            let entry = open.iter().find(|entry| entry.place == place);
            message.attempt = entry.map_or(1, |entry| entry.attempt);
            let due = entry.and_then(|entry| entry.due);
            self.mark_touched(&message.origin);
            message.envelope = ports.catalog.upcasts.to_current(message.envelope);
            self.queue.push(message, self.feed.is_backfill(topic), due);
        }

        Ok(())
    }

    pub(super) fn partition_mut(&mut self, index: u32) -> Option<&mut OwnedPartition> {
        let partitions = &mut self.partitions;
        let idx = partitions.binary_search_by_key(&index, |partition| partition.index);
        Some(&mut partitions[idx.ok()?])
    }

    pub(super) fn partition(&self, index: u32) -> Option<&OwnedPartition> {
        let partitions = &self.partitions;
        let idx = partitions.binary_search_by_key(&index, |partition| partition.index);
        Some(&partitions[idx.ok()?])
    }

    /// Returns the fence for an attempt with a message of this partition.
    pub(super) fn fence(&self, partition: Option<u32>) -> Option<Fence> {
        let partition = self.partition(partition?)?;

        Some(Fence {
            group: Arc::clone(&self.name),
            partition: partition.index,
            epoch: partition.epoch,
        })
    }

    /// Notes that a message was settled or has failed, so that the ledger must list all open messages
    /// before it.
    pub(super) fn mark_touched(&mut self, origin: &Origin) {
        let Origin::Partition {
            topic,
            partition,
            place,
        } = *origin
        else {
            return;
        };

        let touched = self.touched.entry((partition, topic)).or_default();
        *touched = place.max(*touched);
        if let Some(partition) = self.partition_mut(partition) {
            partition.is_unsaved = true;
        }
    }

    /// Notes that the subscription skips a message that was read.
    pub(super) fn mark_skipped(&mut self, origin: &Origin) {
        if let Origin::Partition { partition, .. } = *origin
            && let Some(partition) = self.partition_mut(partition)
        {
            partition.is_unsaved = true;
        }
    }

    /// Notes that a message of this partition was settled, so its owner did not die of it.
    pub(super) fn mark_progress(&mut self, partition: Option<u32>) {
        if let Some(index) = partition
            && let Some(partition) = self.partition_mut(index)
        {
            partition.n_quarantined = partition.n_quarantined.saturating_sub(1);
            if partition.n_quarantined == 0 {
                partition.n_deaths = 0;
            }
        }
    }

    /// Returns true if messages of the partition may be tried besides those in flight.
    pub(super) fn is_partition_free(&self, partition: Option<u32>) -> bool {
        let Some(partition) = partition.and_then(|index| self.partition(index)) else {
            // A replay has no partition.
            return partition.is_none();
        };

        !partition.is_leaving
            && (partition.n_quarantined == 0 || !self.is_in_flight(partition.index))
    }

    pub(super) fn is_quarantined(&self, partition: Option<u32>) -> bool {
        let partition = partition.and_then(|index| self.partition(index));
        partition.is_some_and(|partition| 0 < partition.n_quarantined)
    }

    fn is_in_flight(&self, partition: u32) -> bool {
        self.queue.iter().any(|(_, message)| {
            message.state == MessageState::InFlight
                && message.incoming.partition() == Some(partition)
        })
    }

    /// Reads a lane of the owned partitions, without those that are full or leaving.
    pub(super) async fn read_readable(
        &mut self,
        ports: &Ports,
        is_backfill: bool,
        limit: usize,
    ) -> Result<Vec<IncomingMessage>, Error> {
        let first_backfill = self
            .cursors
            .partition_point(|cursor| !self.feed.is_backfill(cursor.topic));
        let (primary, backfill) = self.cursors.split_at_mut(first_backfill);
        let cursors = if is_backfill { backfill } else { primary };

        let is_leaving = self.partitions.iter().any(|partition| partition.is_leaving);
        if !is_leaving && self.queue.len() < MAX_OPEN {
            return self.feed.read(ports, cursors, limit).await;
        }

        // The others are read with copies of their cursors.
        let mut n_open: BTreeMap<u32, usize> = BTreeMap::new();
        for (_, message) in self.queue.iter() {
            if let Some(partition) = message.incoming.partition() {
                *n_open.entry(partition).or_default() += 1;
            }
        }
        let is_readable = |cursor: &Cursor| {
            let is_full = |n_open: &usize| MAX_OPEN <= *n_open;
            let mut leaving = self
                .partitions
                .iter()
                .filter(|partition| partition.is_leaving);
            !n_open.get(&cursor.partition).is_some_and(is_full)
                && !leaving.any(|partition| partition.index == cursor.partition)
        };
        let mut readable: Vec<Cursor> = cursors.iter().copied().filter(is_readable).collect();
        let read = self.feed.read(ports, &mut readable, limit).await?;
        for cursor in cursors {
            let same = |moved: &&Cursor| {
                (moved.topic, moved.partition) == (cursor.topic, cursor.partition)
            };
            cursor.place = readable
                .iter()
                .find(same)
                .map_or(cursor.place, |moved| moved.place);
        }

        Ok(read)
    }

    /// Releases the partitions that are to be given up and of which nothing is in flight any more.
    pub(in crate::engine) async fn release_leaving(&mut self, ports: &Ports) -> Result<(), Error> {
        let leaving = self
            .partitions
            .iter()
            .filter(|partition| partition.is_leaving && !self.is_in_flight(partition.index));
        let leaving: Vec<_> = leaving.map(OwnedPartition::held).collect();
        if leaving.is_empty() {
            return Ok(());
        }

        self.save(ports).await?;
        ports.store.release(&self.name, &leaving).await?;
        for held in leaving {
            self.drop_partition(held.partition);
        }
        Ok(())
    }

    /// Saves the ledgers, releases all partitions and leaves the group.
    pub(in crate::engine) async fn leave(&mut self, ports: &Ports) -> Result<(), Error> {
        let saved = self.save(ports).await;
        self.release_all(ports).await?;
        saved
    }

    /// Releases all partitions and leaves the group. What is not saved is lost.
    pub(in crate::engine) async fn release_all(&mut self, ports: &Ports) -> Result<(), Error> {
        let held: Vec<_> = self.partitions.iter().map(OwnedPartition::held).collect();
        ports.store.release(&self.name, &held).await?;
        ports.store.leave(&self.name, &self.member).await?;
        self.forget();
        Ok(())
    }

    /// Forgets a partition that another engine owns by now.
    pub(in crate::engine) fn drop_partition(&mut self, index: u32) {
        self.queue.remove_partition(index);
        self.partitions.retain(|partition| partition.index != index);
        self.cursors.retain(|cursor| cursor.partition != index);
        self.touched.retain(|(partition, _), _| *partition != index);
    }

    /// Returns true if the partitions surely belong to this engine. After the end of the leases,
    /// another engine may own them.
    pub(in crate::engine) fn is_owner(&self) -> bool {
        monotonic_now() < self.owned_until && !self.is_standby()
    }

    /// Returns true if this engine owns no partition.
    pub(in crate::engine) fn is_standby(&self) -> bool {
        self.partitions.is_empty()
    }
}

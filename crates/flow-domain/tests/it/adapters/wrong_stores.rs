use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use flow_domain::{
    adapter::memory::MemoryStore,
    forward_ports,
    message::{Payload, Position, Recorded, StreamName, Version},
    port::{
        Changes, Cursor, EventStore, Fence, HeldPartition, Ledger, PortFuture, Store, Turn,
        TurnResult,
    },
    testing::contract::{
        killed_owner_loses_and_repeats_nothing, owner_that_outsleeps_its_lease_cannot_commit,
        owners_of_a_partition_never_overlap,
    },
};

use crate::adapters::failure_of;

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq)]
enum StoreFault {
    /// Nothing. The tests pass.
    None,
    /// A commit goes through whatever the epoch of its fence.
    NoEpochCheck,
    /// A refused commit is written, except for its ledger.
    TornCommit,
    /// The next owner of a partition does not get the ledger.
    LostLedger,
    /// A read leaves out its second event.
    LostEvent,
    /// A read returns its events in reverse order.
    ReversedEvents,
}

/// A store in memory with one fault.
#[derive(Debug)]
struct WrongStore {
    store: Arc<dyn Store>,
    fault: StoreFault,
    /// The epochs of all partitions now.
    epochs: Mutex<BTreeMap<u32, u64>>,
}

impl WrongStore {
    fn new(fault: StoreFault) -> Self {
        Self {
            store: Arc::new(MemoryStore::default()),
            fault,
            epochs: Mutex::default(),
        }
    }

    fn renew(&self, fence: &mut Fence) {
        fence.epoch = self.epochs.lock().unwrap()[&fence.partition];
    }

    /// Makes the fences of changes those of the owner of today.
    fn with_epochs_of_today(&self, changes: &Changes) -> Changes {
        let mut changes = changes.clone();
        changes.fence.iter_mut().for_each(|fence| self.renew(fence));
        for ledger in &mut changes.ledgers {
            self.renew(&mut ledger.fence);
        }
        changes
    }
}

impl Store for WrongStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        match self.fault {
            StoreFault::NoEpochCheck => PortFuture::boxed(async move {
                self.store.commit(&self.with_epochs_of_today(changes)).await
            }),
            StoreFault::TornCommit => PortFuture::boxed(async move {
                let committed = self.store.commit(changes).await;
                if committed.is_err() {
                    let mut rest = changes.clone();
                    rest.fence = None;
                    rest.ledgers.clear();
                    self.store.commit(&rest).await?;
                }
                committed
            }),
            _ => self.store.commit(changes),
        }
    }
}

impl EventStore for WrongStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.store.read_stream(stream, after, limit)
    }

    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        let read = self
            .store
            .read_partitions(categories, n_partitions, cursors, limit);
        let fault = self.fault;

        read.map(move |mut events| {
            match fault {
                StoreFault::LostEvent if 1 < events.len() => {
                    events.remove(1);
                }
                StoreFault::ReversedEvents => events.reverse(),
                _ => {}
            }
            events
        })
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.store.read_category(category, after, limit)
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        self.store.read_at(positions)
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        self.store.last_position()
    }
}

forward_ports!(WrongStore: AggregateStore, ProjectionStore, Outbox);

impl Ledger for WrongStore {
    fn turn<'a>(&'a self, turn: &'a Turn<'a>) -> PortFuture<'a, TurnResult> {
        self.store.turn(turn).map(|mut result| {
            for won in &mut result.won {
                self.epochs.lock().unwrap().insert(won.partition, won.epoch);
                if self.fault == StoreFault::LostLedger {
                    won.ledger = None;
                }
            }
            result
        })
    }

    fn release<'a>(&'a self, group: &'a Arc<str>, held: &'a [HeldPartition]) -> PortFuture<'a, ()> {
        self.store.release(group, held)
    }

    fn leave<'a>(&'a self, group: &'a Arc<str>, member: &'a Arc<str>) -> PortFuture<'a, ()> {
        self.store.leave(group, member)
    }

    fn ledgers<'a>(&'a self, group: &'a str) -> PortFuture<'a, Vec<(u32, Payload)>> {
        self.store.ledgers(group)
    }
}

fn failure_of_kills(fault: StoreFault) -> String {
    failure_of(async { killed_owner_loses_and_repeats_nothing(&WrongStore::new(fault)).await })
}

fn failure_of_a_pause(fault: StoreFault) -> String {
    let store = WrongStore::new(fault);
    failure_of(async { owner_that_outsleeps_its_lease_cannot_commit(&store).await })
}

fn failure_of_an_overlap(fault: StoreFault) -> String {
    failure_of(async { owners_of_a_partition_never_overlap(&WrongStore::new(fault)).await })
}

#[tokio::test]
async fn wrong_store_without_a_fault_passes() {
    let store = || WrongStore::new(StoreFault::None);

    killed_owner_loses_and_repeats_nothing(&store()).await;
    owner_that_outsleeps_its_lease_cannot_commit(&store()).await;
    owners_of_a_partition_never_overlap(&store()).await;
}

#[test]
fn kills_find_a_lost_ledger() {
    insta::assert_snapshot!(failure_of_kills(StoreFault::LostLedger), @"assertion `left == right` failed: the messages of stream 0 must be handled once, and in their order");
}

#[test]
fn kills_find_a_lost_event() {
    insta::assert_snapshot!(failure_of_kills(StoreFault::LostEvent), @"assertion `left == right` failed: the messages of stream 0 must be handled once, and in their order");
}

#[test]
fn kills_find_reversed_events() {
    insta::assert_snapshot!(failure_of_kills(StoreFault::ReversedEvents), @"assertion `left == right` failed: the messages of stream 1 must be handled once, and in their order");
}

#[test]
fn pause_finds_a_missing_check_of_the_epoch() {
    insta::assert_snapshot!(failure_of_a_pause(StoreFault::NoEpochCheck), @"the owner was replaced, so it must not commit: ()");
}

#[test]
fn pause_finds_a_torn_commit() {
    insta::assert_snapshot!(failure_of_a_pause(StoreFault::TornCommit), @"assertion `left == right` failed: the messages of stream 0 must be handled once, and in their order");
}

#[test]
fn overlap_finds_a_missing_check_of_the_epoch() {
    insta::assert_snapshot!(failure_of_an_overlap(StoreFault::NoEpochCheck), @"two owners overlap: epoch 1 of `result-0` has committed after epoch 2");
}

#[test]
fn overlap_finds_a_torn_commit() {
    insta::assert_snapshot!(failure_of_an_overlap(StoreFault::TornCommit), @"two owners overlap: epoch 1 of `result-0` has committed after epoch 2");
}

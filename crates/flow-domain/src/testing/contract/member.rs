use std::{sync::Arc, time::Duration};

use crate::port::{Fence, HeldPartition, Store, Turn, TurnResult};

pub(super) const N_PARTITIONS: u32 = 12;
pub(super) const LONG: Duration = Duration::from_secs(600);
pub(super) const SHORT: Duration = Duration::from_millis(200);

/// A member of a group, with what it believes to own.
pub(super) struct Member {
    pub(super) group: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) held: Vec<HeldPartition>,
    pub(super) n_partitions: u32,
}

impl Member {
    pub(super) fn of(group: &str, name: &str) -> Self {
        Self {
            group: group.into(),
            name: name.into(),
            held: Vec::new(),
            n_partitions: N_PARTITIONS,
        }
    }

    pub(super) fn new(name: &str) -> Self {
        Self::of("shipping", name)
    }

    /// Takes a turn, and follows its result.
    pub(super) async fn turn<S: Store + ?Sized>(
        &mut self,
        store: &S,
        lease: Duration,
    ) -> TurnResult {
        self.turn_or_take_over(store, lease, false).await
    }

    /// Takes all partitions.
    pub(super) async fn take_over<S: Store + ?Sized>(&mut self, store: &S) -> TurnResult {
        self.turn_or_take_over(store, LONG, true).await
    }

    async fn turn_or_take_over<S: Store + ?Sized>(
        &mut self,
        store: &S,
        lease: Duration,
        is_takeover: bool,
    ) -> TurnResult {
        let turn = Turn {
            group: &self.group,
            member: &self.name,
            n_partitions: self.n_partitions,
            held: &self.held,
            lease,
            is_takeover,
        };
        let result = store.turn(&turn).await.expect("`turn` must succeed");

        self.held
            .retain(|held| !result.lost.contains(&held.partition));
        self.held.extend(result.won.iter().map(|won| HeldPartition {
            partition: won.partition,
            epoch: won.epoch,
        }));
        self.held.sort_unstable_by_key(|held| held.partition);
        result
    }

    pub(super) async fn release<S: Store + ?Sized>(&mut self, store: &S, n: usize) {
        let rest = self.held.len() - n;
        let released = self.held.split_off(rest);
        let result = store.release(&self.group, &released).await;
        result.expect("`release` must succeed");
    }

    pub(super) fn fence(&self, idx: usize) -> Fence {
        Fence {
            group: Arc::clone(&self.group),
            partition: self.held[idx].partition,
            epoch: self.held[idx].epoch,
        }
    }

    pub(super) fn partitions(&self) -> Vec<u32> {
        self.held.iter().map(|held| held.partition).collect()
    }
}

/// Lets a lease of the length [`SHORT`] end.
pub(super) async fn outlast_a_lease() {
    let _ = tokio::time::timeout(SHORT * 2, std::future::pending::<()>()).await;
}

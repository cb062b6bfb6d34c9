use std::sync::Arc;

use crate::{
    message::Envelope,
    port::{Cursor, Store},
    testing::{
        contract::{
            fixture::change,
            group::{Group, Log, Owner, cut_off},
            member::{LONG, SHORT, outlast_a_lease},
        },
        random::Rng,
    },
};

/// Owners die in the middle of a delivery and lose what they know. The store stays.
///
/// Nothing is lost, repeated or out of order, also if an owner died while it waited for a commit.
pub async fn killed_owner_loses_and_repeats_nothing<S: Store + ?Sized>(store: &S) {
    let group = Group::new(StoreLog(store), store);

    let n = kill_owners(&group, 0).await;

    group.check(n).await;
}

/// An owner sleeps for two leases and wakes up in the middle of its deliveries. Its commits are refused.
pub async fn owner_that_outsleeps_its_lease_cannot_commit<S: Store + ?Sized>(store: &S) {
    let group = Group::new(StoreLog(store), store);

    let n = pause_owners(&group, 0).await;

    group.check(n).await;
}

/// Two owners of one partition never both commit, although the first does not know that it was replaced.
pub async fn owners_of_a_partition_never_overlap<S: Store + ?Sized>(store: &S) {
    let group = Group::new(StoreLog(store), store);

    let n = replace_owners(&group, 0).await;

    group.check(n).await;
}

/// Kills owners, and returns the number of messages in each stream. There were `n` of them before.
pub(super) async fn kill_owners<L: Log, S: Store + ?Sized>(
    group: &Group<'_, L, S>,
    mut n: u32,
) -> u32 {
    let mut rng = Rng(14);
    let names = ["a", "b", "c"];
    let mut owners = names.map(|name| group.owner(name));

    for _ in 0..12 {
        n += 1;
        group.write(n).await;
        for owner in &mut owners {
            owner.turn(LONG).await;
            owner.handle(2).await;
        }

        let idx = rng.pick(&[0, 1, 2]);
        cut_off(rng.below(8), owners[idx].handle(20)).await;
        // It has the name of the dead owner, so it waits for no lease.
        owners[idx] = group.owner(names[idx]);
    }

    finish(&mut owners).await;
    n
}

/// Lets owners sleep for two leases, and returns the number of messages in each stream.
pub(super) async fn pause_owners<L: Log, S: Store + ?Sized>(
    group: &Group<'_, L, S>,
    mut n: u32,
) -> u32 {
    let mut owners = ["a", "b"].map(|name| group.owner(name));

    for _ in 0..3 {
        n += 1;
        group.write(n).await;
        let [sleeper, other] = &mut owners;
        sleeper.turn(SHORT).await;
        sleeper.handle(2).await;
        let late = sleeper.next_changes().await;
        assert!(!late.is_empty(), "the sleeper has something left to commit");

        outlast_a_lease().await;
        other.turn(LONG).await;
        for changes in late {
            let committed = group.store().commit(&changes).await;
            let err = committed
                .map(|_| ())
                .expect_err("the owner was replaced, so it must not commit");
            assert!(err.is_fenced(), "expected a fenced commit, found {err}");
        }
        other.handle(usize::MAX).await;

        sleeper.turn(LONG).await;
        assert_eq!(sleeper.member.held, [], "the sleeper learns what it lost");
        // The other one gives everything back, and is the next to sleep.
        let n_held = other.member.held.len();
        other.member.release(group.store(), n_held).await;
        owners.swap(0, 1);
    }

    finish(&mut owners).await;
    n
}

/// Replaces owners while they commit, and returns the number of messages in each stream.
pub(super) async fn replace_owners<L: Log, S: Store + ?Sized>(
    group: &Group<'_, L, S>,
    mut n: u32,
) -> u32 {
    let mut rng = Rng(7);
    let mut owners = ["a", "b"].map(|name| group.owner(name));
    owners[0].take_over().await;

    for _ in 0..8 {
        n += 2;
        group.write(n - 1).await;
        group.write(n).await;
        let n_before = rng.below(6);

        let [replaced, next] = &mut owners;
        let take_over = async {
            for _ in 0..n_before {
                tokio::task::yield_now().await;
            }
            next.take_over().await;
            next.handle(usize::MAX).await
        };
        let (_, is_owner) = tokio::join!(replaced.handle(usize::MAX), take_over);
        assert!(is_owner, "nobody has replaced the last owner");
        owners.swap(0, 1);
    }

    finish(&mut owners).await;
    n
}

/// Lets all owners handle what is left, and leave.
async fn finish<L: Log, S: Store + ?Sized>(owners: &mut [Owner<'_, L, S>]) {
    for _ in 0..3 {
        for owner in &mut *owners {
            owner.turn(LONG).await;
            assert!(owner.handle(usize::MAX).await, "nobody replaces an owner");
        }
    }

    for owner in owners {
        owner.leave().await;
    }
}

/// The events of a store.
struct StoreLog<'a, S: ?Sized>(&'a S);

impl<S: Store + ?Sized> Log for StoreLog<'_, S> {
    fn n_topics(&self) -> u32 {
        1
    }

    fn n_partitions(&self) -> u32 {
        6
    }

    async fn write(&self, _topic: u32, stream: &str, number: u32) {
        change().append(stream, [number]).commit_to(self.0).await;
    }

    async fn read(&self, cursor: &mut Cursor, limit: usize) -> Vec<(u64, Arc<Envelope>)> {
        let cursors = std::slice::from_mut(cursor);
        let read = self
            .0
            .read_partitions(Some(&["order"]), self.n_partitions(), cursors, limit)
            .await
            .expect("`read_partitions` must succeed");

        read.into_iter()
            .map(|event| (event.position.as_u64(), event.envelope))
            .collect()
    }
}

use std::{fmt::Debug, sync::Arc, time::Duration};

use crate::{
    message::Payload,
    port::{Changes, Fence, HeldPartition, LedgerWrite, Store, Turn, TurnResult},
    testing::random::Rng,
};

const GROUPS: [&str; 2] = ["Shipping", "Mailer"];
const NAMES: [&str; 3] = ["one", "two", "three"];
const N_PARTITIONS: u32 = 8;

/// No lease ends during a comparison, because the stores measure it with different clocks.
const LEASE: Duration = Duration::from_secs(3_600);

/// The members of some groups, with what each believes to own.
#[derive(Debug)]
pub(super) struct Members {
    members: Vec<Member>,
    /// What members of the past have owned.
    old_fences: Vec<Fence>,
}

#[derive(Debug)]
struct Member {
    group: Arc<str>,
    name: Arc<str>,
    held: Vec<HeldPartition>,
}

impl Members {
    pub(super) fn new() -> Self {
        let members = GROUPS.iter().flat_map(|group| {
            NAMES.iter().map(|name| Member {
                group: (*group).into(),
                name: (*name).into(),
                held: Vec::new(),
            })
        });
        Self {
            members: members.collect(),
            old_fences: Vec::new(),
        }
    }

    /// Lets a member do something in both stores, and compares the results.
    pub(super) async fn act(&mut self, rng: &mut Rng, stores: [&dyn Store; 2], place: &str) {
        let idx = usize::try_from(rng.below(self.members.len() as u64)).expect("it is small");
        match rng.below(10) {
            0..6 => self.take_turn(idx, rng.below(12) == 0, stores, place).await,
            // It restarts, and has forgotten what it owned.
            6 => self.give_up(idx, 0),
            7..9 => self.release(idx, rng.below(4), stores, place).await,
            _ => self.leave(idx, stores, place).await,
        }

        for group in GROUPS {
            let [left, right] = stores.map(|store| store.ledgers(group));
            compare(left.await, right.await, place, &("ledgers", group));
        }
    }

    async fn take_turn(
        &mut self,
        idx: usize,
        is_takeover: bool,
        stores: [&dyn Store; 2],
        place: &str,
    ) {
        let member = &self.members[idx];
        let turn = Turn {
            group: &member.group,
            member: &member.name,
            n_partitions: N_PARTITIONS,
            held: &member.held,
            lease: LEASE,
            is_takeover,
        };
        let [left, right] = stores.map(|store| store.turn(&turn));
        let result = compare(left.await, right.await, place, &turn);
        self.follow(idx, &result);
    }

    fn follow(&mut self, idx: usize, result: &TurnResult) {
        let member = &mut self.members[idx];
        let is_lost = |held: &HeldPartition| result.lost.contains(&held.partition);
        let lost: Vec<HeldPartition> = member.held.extract_if(.., |held| is_lost(held)).collect();
        let won = result.won.iter().map(|won| HeldPartition {
            partition: won.partition,
            epoch: won.epoch,
        });
        member.held.extend(won);
        member.held.sort_unstable_by_key(|held| held.partition);

        let fences: Vec<Fence> = lost.iter().map(|held| member.fence(*held)).collect();
        self.old_fences.extend(fences);
    }

    /// Lets a member forget what it owns, but for the first `n` partitions. Returns what it forgets.
    fn forget(&mut self, idx: usize, n: usize) -> Vec<HeldPartition> {
        let member = &mut self.members[idx];
        let forgotten = member.held.split_off(n.min(member.held.len()));
        let fences: Vec<Fence> = forgotten.iter().map(|held| member.fence(*held)).collect();
        self.old_fences.extend(fences);
        forgotten
    }

    fn give_up(&mut self, idx: usize, n: usize) {
        self.forget(idx, n);
    }

    async fn release(&mut self, idx: usize, n: u64, stores: [&dyn Store; 2], place: &str) {
        let released = self.forget(idx, usize::try_from(n).expect("it is small"));
        let group = Arc::clone(&self.members[idx].group);
        let [left, right] = stores.map(|store| store.release(&group, &released));
        compare(left.await, right.await, place, &("release", &released));
    }

    async fn leave(&mut self, idx: usize, stores: [&dyn Store; 2], place: &str) {
        let Member { group, name, .. } = &self.members[idx];
        let [left, right] = stores.map(|store| store.leave(group, name));
        compare(left.await, right.await, place, &("leave", group, name));
    }

    /// Adds a fence to a commit, and a ledger under a fence. Some of the fences are old.
    pub(super) fn fence(&self, rng: &mut Rng, idx: u32, changes: &mut Changes) {
        let held = self.members.iter();
        let current = held.flat_map(|member| member.held.iter().map(|held| member.fence(*held)));
        let mut fences: Vec<Fence> = current.collect();
        if rng.below(4) == 0 {
            fences.extend(self.old_fences.iter().rev().take(4).cloned());
        }
        if fences.is_empty() {
            return;
        }

        let mut pick = || {
            let idx = usize::try_from(rng.below(fences.len() as u64)).expect("it is small");
            fences[idx].clone()
        };
        let (fence, of_ledger) = (pick(), pick());
        if rng.below(3) == 0 {
            changes.fence = Some(fence);
        }
        changes.ledgers.push(LedgerWrite {
            fence: of_ledger,
            value: Payload::from_json(format!(r#"{{"done":{idx},"open":[1.0,"\u0000"]}}"#)),
        });
    }
}

impl Member {
    fn fence(&self, held: HeldPartition) -> Fence {
        Fence {
            group: Arc::clone(&self.group),
            partition: held.partition,
            epoch: held.epoch,
        }
    }
}

/// Requires that two calls have the same result, and returns the value.
fn compare<T: Debug, E: Debug>(
    left: Result<T, E>,
    right: Result<T, E>,
    place: &str,
    call: &impl Debug,
) -> T {
    assert_eq!(
        format!("{right:?}"),
        format!("{left:?}"),
        "{place}: {call:?}"
    );
    left.expect("a call of the ledger succeeds")
}

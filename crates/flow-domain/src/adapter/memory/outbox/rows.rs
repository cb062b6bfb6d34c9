use std::collections::BTreeMap;

use crate::{
    adapter::memory::{
        layers::{Layer, Layers, Shared},
        outbox::{later::Later, open::Open},
    },
    clock::Timestamp,
    message::MessageId,
    port::{Claim, OutboxDue, OutboxRow, OutboxState, Outgoing, Settlement},
};

/// The rows of the outbox, each in the one place that fits how far it has come.
#[derive(Clone, Debug, Default)]
pub(in crate::adapter::memory) struct Outbox {
    n_added: u64,
    open: Shared<Open>,
    later: Later,
    published: Layers<Vec<Done>>,
    abandoned: Shared<BTreeMap<u64, Done>>,
}

/// A row that nobody will send any more.
#[derive(Clone, Debug)]
struct Done {
    row: OutboxRow,
    since: Timestamp,
}

impl Outbox {
    pub(in crate::adapter::memory) fn add(&mut self, outgoing: &Outgoing) {
        self.n_added += 1;
        let row = OutboxRow::new(self.n_added, outgoing.clone());
        self.open.to_mut().insert(row);
    }

    pub(in crate::adapter::memory) fn cancel(&mut self, id: MessageId) {
        self.later.cancel(id);
        let pending: Vec<u64> = self.open.get().pending(id).collect();
        for number in pending {
            self.open.to_mut().remove(number);
        }
    }

    pub(in crate::adapter::memory) fn claim(&mut self, claim: &Claim<'_>) -> Vec<OutboxRow> {
        while let Some(row) = self.later.pop_due(claim.now) {
            self.open.to_mut().insert(row);
        }
        // Forks go on sharing what there is nothing to do with.
        if self.open.get().is_empty() {
            return Vec::new();
        }
        let open = self.open.to_mut();
        let claimed = open.claim(claim);
        for number in claimed.early {
            if let Some(row) = open.remove(number) {
                self.later.insert(row);
            }
        }
        claimed.rows
    }

    pub(in crate::adapter::memory) fn settle(
        &mut self,
        worker: &str,
        now: Timestamp,
        settlements: &[Settlement],
    ) {
        let open = self.open.to_mut();
        for settlement in settlements {
            let Some(row) = open.settle(worker, settlement) else {
                continue;
            };
            let done = Done { row, since: now };
            if done.row.state == OutboxState::Published {
                self.published.split().1.push(done);
            } else {
                self.abandoned.to_mut().insert(done.row.number, done);
            }
        }
    }

    pub(in crate::adapter::memory) fn rows(
        &self,
        states: &[OutboxState],
        limit: usize,
    ) -> Vec<OutboxRow> {
        let wants = |state| states.contains(&state);
        let mut found: Vec<&OutboxRow> = Vec::new();
        found.extend(self.open.get().iter().filter(|row| wants(row.state)));
        if wants(OutboxState::Pending) {
            found.extend(self.later.iter());
        }
        // There are many of these, and they are seldom asked for.
        if wants(OutboxState::Published) {
            found.extend(self.published.iter().flatten().map(|done| &done.row));
        }
        if wants(OutboxState::Abandoned) {
            found.extend(self.abandoned.get().values().map(|done| &done.row));
        }
        found.sort_unstable_by_key(|row| row.number);
        found.into_iter().take(limit).cloned().collect()
    }

    pub(in crate::adapter::memory) fn next_due(&self, now: Timestamp) -> OutboxDue {
        let open = self.open.get();
        let early = open.early(now).chain(self.later.next_due(now));
        OutboxDue {
            again: open.again(now).min(),
            first: early.min(),
        }
    }

    pub(in crate::adapter::memory) fn reopen(&mut self, number: u64, now: Timestamp) -> bool {
        let Some(done) = self.abandoned.to_mut().remove(&number) else {
            return false;
        };
        self.open.to_mut().insert(OutboxRow {
            state: OutboxState::Pending,
            due: now,
            // It is tried as often again as if it were new.
            n_failures: 0,
            ..done.row
        });
        true
    }

    pub(in crate::adapter::memory) fn clean_up(
        &mut self,
        state: OutboxState,
        before: Timestamp,
    ) -> usize {
        let is_old = |done: &Done| done.since < before;
        match state {
            OutboxState::Published if self.published.iter().flatten().any(is_old) => {
                let published = self.published.whole();
                let n_before = published.len();
                published.retain(|done| !is_old(done));
                n_before - published.len()
            }
            OutboxState::Abandoned if self.abandoned.get().values().any(is_old) => {
                let abandoned = self.abandoned.to_mut();
                let n_before = abandoned.len();
                abandoned.retain(|_, done| !is_old(done));
                n_before - abandoned.len()
            }
            _ => 0,
        }
    }

    pub(in crate::adapter::memory) fn fork(&mut self) -> Self {
        Self {
            n_added: self.n_added,
            open: self.open.fork(),
            later: self.later.fork(),
            published: self.published.fork(),
            abandoned: self.abandoned.fork(),
        }
    }
}

impl Layer for Vec<Done> {
    fn size(&self) -> usize {
        self.len()
    }

    fn absorb(&mut self, upper: Self) {
        self.extend(upper);
    }
}

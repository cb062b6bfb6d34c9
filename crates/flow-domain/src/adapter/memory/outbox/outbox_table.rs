use std::collections::BTreeMap;

use crate::{
    adapter::memory::{
        outbox::{scheduled_rows::ScheduledRows, unsent_rows::UnsentRows},
        overlay::{CowCell, Layer, Overlay},
    },
    clock::Timestamp,
    message::MessageId,
    port::{Claim, OutboxDue, OutboxRow, OutboxState, Outgoing, Settlement},
};

/// The rows of the outbox, each in the one place that fits how far it has come.
#[derive(Clone, Debug, Default)]
pub(in crate::adapter::memory) struct OutboxTable {
    n_added: u64,
    unsent: CowCell<UnsentRows>,
    scheduled: ScheduledRows,
    published: Overlay<Vec<SettledRow>>,
    abandoned: CowCell<BTreeMap<u64, SettledRow>>,
}

/// A row that nobody will send any more.
#[derive(Clone, Debug)]
struct SettledRow {
    row: OutboxRow,
    settled_at: Timestamp,
}

impl OutboxTable {
    pub(in crate::adapter::memory) fn add(&mut self, outgoing: &Outgoing) {
        self.n_added += 1;
        let row = OutboxRow::new(self.n_added, outgoing.clone());
        self.unsent.to_mut().insert(row);
    }

    pub(in crate::adapter::memory) fn cancel(&mut self, id: MessageId) {
        self.scheduled.cancel(id);
        let pending: Vec<u64> = self.unsent.get().pending_numbers(id).collect();
        for number in pending {
            self.unsent.to_mut().remove(number);
        }
    }

    pub(in crate::adapter::memory) fn claim(&mut self, claim: &Claim<'_>) -> Vec<OutboxRow> {
        while let Some(row) = self.scheduled.pop_due(claim.now) {
            self.unsent.to_mut().insert(row);
        }

        // Forks go on sharing what there is nothing to do with.
        if self.unsent.get().is_empty() {
            return Vec::new();
        }

        let open = self.unsent.to_mut();
        let claimed = open.claim(claim);

        for number in claimed.not_due {
            if let Some(row) = open.remove(number) {
                self.scheduled.insert(row);
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
        let open = self.unsent.to_mut();
        for settlement in settlements {
            let Some(row) = open.settle(worker, settlement) else {
                continue;
            };

            let done = SettledRow {
                row,
                settled_at: now,
            };

            if done.row.state == OutboxState::Published {
                self.published.split_mut().1.push(done);
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

        found.extend(self.unsent.get().iter().filter(|row| wants(row.state)));
        if wants(OutboxState::Pending) {
            found.extend(self.scheduled.iter());
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
        let open = self.unsent.get();
        let early = open
            .scheduled_times(now)
            .chain(self.scheduled.next_due(now));

        OutboxDue {
            next_retry: open.retry_times(now).min(),
            next_scheduled: early.min(),
        }
    }

    pub(in crate::adapter::memory) fn reopen(&mut self, number: u64, now: Timestamp) -> bool {
        let Some(done) = self.abandoned.to_mut().remove(&number) else {
            return false;
        };

        self.unsent.to_mut().insert(OutboxRow {
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
        let is_old = |done: &SettledRow| done.settled_at < before;
        match state {
            OutboxState::Published if self.published.iter().flatten().any(is_old) => {
                let published = self.published.flatten();
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
            unsent: self.unsent.fork(),
            scheduled: self.scheduled.fork(),
            published: self.published.fork(),
            abandoned: self.abandoned.fork(),
        }
    }
}

impl Layer for Vec<SettledRow> {
    fn size(&self) -> usize {
        self.len()
    }

    fn merge_upper(&mut self, upper: Self) {
        self.extend(upper);
    }
}

use std::collections::BTreeMap;

use crate::{
    adapter::memory::{
        outbox::{scheduled_rows::ScheduledRows, unsent_rows::UnsentRows},
        overlay::{CowCell, Overlay, give_back},
    },
    clock::Timestamp,
    message::MessageId,
    port::{Claim, OutboxDue, OutboxRow, OutboxState, Outgoing, Settlement},
};

/// All rows of the outbox. Each row is in exactly one collection, which depends on its state and on
/// its due time.
#[derive(Clone, Debug, Default)]
pub(in crate::adapter::memory) struct OutboxTable {
    // The number of the last added row. Row numbers start at 1.
    n_added: u64,
    unsent: CowCell<UnsentRows>,
    scheduled: ScheduledRows,
    published: Overlay<Vec<SettledRow>>,
    abandoned: CowCell<BTreeMap<u64, SettledRow>>,
}

/// A published or abandoned row.
#[derive(Clone, Debug)]
struct SettledRow {
    row: OutboxRow,
    settled_at: Timestamp,
}

impl OutboxTable {
    pub(in crate::adapter::memory) fn add(&mut self, outgoing: &Outgoing) {
        self.n_added += 1;
        let row = OutboxRow::new(self.n_added, outgoing.clone());
        self.insert(row);
    }

    /// Inserts a pending row.
    fn insert(&mut self, row: OutboxRow) {
        if row.due.is_some() {
            self.scheduled.insert(row);
        } else {
            self.unsent.to_mut().insert(row);
        }
    }

    /// Removes the pending rows of a message, unless it is an event that was appended.
    ///
    /// An event with a due time is cancelled.
    pub(in crate::adapter::memory) fn cancel(
        &mut self,
        id: MessageId,
        is_event: impl Fn(&OutboxRow) -> bool,
    ) {
        // Most rows that are cancelled are scheduled, and found by an index.
        if self.scheduled.cancel(id) {
            return;
        }

        let pending = self.unsent.get().pending_rows(id);
        let numbers: Vec<u64> = pending
            .filter(|row| row.due.is_some() || !is_event(row))
            .map(|row| row.number)
            .collect();
        for number in numbers {
            self.unsent.to_mut().remove(number);
        }
    }

    pub(in crate::adapter::memory) fn claim(&mut self, claim: &Claim<'_>) -> Vec<OutboxRow> {
        while let Some(row) = self.scheduled.pop_due(claim.now) {
            self.unsent.to_mut().insert(row);
        }

        // `to_mut` would end the sharing between forks, so it is not called without need.
        if self.unsent.get().is_empty() {
            return Vec::new();
        }

        let unsent = self.unsent.to_mut();
        let claimed = unsent.claim(claim);
        for number in claimed.not_due {
            if let Some(row) = unsent.remove(number) {
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
        let unsent = self.unsent.to_mut();

        for settlement in settlements {
            let Some(row) = unsent.settle(worker, settlement) else {
                continue;
            };
            let settled = SettledRow {
                row,
                settled_at: now,
            };

            if settled.row.state == OutboxState::Published {
                let (_, published) = self.published.split_mut();
                published.push(settled);
            } else {
                self.abandoned.to_mut().insert(settled.row.number, settled);
            }
        }
    }

    pub(in crate::adapter::memory) fn rows(
        &self,
        states: &[OutboxState],
        limit: usize,
    ) -> Vec<OutboxRow> {
        let is_wanted = |state| states.contains(&state);
        let mut selected: Vec<&OutboxRow> = Vec::new();

        selected.extend(self.unsent.get().iter().filter(|row| is_wanted(row.state)));
        if is_wanted(OutboxState::Pending) {
            selected.extend(self.scheduled.iter());
        }
        // There are many published rows, and a caller seldom wants them.
        if is_wanted(OutboxState::Published) {
            let published = self.published.iter().flatten();
            selected.extend(published.map(|settled| &settled.row));
        }
        if is_wanted(OutboxState::Abandoned) {
            let abandoned = self.abandoned.get().values();
            selected.extend(abandoned.map(|settled| &settled.row));
        }

        selected.sort_unstable_by_key(|row| row.number);
        selected.into_iter().take(limit).cloned().collect()
    }

    pub(in crate::adapter::memory) fn next_due(&self, now: Timestamp) -> OutboxDue {
        OutboxDue {
            next_retry: self.unsent.get().next_retry(now),
            next_scheduled: self.scheduled.next_due(now),
        }
    }

    pub(in crate::adapter::memory) fn reopen(&mut self, number: u64, now: Timestamp) -> bool {
        let Some(settled) = self.abandoned.to_mut().remove(&number) else {
            return false;
        };

        self.insert(OutboxRow {
            state: OutboxState::Pending,
            due: Some(now),
            // The row gets as many attempts as a new row.
            n_failures: 0,
            ..settled.row
        });
        true
    }

    pub(in crate::adapter::memory) fn clean_up(
        &mut self,
        state: OutboxState,
        before: Timestamp,
    ) -> usize {
        let is_old = |settled: &SettledRow| settled.settled_at < before;

        // The guards prevent a needless `flatten` or `to_mut`, which would copy shared rows.
        match state {
            OutboxState::Published if self.published.iter().flatten().any(is_old) => {
                let published = self.published.flatten();
                let n_before = published.len();
                published.retain(|settled| !is_old(settled));
                give_back(published);
                n_before - published.len()
            }
            OutboxState::Abandoned if self.abandoned.get().values().any(is_old) => {
                let abandoned = self.abandoned.to_mut();
                let n_before = abandoned.len();
                abandoned.retain(|_, settled| !is_old(settled));
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

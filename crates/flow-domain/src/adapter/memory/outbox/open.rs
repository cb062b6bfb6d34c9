use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use crate::{
    adapter::memory::keyed::Keyed,
    clock::Timestamp,
    message::{MessageId, MessageKind, StreamName},
    port::{Claim, OutboxRow, OutboxState, SendResult, Settlement},
};

/// The rows that are to be sent, by number: what is due, what is being sent, and what failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    rows: BTreeMap<u64, OpenRow>,
    // Whoever claimed last claims next, as a rule, and its name is copied once.
    worker: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
struct OpenRow {
    row: OutboxRow,
    // Invariant: there is one while the row is processing, and only then.
    lease: Option<Lease>,
}

#[derive(Clone, Debug)]
struct Lease {
    worker: Arc<str>,
    until: Timestamp,
}

/// What a row is for who wants to claim.
enum Standing {
    /// Never tried, and not due. Others may go first.
    Early,
    /// Somebody is at it, or it has failed and waits. Others of its stream must not go first.
    Held,
    Ready,
}

/// What was claimed, and what was met on the way that is to wait elsewhere.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(super) rows: Vec<OutboxRow>,
    pub(super) early: Vec<u64>,
}

impl Open {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OutboxRow> {
        self.rows.values().map(|open| &open.row)
    }

    pub(super) fn insert(&mut self, row: OutboxRow) {
        let lease = None;
        self.rows.insert(row.number, OpenRow { row, lease });
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<OutboxRow> {
        self.rows.remove(&number).map(|open| open.row)
    }

    pub(super) fn claim(&mut self, claim: &Claim<'_>) -> Claimed {
        let until = claim.now + claim.lease;
        let worker = self.worker(claim.worker);
        let mut claimed = Claimed::default();
        let mut held: Keyed<(MessageKind, &StreamName), ()> = Keyed::default();
        for (number, open) in &mut self.rows {
            if claimed.rows.len() == claim.limit {
                break;
            }
            match open.standing(claim.now) {
                Standing::Early => claimed.early.push(*number),
                Standing::Ready if held.get(&open.stream()).is_none() => {
                    claimed.rows.push(open.claim(&worker, until));
                }
                Standing::Ready => {}
                Standing::Held => {
                    let open: &OpenRow = open;
                    held.get_or_default(&open.stream(), || open.stream());
                }
            }
        }
        claimed
    }

    fn worker(&mut self, name: &str) -> Arc<str> {
        match &self.worker {
            Some(worker) if **worker == *name => Arc::clone(worker),
            _ => Arc::clone(self.worker.insert(name.into())),
        }
    }

    /// Settles one row; returns it if it is not open any more.
    pub(super) fn settle(&mut self, worker: &str, settlement: &Settlement) -> Option<OutboxRow> {
        let Entry::Occupied(mut entry) = self.rows.entry(settlement.number) else {
            return None;
        };
        let open = entry.get_mut();
        open.lease.take_if(|lease| *lease.worker == *worker)?;
        settle(&mut open.row, &settlement.result);
        match open.row.state {
            OutboxState::Published | OutboxState::Abandoned => Some(entry.remove().row),
            _ => None,
        }
    }

    /// The numbers of the rows of a message that nobody has claimed yet.
    pub(super) fn pending(&self, id: MessageId) -> impl Iterator<Item = u64> {
        let pending = self
            .iter()
            .filter(move |row| row.state == OutboxState::Pending && row.envelope.metadata.id == id);
        pending.map(|row| row.number)
    }

    /// When the rows that failed or were claimed can be claimed again, of those that cannot now.
    pub(super) fn again(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.when(move |open| matches!(open.standing(now), Standing::Held))
    }

    /// When the rows are due that were never tried, of those that are not due now.
    pub(super) fn early(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.when(move |open| matches!(open.standing(now), Standing::Early))
    }

    fn when(&self, is_asked: impl Fn(&OpenRow) -> bool) -> impl Iterator<Item = Timestamp> {
        let asked = self.rows.values().filter(move |open| is_asked(open));
        asked.map(OpenRow::free_at)
    }
}

impl OpenRow {
    /// When it can be claimed, as far as it is for this row.
    fn free_at(&self) -> Timestamp {
        match &self.lease {
            Some(lease) => lease.until,
            None => self.row.due,
        }
    }

    fn standing(&self, now: Timestamp) -> Standing {
        match self.row.state {
            _ if self.free_at() <= now => Standing::Ready,
            OutboxState::Pending => Standing::Early,
            _ => Standing::Held,
        }
    }

    /// An event and a command for one aggregate are not kept in order.
    fn stream(&self) -> (MessageKind, &StreamName) {
        let metadata = &self.row.envelope.metadata;
        (metadata.kind, &metadata.stream)
    }

    fn claim(&mut self, worker: &Arc<str>, until: Timestamp) -> OutboxRow {
        let worker = Arc::clone(worker);
        self.lease = Some(Lease { worker, until });
        self.row.state = OutboxState::Processing;
        self.row.clone()
    }
}

fn settle(row: &mut OutboxRow, result: &SendResult) {
    match result {
        SendResult::Published => row.state = OutboxState::Published,
        SendResult::Failed { error, retry_at } => {
            fail(row, OutboxState::Failed, error);
            row.due = *retry_at;
        }
        SendResult::Abandoned { error } => fail(row, OutboxState::Abandoned, error),
        // It is what it was before it was claimed.
        SendResult::Released if row.n_failures == 0 => row.state = OutboxState::Pending,
        SendResult::Released => row.state = OutboxState::Failed,
    }
}

fn fail(row: &mut OutboxRow, state: OutboxState, error: &Arc<str>) {
    row.state = state;
    row.n_failures += 1;
    row.error = Some(Arc::clone(error));
}

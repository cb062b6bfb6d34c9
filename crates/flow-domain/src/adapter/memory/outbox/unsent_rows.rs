use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use crate::{
    adapter::memory::small_map::SmallMap,
    clock::Timestamp,
    message::{MessageId, MessageKind, StreamName},
    port::{Claim, OutboxRow, OutboxState, SendResult, Settlement},
};

/// The rows that are to be sent, by number: what is due, what is being sent, and what failed.
#[derive(Clone, Debug, Default)]
pub(super) struct UnsentRows {
    rows: BTreeMap<u64, UnsentRow>,
    // Whoever claimed last claims next, as a rule, and its name is copied once.
    last_worker: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
struct UnsentRow {
    row: OutboxRow,
    // Invariant: there is one while the row is processing, and only then.
    lease: Option<RowLease>,
}

#[derive(Clone, Debug)]
struct RowLease {
    worker: Arc<str>,
    until: Timestamp,
}

/// What a row is for who wants to claim.
enum Claimability {
    /// Never tried, and not due. Others may go first.
    NotDue,
    /// Somebody is at it, or it has failed and waits. Others of its stream must not go first.
    Blocking,
    Ready,
}

/// What was claimed, and what was met on the way that is to wait elsewhere.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(super) rows: Vec<OutboxRow>,
    pub(super) not_due: Vec<u64>,
}

impl UnsentRows {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OutboxRow> {
        self.rows.values().map(|open| &open.row)
    }

    pub(super) fn insert(&mut self, row: OutboxRow) {
        let lease = None;
        self.rows.insert(row.number, UnsentRow { row, lease });
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<OutboxRow> {
        self.rows.remove(&number).map(|open| open.row)
    }

    pub(super) fn claim(&mut self, claim: &Claim<'_>) -> Claimed {
        let until = claim.now + claim.lease;
        let worker = self.shared_worker_name(claim.worker);
        let mut claimed = Claimed::default();
        let mut held: SmallMap<(MessageKind, &StreamName), ()> = SmallMap::default();

        for (number, open) in &mut self.rows {
            if claimed.rows.len() == claim.limit {
                break;
            }

            match open.claimability(claim.now) {
                Claimability::NotDue => claimed.not_due.push(*number),
                Claimability::Ready if held.get(&open.stream_key()).is_none() => {
                    claimed.rows.push(open.claim(&worker, until));
                }
                Claimability::Ready => {}
                Claimability::Blocking => {
                    let open: &UnsentRow = open;
                    held.get_or_default(&open.stream_key(), || open.stream_key());
                }
            }
        }

        claimed
    }

    fn shared_worker_name(&mut self, name: &str) -> Arc<str> {
        match &self.last_worker {
            Some(worker) if **worker == *name => Arc::clone(worker),
            _ => Arc::clone(self.last_worker.insert(name.into())),
        }
    }

    /// Settles one row; returns it if it is not open any more.
    pub(super) fn settle(&mut self, worker: &str, settlement: &Settlement) -> Option<OutboxRow> {
        let Entry::Occupied(mut entry) = self.rows.entry(settlement.number) else {
            return None;
        };

        let open = entry.get_mut();
        open.lease.take_if(|lease| *lease.worker == *worker)?;
        apply_result(&mut open.row, &settlement.result);

        match open.row.state {
            OutboxState::Published | OutboxState::Abandoned => Some(entry.remove().row),
            _ => None,
        }
    }

    /// The numbers of the rows of a message that nobody has claimed yet.
    pub(super) fn pending_numbers(&self, id: MessageId) -> impl Iterator<Item = u64> {
        let pending = self
            .iter()
            .filter(move |row| row.state == OutboxState::Pending && row.envelope.metadata.id == id);
        pending.map(|row| row.number)
    }

    /// When the rows that failed or were claimed can be claimed again, of those that cannot now.
    pub(super) fn retry_times(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.claimable_times(move |open| matches!(open.claimability(now), Claimability::Blocking))
    }

    /// When the rows are due that were never tried, of those that are not due now.
    pub(super) fn scheduled_times(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.claimable_times(move |open| matches!(open.claimability(now), Claimability::NotDue))
    }

    fn claimable_times(
        &self,
        is_asked: impl Fn(&UnsentRow) -> bool,
    ) -> impl Iterator<Item = Timestamp> {
        self.rows
            .values()
            .filter(move |open| is_asked(open))
            .map(UnsentRow::claimable_at)
    }
}

impl UnsentRow {
    /// When it can be claimed, as far as it is for this row.
    fn claimable_at(&self) -> Timestamp {
        match &self.lease {
            Some(lease) => lease.until,
            None => self.row.due,
        }
    }

    fn claimability(&self, now: Timestamp) -> Claimability {
        match self.row.state {
            _ if self.claimable_at() <= now => Claimability::Ready,
            OutboxState::Pending => Claimability::NotDue,
            _ => Claimability::Blocking,
        }
    }

    /// An event and a command for one aggregate are not kept in order.
    fn stream_key(&self) -> (MessageKind, &StreamName) {
        let metadata = &self.row.envelope.metadata;
        (metadata.kind, &metadata.stream)
    }

    fn claim(&mut self, worker: &Arc<str>, until: Timestamp) -> OutboxRow {
        let worker = Arc::clone(worker);
        self.lease = Some(RowLease { worker, until });
        self.row.state = OutboxState::Processing;
        self.row.clone()
    }
}

fn apply_result(row: &mut OutboxRow, result: &SendResult) {
    match result {
        SendResult::Published => row.state = OutboxState::Published,
        SendResult::Failed { error, retry_at } => {
            record_failure(row, OutboxState::Failed, error);
            row.due = *retry_at;
        }
        SendResult::Abandoned { error } => record_failure(row, OutboxState::Abandoned, error),
        // It is what it was before it was claimed.
        SendResult::Released if row.n_failures == 0 => row.state = OutboxState::Pending,
        SendResult::Released => row.state = OutboxState::Failed,
    }
}

fn record_failure(row: &mut OutboxRow, state: OutboxState, error: &Arc<str>) {
    row.state = state;
    row.n_failures += 1;
    row.error = Some(Arc::clone(error));
}

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    sync::Arc,
};

use crate::{
    adapter::memory::outbox::{
        AT_ONCE,
        stream_index::{StreamIndex, StreamKey},
    },
    clock::Timestamp,
    message::MessageId,
    port::{Claim, OutboxRow, OutboxState, SendResult, Settlement},
};

/// The rows that a relay still has to send, by number.
///
/// They are due, or claimed, or failed. A row that was due stays here when the clock goes back, until the
/// next claim moves it to the scheduled rows.
#[derive(Clone, Debug, Default)]
pub(super) struct UnsentRows {
    rows: BTreeMap<u64, UnsentRow>,
    // Invariant: it has all rows, and knows how many of each stream are tried.
    streams: StreamIndex,
    // Invariant: the numbers of the claimed and failed rows.
    tried: BTreeSet<u64>,
    // The name of the last worker. Usually the same worker claims again, and its name is not
    // copied.
    last_worker: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
struct UnsentRow {
    row: OutboxRow,
    /// The index of its stream.
    stream: usize,
    // Invariant: there is a lease if and only if the row is `Processing`.
    lease: Option<RowLease>,
}

#[derive(Clone, Debug)]
struct RowLease {
    worker: Arc<str>,
    until: Timestamp,
}

/// Whether a claim can take a row.
enum Claimability {
    /// The row was never tried, and is not due. Later rows of its stream may go first.
    NotDue,
    /// The row is claimed, or it failed and waits for its retry. It blocks the later rows of its
    /// stream.
    Blocking,
    /// The row can be claimed.
    Ready,
}

/// The result of a claim.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(super) rows: Vec<OutboxRow>,
    /// The numbers of rows that the claim visited, and that are not due.
    pub(super) not_due: Vec<u64>,
}

impl UnsentRows {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OutboxRow> {
        self.rows.values().map(|unsent| &unsent.row)
    }

    pub(super) fn insert(&mut self, row: OutboxRow) {
        let number = row.number;
        let stream = self.streams.add(stream_key(&row), number);
        let unsent = UnsentRow {
            row,
            stream,
            lease: None,
        };
        self.rows.insert(number, unsent);
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<OutboxRow> {
        let unsent = self.rows.remove(&number)?;
        if self.tried.remove(&number) {
            self.streams.unmark_tried(unsent.stream);
        }
        self.streams.remove(unsent.stream, number);
        Some(unsent.row)
    }

    pub(super) fn claim(&mut self, claim: &Claim<'_>) -> Claimed {
        let until = claim.now + claim.lease;
        let worker = self.shared_worker_name(claim.worker);
        let mut claimed = Claimed::default();
        let mut newly_tried = Vec::new();

        // The next row of each stream that the claim has come to. Few streams have tried rows.
        let mut next_rows = BinaryHeap::new();
        for number in &self.tried {
            let Some(unsent) = self.rows.get_mut(number) else {
                continue;
            };
            // A later end has a time of a fast clock. Without the cut, nobody could claim the row for long.
            if let Some(lease) = &mut unsent.lease {
                lease.until = lease.until.min(until);
            }
            next_rows.extend(self.streams.first(unsent.stream).map(Reverse));
        }

        let mut heads = self.streams.heads().peekable();
        let mut last = 0;
        while claimed.rows.len() < claim.limit {
            let next = next_rows.peek().map(|Reverse(number)| *number);
            let Some(number) = next.into_iter().chain(heads.peek().copied()).min() else {
                break;
            };
            if next == Some(number) {
                next_rows.pop();
            } else {
                heads.next();
            }
            // A stream with two tried rows is there twice.
            if number == last {
                continue;
            }
            last = number;

            let Some(unsent) = self.rows.get_mut(&number) else {
                continue;
            };
            match unsent.claimability(claim.now) {
                // The rest of the stream waits.
                Claimability::Blocking => continue,
                Claimability::NotDue => claimed.not_due.push(number),
                Claimability::Ready => {
                    if !unsent.is_tried() {
                        newly_tried.push((number, unsent.stream));
                    }
                    claimed.rows.push(unsent.claim(&worker, until));
                }
            }
            next_rows.extend(self.streams.next(unsent.stream, number).map(Reverse));
        }
        drop(heads);

        for (number, stream) in newly_tried {
            self.tried.insert(number);
            self.streams.mark_tried(stream);
        }
        claimed
    }

    /// Returns the name of the worker as a shared string.
    fn shared_worker_name(&mut self, name: &str) -> Arc<str> {
        match &self.last_worker {
            Some(worker) if **worker == *name => Arc::clone(worker),
            _ => Arc::clone(self.last_worker.insert(name.into())),
        }
    }

    /// Settles one row. Removes and returns it if it is now published or abandoned.
    pub(super) fn settle(&mut self, worker: &str, settlement: &Settlement) -> Option<OutboxRow> {
        let number = settlement.number;
        let unsent = self.rows.get_mut(&number)?;

        // Another worker may hold the row now, if the lease of this worker has ended.
        unsent.lease.take_if(|lease| *lease.worker == *worker)?;
        apply_result(&mut unsent.row, &settlement.result);

        match unsent.row.state {
            OutboxState::Published | OutboxState::Abandoned => self.remove(number),
            OutboxState::Failed => None,
            _ => {
                self.tried.remove(&number);
                self.streams.unmark_tried(unsent.stream);
                None
            }
        }
    }

    /// Returns the pending rows of a message.
    pub(super) fn pending_rows(&self, id: MessageId) -> impl Iterator<Item = &OutboxRow> {
        self.iter()
            .filter(move |row| row.state == OutboxState::Pending && row.envelope.metadata.id == id)
    }

    /// Returns the earliest time after `now` at which a claimed or failed row can be claimed again.
    pub(super) fn next_retry(&self, now: Timestamp) -> Option<Timestamp> {
        let tried = self.tried.iter().filter_map(|number| self.rows.get(number));

        tried
            .map(UnsentRow::claimable_at)
            .filter(|time| now < *time)
            .min()
    }
}

impl UnsentRow {
    /// Returns the earliest time for a claim of this row, if no other row blocks it.
    fn claimable_at(&self) -> Timestamp {
        match &self.lease {
            Some(lease) => lease.until,
            None => self.row.due.unwrap_or(AT_ONCE),
        }
    }

    /// Returns true if the row is claimed, or if it failed.
    fn is_tried(&self) -> bool {
        matches!(
            self.row.state,
            OutboxState::Processing | OutboxState::Failed
        )
    }

    fn claimability(&self, now: Timestamp) -> Claimability {
        match self.row.state {
            _ if self.claimable_at() <= now => Claimability::Ready,
            OutboxState::Pending => Claimability::NotDue,
            _ => Claimability::Blocking,
        }
    }

    fn claim(&mut self, worker: &Arc<str>, until: Timestamp) -> OutboxRow {
        let worker = Arc::clone(worker);
        self.lease = Some(RowLease { worker, until });
        self.row.state = OutboxState::Processing;
        self.row.clone()
    }
}

fn stream_key(row: &OutboxRow) -> StreamKey {
    let metadata = &row.envelope.metadata;
    (metadata.kind, metadata.stream.clone())
}

fn apply_result(row: &mut OutboxRow, result: &SendResult) {
    match result {
        SendResult::Published => row.state = OutboxState::Published,
        SendResult::Failed { error, retry_at } => {
            record_failure(row, OutboxState::Failed, error);
            row.due = Some(*retry_at);
        }
        SendResult::Abandoned { error } => record_failure(row, OutboxState::Abandoned, error),
        // The row returns to its state before the claim. A row with a failure was `Failed` then.
        SendResult::Released if row.n_failures == 0 => row.state = OutboxState::Pending,
        SendResult::Released => row.state = OutboxState::Failed,
    }
}

fn record_failure(row: &mut OutboxRow, state: OutboxState, error: &Arc<str>) {
    row.state = state;
    row.n_failures += 1;
    row.error = Some(Arc::clone(error));
}

use std::{fmt, sync::Arc, time::Duration};

use crate::{clock::Timestamp, message::Envelope, port::PortFuture};

/// A message to send, committed together with the changes of its unit of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The message.
    pub envelope: Arc<Envelope>,
    /// The earliest time to send it; `None` means at once.
    ///
    /// A row without a due time never waits. So the events of a writer with a fast clock cannot be
    /// overtaken by later ones.
    pub due: Option<Timestamp>,
}

/// A row of the outbox: a message that a relay sends from the store to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxRow {
    /// The number of the row. It grows in the order of commits.
    pub number: u64,
    /// The message.
    pub envelope: Arc<Envelope>,
    /// The earliest time to send it; `None` means at once. After a failure, the earliest time for the
    /// next attempt.
    pub due: Option<Timestamp>,
    /// The state of the row.
    pub state: OutboxState,
    /// How often sending it failed.
    pub n_failures: u32,
    /// The error of the last failure.
    pub error: Option<Arc<str>>,
}

impl OutboxRow {
    /// Makes a pending row.
    pub fn new(number: u64, outgoing: Outgoing) -> Self {
        Self {
            number,
            envelope: outgoing.envelope,
            due: outgoing.due,
            state: OutboxState::Pending,
            n_failures: 0,
            error: None,
        }
    }
}

/// The state of a row of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OutboxState {
    /// Not sent yet.
    Pending,
    /// Claimed by a worker, until its lease ends.
    Processing,
    /// Sent.
    Published,
    /// Sending it failed, and will be tried again.
    Failed,
    /// Sending it failed, and will not be tried again.
    Abandoned,
}

/// A request of a worker for rows to send.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The name of the worker.
    pub worker: &'a str,
    /// The current time.
    pub now: Timestamp,
    /// How long nobody can claim the same rows again. After that, the worker counts as dead.
    ///
    /// All workers use the same length. The store cuts an earlier lease that would last longer from now:
    /// its worker had a fast clock.
    pub lease: Duration,
    /// The maximum number of rows.
    pub limit: usize,
}

/// The result for one claimed row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The number of the row.
    pub number: u64,
    /// The result.
    pub result: SendResult,
}

/// The result of sending the message of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendResult {
    /// The broker has the message.
    Published,
    /// Sending failed, and will be tried again.
    Failed {
        /// Why it failed.
        error: Arc<str>,
        /// The earliest time for the next attempt.
        retry_at: Timestamp,
    },
    /// Sending failed, and will not be tried again.
    Abandoned {
        /// Why it failed.
        error: Arc<str>,
    },
    /// The worker did not try to send it. The row returns to its state before the claim, and any worker
    /// can claim it at once.
    Released,
}

/// When more rows can be claimed, if nobody writes to the outbox until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxDue {
    /// The earliest time when a failed or claimed row can be claimed again.
    pub next_retry: Option<Timestamp>,
    /// The earliest time when a row that was never tried is due.
    pub next_scheduled: Option<Timestamp>,
}

/// Stores messages with the changes that caused them, until they are sent.
///
/// [`Store::commit`](crate::port::Store::commit) adds and cancels rows. A relay claims rows, publishes
/// them outside any transaction, and settles them. If it dies in between, another relay can claim the
/// rows when the lease has ended. Therefore a message may be published more than once, but it is never
/// lost.
pub trait Outbox: fmt::Debug + Send + Sync {
    /// Claims rows that are due, in the order of their numbers.
    ///
    /// A row belongs to the stream of its message. The commands and the events of one aggregate
    /// count as two streams here.
    ///
    /// A due row can be claimed if it is pending, or failed, or claimed under a lease that has ended.
    /// Older unsettled rows of its stream block it, unless the same claim takes them. A row that is not
    /// due yet blocks no other row, unless it has failed before.
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> PortFuture<'a, Vec<OutboxRow>>;

    /// Applies the results of rows that `worker` claimed, and settles the rows at the time `now`.
    ///
    /// Rows that the worker does not hold any more are not changed.
    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> PortFuture<'a, ()>;

    /// Returns up to `limit` rows in any of these states, oldest first.
    fn rows<'a>(
        &'a self,
        states: &'a [OutboxState],
        limit: usize,
    ) -> PortFuture<'a, Vec<OutboxRow>>;

    /// Returns the times after `now` when the next rows can be claimed.
    ///
    /// It ignores rows that can be claimed already. Before it waits, a caller must claim until no row is
    /// left.
    fn next_due(&self, now: Timestamp) -> PortFuture<'_, OutboxDue>;

    /// Makes an abandoned row pending again, due at `now` and without failures.
    ///
    /// Returns false if the row is not abandoned.
    fn reopen(&self, number: u64, now: Timestamp) -> PortFuture<'_, bool>;

    /// Deletes the rows that were settled with `state` before the time `before`.
    ///
    /// Returns the number of deleted rows. It may leave some for the next call, so that no call takes
    /// long. If it returns 0, nothing is left.
    ///
    /// `state` is [`Published`](OutboxState::Published) or [`Abandoned`](OutboxState::Abandoned).
    fn clean_up(&self, state: OutboxState, before: Timestamp) -> PortFuture<'_, usize>;
}

use std::{fmt, sync::Arc, time::Duration};

use crate::{clock::Timestamp, message::Envelope, port::PortFuture};

/// A message that is to be sent, written together with what its unit of work wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The message.
    pub envelope: Arc<Envelope>,
    /// Not to be sent before.
    pub due: Timestamp,
}

/// A message on its way from the store to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxRow {
    /// Its place in the outbox; it grows in the order of commit.
    pub number: u64,
    /// The message.
    pub envelope: Arc<Envelope>,
    /// Not to be sent before; after a failure, not to be tried again before.
    pub due: Timestamp,
    /// How far it has come.
    pub state: OutboxState,
    /// How often sending it failed.
    pub n_failures: u32,
    /// Why it failed the last time.
    pub error: Option<Arc<str>>,
}

impl OutboxRow {
    /// A row that was just written.
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

/// How far a row of the outbox has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OutboxState {
    /// Not sent yet.
    Pending,
    /// Claimed by a worker, until its lease ends.
    Processing,
    /// Sent.
    Published,
    /// Sending it failed; it is tried again.
    Failed,
    /// Given up.
    Abandoned,
}

/// Who wants rows, how many, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who claims.
    pub worker: &'a str,
    /// The current time.
    pub now: Timestamp,
    /// How long nobody else gets the rows. After that the worker is taken for dead.
    pub lease: Duration,
    /// How many rows at most.
    pub limit: usize,
}

/// What became of a row that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The number of the row.
    pub number: u64,
    /// What became of it.
    pub result: SendResult,
}

/// What became of a message that was to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendResult {
    /// The broker has it.
    Published,
    /// It failed, and is tried again.
    Failed {
        /// Why.
        error: Arc<str>,
        /// Not before.
        retry_at: Timestamp,
    },
    /// It failed, and is not tried again.
    Abandoned {
        /// Why.
        error: Arc<str>,
    },
    /// It was not tried: somebody else may, at once. The row is what it was before it was claimed.
    Released,
}

/// When the outbox has something to do again, if nothing is written to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxDue {
    /// When the first row that failed or was claimed can be claimed again.
    pub next_retry: Option<Timestamp>,
    /// When the first row that was never tried is due.
    pub next_scheduled: Option<Timestamp>,
}

/// Keeps the messages that were written with the work that caused them, until they are sent.
///
/// Rows are added, and taken back, by [`Store::commit`](crate::port::Store::commit). A relay claims
/// them, publishes them outside any transaction, and settles them. One that dies in between leaves rows
/// that can be claimed again once its lease has ended, so that a message may be published more than
/// once and is never lost.
pub trait Outbox: fmt::Debug + Send + Sync {
    /// Claims rows that are due, oldest first by number.
    ///
    /// The stream of a row is the category and the id of its message; commands and events of one
    /// aggregate are two streams.
    ///
    /// A row can be claimed if it is pending, or failed and due again, or held by a worker whose lease
    /// has ended; and if no older row of its stream is open that is not claimed with it. Rows that are
    /// not due yet hold nobody back unless they have failed before.
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> PortFuture<'a, Vec<OutboxRow>>;

    /// Says what became of rows that `worker` claimed. Those that it does not hold any more are left
    /// as they are.
    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> PortFuture<'a, ()>;

    /// Looks at up to `limit` rows in any of these states, oldest first.
    fn rows<'a>(
        &'a self,
        states: &'a [OutboxState],
        limit: usize,
    ) -> PortFuture<'a, Vec<OutboxRow>>;

    /// Says when something can be claimed that cannot be claimed at `now`. What can be claimed already
    /// does not show: whoever wants to wait claims until there is nothing first.
    fn next_due(&self, now: Timestamp) -> PortFuture<'_, OutboxDue>;

    /// Makes an abandoned row pending again, due at once and with all its attempts; returns false if it
    /// is not abandoned.
    fn reopen(&self, number: u64, now: Timestamp) -> PortFuture<'_, bool>;

    /// Forgets the rows that have been in `state`, [`Published`](OutboxState::Published) or
    /// [`Abandoned`](OutboxState::Abandoned), since before `before`; returns how many.
    fn clean_up(&self, state: OutboxState, before: Timestamp) -> PortFuture<'_, usize>;
}

use std::time::Duration;

use crate::{
    clock::Timestamp,
    port::{Claim, OutboxRow, OutboxState, SendResult, Settlement, Store},
};

/// Returns the time `seconds` after the epoch.
pub(crate) const fn at_second(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// Claims all rows that can be claimed at `now`, with a lease of ten seconds.
pub(crate) async fn claim<S: Store + ?Sized>(
    store: &S,
    worker: &str,
    now: Timestamp,
) -> Vec<OutboxRow> {
    claim_up_to(store, worker, now, usize::MAX).await
}

pub(crate) async fn claim_up_to<S: Store + ?Sized>(
    store: &S,
    worker: &str,
    now: Timestamp,
    limit: usize,
) -> Vec<OutboxRow> {
    let claim = Claim {
        worker,
        now,
        lease: Duration::from_secs(10),
        limit,
    };

    store.claim(&claim).await.expect("`claim` must succeed")
}

/// Settles all `rows` with the same result.
pub(crate) async fn settle<S: Store + ?Sized>(
    store: &S,
    worker: &str,
    now: Timestamp,
    rows: &[OutboxRow],
    result: SendResult,
) {
    let settlements: Vec<Settlement> = rows
        .iter()
        .map(|row| Settlement {
            number: row.number,
            result: result.clone(),
        })
        .collect();

    store
        .settle(worker, now, &settlements)
        .await
        .expect("`settle` must succeed");
}

pub(crate) fn failed(retry_at: Timestamp) -> SendResult {
    SendResult::Failed {
        error: "no broker".into(),
        retry_at,
    }
}

pub(crate) fn abandoned() -> SendResult {
    SendResult::Abandoned {
        error: "no such topic".into(),
    }
}

pub(crate) async fn rows<S: Store + ?Sized>(store: &S, states: &[OutboxState]) -> Vec<OutboxRow> {
    store
        .rows(states, usize::MAX)
        .await
        .expect("`rows` must succeed")
}

/// Returns the numbers that the events in `rows` were made from.
pub(crate) fn event_numbers(rows: &[OutboxRow]) -> Vec<u64> {
    rows.iter()
        .filter_map(|row| row.envelope.message.decode("number").ok())
        .collect()
}

/// Returns the event numbers of all rows in these states.
pub(crate) async fn event_numbers_in<S: Store + ?Sized>(
    store: &S,
    states: &[OutboxState],
) -> Vec<u64> {
    event_numbers(&rows(store, states).await)
}

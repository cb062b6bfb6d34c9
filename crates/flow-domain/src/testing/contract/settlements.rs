use crate::{
    port::{OutboxDue, OutboxState, SendResult, Store},
    testing::contract::{
        fixture::{change, read_stream},
        outbox_fixture::{
            abandoned, at_second, claim, claim_up_to, event_numbers, event_numbers_in, failed,
            rows, settle,
        },
    },
};

/// A released row can be claimed at once by any worker. A release does not count as a failure.
pub async fn released_row_can_be_claimed_again<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(1))
        .commit_to(store)
        .await;

    let released = claim(store, "ann", at_second(1)).await;
    settle(store, "ann", at_second(1), &released, SendResult::Released).await;
    let again = claim(store, "bob", at_second(1)).await;

    assert_eq!(event_numbers(&again), [1]);
    assert_eq!((again[0].n_failures, &again[0].error), (0, &None));
}

/// A failed row is tried again at its retry time. Until then it blocks the younger rows of its stream
/// and no other rows. The row counts its failures and has the last error.
pub async fn failed_row_blocks_its_stream<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(1))
        .commit_to(store)
        .await;
    let claimed = claim(store, "ann", at_second(1)).await;
    settle(store, "ann", at_second(1), &claimed, failed(at_second(20))).await;
    change()
        .send("order-1", 2, at_second(1))
        .send("order-2", 3, at_second(1))
        .send("payment-1", 4, at_second(1))
        .commit_to(store)
        .await;

    let others = claim(store, "ann", at_second(2)).await;
    settle(store, "ann", at_second(2), &others, SendResult::Published).await;
    let waiting = rows(store, &[OutboxState::Failed]).await;
    let too_early = claim(store, "ann", at_second(19)).await;
    let again = claim(store, "ann", at_second(20)).await;

    assert_eq!(event_numbers(&others), [3, 4]);
    assert_eq!(event_numbers(&waiting), [1]);
    assert_eq!(
        (waiting[0].n_failures, waiting[0].due),
        (1, Some(at_second(20)))
    );
    assert_eq!(waiting[0].error.as_deref(), Some("no broker"));
    assert_eq!(too_early, []);
    assert_eq!(event_numbers(&again), [1, 2]);

    settle(
        store,
        "ann",
        at_second(20),
        &again[..1],
        failed(at_second(30)),
    )
    .await;
    let twice = rows(store, &[OutboxState::Failed]).await;
    assert_eq!(
        (twice[0].n_failures, twice[0].due),
        (2, Some(at_second(30)))
    );
}

/// A cancelled row is never claimed, whether it is due or not. Other rows are not cancelled.
pub async fn cancelled_row_is_never_claimed<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(1))
        .send("order-1", 2, at_second(1))
        .send("order-1", 3, at_second(50))
        .send("order-1", 4, at_second(50))
        .commit_to(store)
        .await;
    // A claim that finds no due row must not protect the rows from a cancellation.
    assert_eq!(
        event_numbers(&claim_up_to(store, "ann", at_second(0), 9).await),
        [0; 0]
    );

    change()
        .cancel(1)
        .cancel(3)
        .cancel(77)
        .commit_to(store)
        .await;

    assert_eq!(
        event_numbers_in(store, &[OutboxState::Pending]).await,
        [2, 4]
    );
    assert_eq!(
        event_numbers(&claim(store, "ann", at_second(60)).await),
        [2, 4]
    );
}

/// An event that the same commit appended can be cancelled, if it has a due time.
pub async fn cancelled_event_is_never_claimed<S: Store + ?Sized>(store: &S) {
    change()
        .append("order-1", [1, 2])
        .send("order-1", 1, at_second(50))
        .send("order-1", 2, at_second(50))
        .commit_to(store)
        .await;

    change().cancel(1).commit_to(store).await;

    assert_eq!(event_numbers_in(store, &[OutboxState::Pending]).await, [2]);
    assert_eq!(
        event_numbers(&claim(store, "ann", at_second(60)).await),
        [2]
    );
    assert_eq!(read_stream(store, "order-1").await.len(), 2);
}

/// A row that is already claimed or published cannot be cancelled.
pub async fn claimed_or_published_row_cannot_be_cancelled<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(1))
        .commit_to(store)
        .await;
    let published = claim(store, "ann", at_second(1)).await;
    settle(
        store,
        "ann",
        at_second(1),
        &published,
        SendResult::Published,
    )
    .await;
    change()
        .send("order-1", 2, at_second(1))
        .commit_to(store)
        .await;
    let claimed = claim(store, "ann", at_second(1)).await;

    change().cancel(1).cancel(2).commit_to(store).await;

    assert_eq!(
        event_numbers_in(store, &[OutboxState::Published]).await,
        [1]
    );
    assert_eq!(
        event_numbers_in(store, &[OutboxState::Processing]).await,
        [2]
    );

    settle(store, "ann", at_second(1), &claimed, SendResult::Published).await;
    assert_eq!(
        event_numbers_in(store, &[OutboxState::Published]).await,
        [1, 2]
    );
}

/// An event that was appended is sent, even if a commit cancels its id. It has happened.
pub async fn appended_event_is_never_cancelled<S: Store + ?Sized>(store: &S) {
    change()
        // An event that is not sent.
        .append("order-2", [3])
        .append_and_send("order-1", 1)
        .send("order-1", 2, at_second(1))
        .commit_to(store)
        .await;

    change().cancel(1).cancel(2).commit_to(store).await;

    let claimed = claim(store, "ann", at_second(1)).await;
    assert_eq!(event_numbers(&claimed), [1]);
}

/// An abandoned row blocks no other row. If it is reopened, it can be claimed again.
pub async fn abandoned_row_can_be_reopened<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(1))
        .send("order-1", 2, at_second(1))
        .commit_to(store)
        .await;
    let reopen = async |number, now| {
        let reopened = store.reopen(number, at_second(now)).await;
        reopened.expect("`reopen` must succeed")
    };

    let first = claim_up_to(store, "ann", at_second(1), 1).await;
    settle(store, "ann", at_second(1), &first, abandoned()).await;
    let abandoned_rows = rows(store, &[OutboxState::Abandoned]).await;
    let next = claim(store, "ann", at_second(1)).await;
    settle(store, "ann", at_second(1), &next, SendResult::Published).await;

    assert_eq!(event_numbers(&abandoned_rows), [1]);
    assert_eq!(abandoned_rows[0].error.as_deref(), Some("no such topic"));
    assert_eq!(event_numbers(&next), [2]);
    assert_eq!(claim(store, "ann", at_second(99)).await, []);

    assert!(reopen(first[0].number, 100).await);
    assert!(
        !reopen(first[0].number, 100).await,
        "`reopen` must return `false` for a pending row"
    );
    assert!(
        !reopen(next[0].number, 100).await,
        "`reopen` must return `false` for a published row"
    );
    assert!(
        !reopen(u32::MAX.into(), 100).await,
        "`reopen` must return `false` for a row that does not exist"
    );
    assert_eq!(event_numbers_in(store, &[OutboxState::Pending]).await, [1]);
    assert_eq!(
        event_numbers(&claim(store, "ann", at_second(100)).await),
        [1]
    );
}

/// A clean-up deletes only rows in the given state that were settled before the given time.
pub async fn clean_up_deletes_rows_by_state_and_age<S: Store + ?Sized>(store: &S) {
    const DONE: [OutboxState; 2] = [OutboxState::Published, OutboxState::Abandoned];

    for number in 1..=4 {
        change()
            .send(&format!("order-{number}"), number, at_second(1))
            .commit_to(store)
            .await;
    }

    let claimed = claim(store, "ann", at_second(1)).await;
    settle(store, "ann", at_second(5), &claimed[..1], abandoned()).await;
    settle(
        store,
        "ann",
        at_second(5),
        &claimed[2..3],
        SendResult::Published,
    )
    .await;
    settle(
        store,
        "ann",
        at_second(7),
        &claimed[1..2],
        SendResult::Published,
    )
    .await;

    let clean_up = async |state, before| {
        let n_deleted = store.clean_up(state, at_second(before)).await;
        n_deleted.expect("`clean_up` must succeed")
    };

    assert_eq!(event_numbers_in(store, &DONE).await, [1, 2, 3]);
    assert_eq!(clean_up(OutboxState::Published, 5).await, 0);
    assert_eq!(clean_up(OutboxState::Published, 6).await, 1);
    assert_eq!(event_numbers_in(store, &DONE).await, [1, 2]);
    assert_eq!(clean_up(OutboxState::Abandoned, 99).await, 1);
    assert_eq!(event_numbers_in(store, &DONE).await, [2]);
    assert_eq!(clean_up(OutboxState::Published, 99).await, 1);
    assert_eq!(event_numbers_in(store, &DONE).await, [0; 0]);
    assert_eq!(
        event_numbers_in(store, &[OutboxState::Processing]).await,
        [4]
    );
}

/// `next_due` reports the next retry and the next scheduled row. It ignores rows that can be claimed
/// already, and settled rows.
pub async fn next_due_reports_retries_and_schedules<S: Store + ?Sized>(store: &S) {
    let due = async |now| {
        let next_due = store.next_due(at_second(now)).await;
        next_due.expect("`next_due` must succeed")
    };
    let expected = |next_retry: Option<i64>, next_scheduled: Option<i64>| OutboxDue {
        next_retry: next_retry.map(at_second),
        next_scheduled: next_scheduled.map(at_second),
    };

    assert_eq!(due(1).await, expected(None, None));

    change()
        .send("order-1", 1, at_second(1))
        .send("order-2", 2, at_second(50))
        .commit_to(store)
        .await;
    assert_eq!(due(0).await, expected(None, Some(1)));
    assert_eq!(due(1).await, expected(None, Some(50)));

    let claimed = claim(store, "ann", at_second(1)).await;
    assert_eq!(due(2).await, expected(Some(11), Some(50)));

    settle(store, "ann", at_second(2), &claimed, failed(at_second(30))).await;
    assert_eq!(due(2).await, expected(Some(30), Some(50)));

    change().cancel(2).commit_to(store).await;
    assert_eq!(due(2).await, expected(Some(30), None));

    let again = claim(store, "ann", at_second(30)).await;
    settle(store, "ann", at_second(30), &again, SendResult::Published).await;
    assert_eq!(due(30).await, expected(None, None));
}

use std::time::Duration;

use crate::{
    clock::Timestamp,
    port::{Claim, OutboxRow, OutboxState, SendResult, Store},
    testing::contract::{
        fixture::{ABSENT, DASHBOARD, ORDERS, change, event, exact},
        join_all::join_all,
        outbox_fixture::{
            at_second, claim, claim_up_to, event_numbers, event_numbers_in, rows, settle,
        },
    },
};

/// A commit adds and cancels outbox rows together with its other changes, or does nothing.
pub async fn outbox_rows_are_committed_atomically<S: Store + ?Sized>(store: &S) {
    change()
        .append("order-1", [1])
        .write(ORDERS, "1", ABSENT, "1")
        .send("order-1", 1, at_second(1))
        .commit_to(store)
        .await;

    let whole = change()
        .append("order-1", [2])
        .send("order-1", 2, at_second(1))
        .cancel(1);

    let stale_stream = whole.clone().expect_version("order-1", exact(9));
    let stale_state = whole.clone().write(ORDERS, "1", exact(9), "2");
    let stale_row = whole.clone().write(DASHBOARD, "1", exact(9), "2");

    for refused in [stale_stream, stale_state, stale_row] {
        refused.expect_conflict(store).await;

        assert_eq!(event_numbers_in(store, &[OutboxState::Pending]).await, [1]);
    }

    whole.commit_to(store).await;
    assert_eq!(event_numbers_in(store, &[OutboxState::Pending]).await, [2]);
}

/// Rows are claimed in the order of their commits, up to the limit, with all their fields.
pub async fn claim_follows_commit_order<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(2))
        .send("payment-1", 2, at_second(1))
        .commit_to(store)
        .await;
    change()
        .send("order-1", 3, at_second(1))
        .commit_to(store)
        .await;

    let first = claim_up_to(store, "ann", at_second(5), 2).await;
    let second = claim_up_to(store, "ann", at_second(5), 2).await;
    let all = [first.clone(), second.clone()].concat();

    assert_eq!(event_numbers(&first), [1, 2]);
    // The first row, which is still claimed, blocks the third row of the same stream.
    assert_eq!(event_numbers(&second), [0; 0]);
    assert!(all.is_sorted_by(|left, right| left.number < right.number));
    assert_eq!(first[0].envelope, event("order-1", 1));
    assert_eq!(first[0].due, Some(at_second(2)));
    assert_eq!(first[0].state, OutboxState::Processing);
    assert_eq!((first[0].n_failures, &first[0].error), (0, &None));

    settle(store, "ann", at_second(5), &first, SendResult::Published).await;
    assert_eq!(event_numbers(&claim(store, "ann", at_second(5)).await), [3]);
}

/// Rows of one stream are claimed together, and claimed rows are not claimed again.
pub async fn claimed_rows_are_not_claimed_again<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(1))
        .send("order-1", 2, at_second(1))
        .send("order-2", 3, at_second(1))
        .commit_to(store)
        .await;

    let first = claim(store, "ann", at_second(1)).await;
    let other_worker = claim(store, "bob", at_second(2)).await;
    let same_worker = claim(store, "ann", at_second(2)).await;

    assert_eq!(event_numbers(&first), [1, 2, 3]);
    assert_eq!(other_worker, []);
    assert_eq!(same_worker, []);
    assert_eq!(
        event_numbers_in(store, &[OutboxState::Processing]).await,
        [1, 2, 3]
    );

    settle(store, "ann", at_second(3), &first, SendResult::Published).await;
    assert_eq!(claim(store, "bob", at_second(99)).await, []);
    let published = rows(store, &[OutboxState::Published]).await;
    assert_eq!(event_numbers(&published), [1, 2, 3]);
}

/// Concurrent claims never return the same row, and in the end every row is claimed once.
pub async fn concurrent_claims_share_no_row<S: Store + ?Sized>(store: &S) {
    for number in 1..=6 {
        change()
            .send(&format!("order-{number}"), number, at_second(1))
            .commit_to(store)
            .await;
    }
    let claim_as = |worker| Claim {
        worker,
        now: at_second(1),
        lease: Duration::from_secs(10),
        limit: 3,
    };
    let claims = ["ann", "bob", "cas"].map(claim_as);

    let results = join_all(claims.iter().map(|claim| store.claim(claim)).collect()).await;
    let claimed: Vec<OutboxRow> = results
        .into_iter()
        .flat_map(|rows| rows.expect("`claim` must succeed"))
        .collect();
    let rest = claim(store, "dan", at_second(1)).await;

    let mut numbers = [event_numbers(&claimed), event_numbers(&rest)].concat();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

/// A row without a due time can be claimed at any time, whatever the clock of its writer says. A later
/// row of its stream cannot overtake it.
pub async fn row_without_a_due_time_never_waits<S: Store + ?Sized>(store: &S) {
    change()
        .send_at_once("order-1", 1)
        .send("order-1", 2, at_second(2))
        .commit_to(store)
        .await;

    let long_ago = Timestamp::from_micros(0);
    assert_eq!(event_numbers(&claim(store, "ann", long_ago).await), [1]);
    assert_eq!(
        event_numbers(&claim(store, "bob", at_second(2)).await),
        [0; 0]
    );
}

/// A lease does not last longer because the clock of its worker was fast, or because a clock was set back.
pub async fn lease_of_a_fast_clock_ends_in_time<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(1))
        .commit_to(store)
        .await;

    let fast = claim(store, "ann", at_second(5_000)).await;
    let now = claim(store, "bob", at_second(100)).await;
    let too_early = claim(store, "bob", at_second(109)).await;
    let later = claim(store, "bob", at_second(111)).await;

    assert_eq!(event_numbers(&fast), [1]);
    assert_eq!([now, too_early].concat(), []);
    assert_eq!(event_numbers(&later), [1]);
}

/// When a lease has ended, the rows can be claimed again. Then a late result of the first worker is
/// ignored.
pub async fn expired_lease_frees_claimed_rows<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(1))
        .send("order-1", 2, at_second(1))
        .commit_to(store)
        .await;

    let first = claim(store, "ann", at_second(1)).await;
    let too_early = claim(store, "bob", at_second(10)).await;
    let second = claim(store, "bob", at_second(12)).await;
    settle(store, "ann", at_second(12), &first, SendResult::Published).await;

    assert_eq!(event_numbers(&first), [1, 2]);
    assert_eq!(too_early, []);
    assert_eq!(event_numbers(&second), [1, 2]);
    assert_eq!(
        event_numbers_in(store, &[OutboxState::Processing]).await,
        [1, 2]
    );

    settle(store, "bob", at_second(13), &second, SendResult::Published).await;
    settle(store, "ann", at_second(13), &first, SendResult::Released).await;
    assert_eq!(
        event_numbers_in(store, &[OutboxState::Published]).await,
        [1, 2]
    );
    assert_eq!(claim(store, "ann", at_second(99)).await, []);
}

/// A row is not claimed before it is due. If it was never tried, it blocks no other row.
pub async fn row_not_yet_due_blocks_no_other<S: Store + ?Sized>(store: &S) {
    change()
        .send("order-1", 1, at_second(50))
        .send("order-1", 2, at_second(1))
        .send("order-1", 3, at_second(20))
        .commit_to(store)
        .await;
    change()
        .send("order-1", 4, at_second(1))
        .commit_to(store)
        .await;

    let due_now = claim(store, "ann", at_second(1)).await;
    settle(store, "ann", at_second(1), &due_now, SendResult::Published).await;
    let not_yet = claim(store, "ann", at_second(19)).await;
    let later = claim(store, "ann", at_second(20)).await;
    settle(store, "ann", at_second(20), &later, SendResult::Published).await;
    let last = claim(store, "ann", at_second(60)).await;

    assert_eq!(event_numbers(&due_now), [2, 4]);
    assert_eq!(not_yet, []);
    assert_eq!(event_numbers(&later), [3]);
    assert_eq!(event_numbers(&last), [1]);
}

use std::time::Duration;

use crate::port::{
    Claim, OutboxRow, OutboxState, SendResult, Store,
    contract::{
        fixture::{DASHBOARD, NOTHING, ORDERS, at, change, event},
        race::race,
        sending::{claim, claim_some, in_states, rows, second, sent, settle},
    },
};

/// What is to be sent is written with the rest, and taken back with the rest, or neither happens.
pub async fn outgoing_is_written_with_the_rest_or_not_at_all<S: Store + ?Sized>(store: &S) {
    change()
        .append("order-1", [1])
        .write(ORDERS, "1", NOTHING, "1")
        .send("order-1", 1, second(1))
        .on(store)
        .await;
    let whole = change()
        .append("order-1", [2])
        .send("order-1", 2, second(1))
        .cancel(1);

    let stale_stream = whole.clone().expect("order-1", at(9));
    let stale_state = whole.clone().write(ORDERS, "1", at(9), "2");
    let stale_row = whole.clone().write(DASHBOARD, "1", at(9), "2");
    for refused in [stale_stream, stale_state, stale_row] {
        refused.refused_by(store).await;

        assert_eq!(in_states(store, &[OutboxState::Pending]).await, [1]);
    }

    whole.on(store).await;
    assert_eq!(in_states(store, &[OutboxState::Pending]).await, [2]);
}

/// Rows are claimed in the order of their commits, at most so many at once, with all that is in them.
pub async fn claims_in_order<S: Store + ?Sized>(store: &S) {
    let first = change()
        .send("order-1", 1, second(2))
        .send("payment-1", 2, second(1));
    first.on(store).await;
    change().send("order-1", 3, second(1)).on(store).await;

    let two = claim_some(store, "ann", second(5), 2).await;
    let rest = claim_some(store, "ann", second(5), 2).await;
    let all = [two.clone(), rest.clone()].concat();

    assert_eq!(sent(&two), [1, 2]);
    // The third is of the stream of the first, which is on its way.
    assert_eq!(sent(&rest), [0; 0]);
    assert!(all.is_sorted_by(|left, right| left.number < right.number));
    assert_eq!(two[0].envelope, event("order-1", 1));
    assert_eq!(two[0].due, second(2));
    assert_eq!(two[0].state, OutboxState::Processing);
    assert_eq!((two[0].n_failures, &two[0].error), (0, &None));

    settle(store, "ann", second(5), &two, SendResult::Published).await;
    assert_eq!(sent(&claim(store, "ann", second(5)).await), [3]);
}

/// Rows of one stream are claimed together; and nobody gets what another has claimed.
pub async fn what_is_claimed_is_not_claimed_again<S: Store + ?Sized>(store: &S) {
    let three = change()
        .send("order-1", 1, second(1))
        .send("order-1", 2, second(1))
        .send("order-2", 3, second(1));
    three.on(store).await;

    let first = claim(store, "ann", second(1)).await;
    let second_claim = claim(store, "bob", second(2)).await;
    let same_worker = claim(store, "ann", second(2)).await;

    assert_eq!(sent(&first), [1, 2, 3]);
    assert_eq!(second_claim, []);
    assert_eq!(same_worker, []);
    assert_eq!(
        in_states(store, &[OutboxState::Processing]).await,
        [1, 2, 3]
    );

    settle(store, "ann", second(3), &first, SendResult::Published).await;
    assert_eq!(claim(store, "bob", second(99)).await, []);
    let published = rows(store, &[OutboxState::Published]).await;
    assert_eq!(sent(&published), [1, 2, 3]);
}

/// Of several who claim at once, no two get the same row, and every row is got by one in the end.
pub async fn claims_race<S: Store + ?Sized>(store: &S) {
    for number in 1..=6 {
        let commit = change().send(&format!("order-{number}"), number, second(1));
        commit.on(store).await;
    }
    let claim_as = |worker| Claim {
        worker,
        now: second(1),
        lease: Duration::from_secs(10),
        limit: 3,
    };
    let claims = ["ann", "bob", "cas"].map(claim_as);

    let results = race(claims.iter().map(|it| store.claim(it)).collect()).await;
    let claimed: Vec<OutboxRow> = results
        .into_iter()
        .flat_map(|rows| rows.expect("rows can be claimed"))
        .collect();
    let rest = claim(store, "dan", second(1)).await;

    let mut numbers = [sent(&claimed), sent(&rest)].concat();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

/// Once a lease has ended the rows can be claimed again, and what the first worker says of them then
/// counts for nothing.
pub async fn a_dead_worker_loses_its_rows<S: Store + ?Sized>(store: &S) {
    let two = change()
        .send("order-1", 1, second(1))
        .send("order-1", 2, second(1));
    two.on(store).await;

    let late = claim(store, "ann", second(1)).await;
    let too_early = claim(store, "bob", second(10)).await;
    let again = claim(store, "bob", second(12)).await;
    settle(store, "ann", second(12), &late, SendResult::Published).await;

    assert_eq!(sent(&late), [1, 2]);
    assert_eq!(too_early, []);
    assert_eq!(sent(&again), [1, 2]);
    assert_eq!(in_states(store, &[OutboxState::Processing]).await, [1, 2]);

    settle(store, "bob", second(13), &again, SendResult::Published).await;
    settle(store, "ann", second(13), &late, SendResult::Released).await;
    assert_eq!(in_states(store, &[OutboxState::Published]).await, [1, 2]);
    assert_eq!(claim(store, "ann", second(99)).await, []);
}

/// A row is not claimed before it is due, and one that was never tried holds back no other.
pub async fn a_row_that_is_not_due_holds_nobody_back<S: Store + ?Sized>(store: &S) {
    let three = change()
        .send("order-1", 1, second(50))
        .send("order-1", 2, second(1))
        .send("order-1", 3, second(20));
    three.on(store).await;
    change().send("order-1", 4, second(1)).on(store).await;

    let now = claim(store, "ann", second(1)).await;
    settle(store, "ann", second(1), &now, SendResult::Published).await;
    let not_yet = claim(store, "ann", second(19)).await;
    let later = claim(store, "ann", second(20)).await;
    settle(store, "ann", second(20), &later, SendResult::Published).await;
    let last = claim(store, "ann", second(60)).await;

    assert_eq!(sent(&now), [2, 4]);
    assert_eq!(not_yet, []);
    assert_eq!(sent(&later), [3]);
    assert_eq!(sent(&last), [1]);
}

use std::sync::Arc;

use crate::{
    adapter::memory::MemoryStore,
    json::Json,
    message::{Position, Version},
    port::{OutboxDue, OutboxState, Query, SendResult, Store},
    testing::contract::{
        fixture::{
            ABSENT, DASHBOARD, change, content, exact, find_ids, get, numbers, read_all,
            read_category, read_stream, versions,
        },
        outbox_fixture::{abandoned, at_second, claim, event_numbers_in, failed, settle},
    },
};

fn fork<S: Store + ?Sized>(store: &S) -> Arc<dyn Store> {
    store.fork().expect("a memory store can be forked")
}

#[tokio::test]
async fn forks_do_not_share_later_events() {
    let left = MemoryStore::default();
    change().append("order-1", [1]).commit_to(&left).await;

    let right = fork(&left);
    change().append("order-1", [2]).commit_to(&left).await;
    change().append("order-1", [3, 4]).commit_to(&*right).await;
    change().append("order-2", [5]).commit_to(&*right).await;

    assert_eq!(numbers(&read_all(&left).await), [1, 2]);
    assert_eq!(numbers(&read_stream(&left, "order-2").await), [0; 0]);
    assert_eq!(numbers(&read_all(&*right).await), [1, 3, 4, 5]);
    assert_eq!(numbers(&read_stream(&*right, "order-1").await), [1, 3, 4]);
}

#[tokio::test]
async fn fork_continues_versions_and_positions() {
    let left = MemoryStore::default();
    change().append("order-1", [1, 2]).commit_to(&left).await;
    change().append("order-2", [3]).commit_to(&left).await;

    let right = fork(&left);
    let stale = change()
        .expect_version("order-1", exact(1))
        .append("order-1", [9]);
    let created = change()
        .expect_version("order-2", ABSENT)
        .append("order-2", [9]);

    stale.expect_conflict(&*right).await;
    created.expect_conflict(&*right).await;

    let recorded = change()
        .expect_version("order-1", exact(2))
        .append("order-1", [4])
        .commit_to(&*right)
        .await;

    assert_eq!(versions(&recorded), [3]);
    assert_eq!(recorded[0].position, Position::new(4));
    assert_eq!(right.last_position().await.unwrap(), Position::new(4));

    let stale = change()
        .expect_version("order-1", exact(2))
        .append("order-1", [9]);
    stale.expect_conflict(&*right).await;
}

#[tokio::test]
async fn pages_span_events_before_and_after_a_fork() {
    let left = MemoryStore::default();
    change().append("order-1", [1, 2, 3]).commit_to(&left).await;
    change().append("payment-1", [4]).commit_to(&left).await;
    let right = fork(&left);
    change().append("order-1", [5, 6]).commit_to(&*right).await;
    change().append("payment-1", [7]).commit_to(&*right).await;

    let page = async |category, after, limit| {
        numbers(&read_category(&*right, category, Position::new(after), limit).await)
    };

    assert_eq!(page(None, 2, 3).await, [3, 4, 5]);
    assert_eq!(page(None, 5, 9).await, [6, 7]);
    assert_eq!(page(Some("order"), 0, 9).await, [1, 2, 3, 5, 6]);
    assert_eq!(page(Some("order"), 2, 2).await, [3, 5]);
    assert_eq!(page(Some("order"), 5, 9).await, [6]);
    assert_eq!(page(Some("payment"), 4, 9).await, [7]);

    let stream = "order-1".parse().unwrap();
    let page = right.read_stream(&stream, Version::new(2), 2).await;
    assert_eq!(numbers(&page.unwrap()), [3, 5]);
}

#[tokio::test]
async fn category_read_before_a_fork_sees_later_events() {
    let left = MemoryStore::default();
    change().append("order-1", [1]).commit_to(&left).await;
    assert_eq!(
        read_category(&left, Some("order"), Position::START, 9)
            .await
            .len(),
        1
    );

    change().append("order-2", [2]).commit_to(&left).await;
    let right = fork(&left);
    change().append("order-3", [3]).commit_to(&*right).await;

    let read = read_category(&*right, Some("order"), Position::START, 9).await;
    assert_eq!(numbers(&read), [1, 2, 3]);
}

#[tokio::test]
async fn forks_do_not_share_later_writes_or_deletions() {
    let left = MemoryStore::default();
    for id in ["a", "b", "c"] {
        change()
            .write(DASHBOARD, id, ABSENT, "1")
            .commit_to(&left)
            .await;
    }

    let right = fork(&left);
    change()
        .delete(DASHBOARD, "a", exact(1))
        .commit_to(&*right)
        .await;
    change()
        .write(DASHBOARD, "b", exact(1), "2")
        .commit_to(&*right)
        .await;
    change()
        .write(DASHBOARD, "d", ABSENT, "2")
        .commit_to(&*right)
        .await;
    change()
        .delete(DASHBOARD, "c", exact(1))
        .commit_to(&left)
        .await;

    assert_eq!(find_ids(&left, &Query::default()).await, "a b");
    assert_eq!(
        content(get(&left, DASHBOARD, "b").await),
        (1, Json::from(1))
    );
    assert_eq!(find_ids(&*right, &Query::default()).await, "b c d");
    assert_eq!(
        content(get(&*right, DASHBOARD, "b").await),
        (2, Json::from(2))
    );
    assert_eq!(get(&*right, DASHBOARD, "a").await, None);
    assert_eq!(right.count(DASHBOARD, &[]).await.unwrap(), 3);
}

#[tokio::test]
async fn row_recreated_after_a_fork_has_a_later_version() {
    let left = MemoryStore::default();
    change()
        .write(DASHBOARD, "a", ABSENT, "1")
        .commit_to(&left)
        .await;
    let right = fork(&left);

    change()
        .delete(DASHBOARD, "a", exact(1))
        .commit_to(&*right)
        .await;
    change()
        .write(DASHBOARD, "a", exact(1), "2")
        .expect_conflict(&*right)
        .await;
    change()
        .write(DASHBOARD, "a", ABSENT, "3")
        .commit_to(&*right)
        .await;

    assert_eq!(
        content(get(&*right, DASHBOARD, "a").await),
        (3, Json::from(3))
    );
    assert_eq!(right.count(DASHBOARD, &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn forks_do_not_share_later_outbox_changes() {
    let left = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(1))
        .send("order-2", 2, at_second(50))
        .commit_to(&left)
        .await;

    let right = fork(&left);
    let claimed = claim(&left, "ann", at_second(1)).await;
    settle(&left, "ann", at_second(1), &claimed, abandoned()).await;
    change().cancel(2).commit_to(&*right).await;
    change()
        .send("order-3", 3, at_second(1))
        .commit_to(&*right)
        .await;

    assert_eq!(
        event_numbers_in(&left, &[OutboxState::Abandoned]).await,
        [1]
    );
    assert_eq!(event_numbers_in(&left, &[OutboxState::Pending]).await, [2]);
    assert_eq!(
        event_numbers_in(&*right, &[OutboxState::Abandoned]).await,
        [0; 0]
    );
    assert_eq!(
        event_numbers_in(&*right, &[OutboxState::Pending]).await,
        [1, 3]
    );

    let rows = claim(&*right, "bob", at_second(1)).await;
    assert!(rows[0].number < rows[1].number);
}

#[tokio::test]
async fn claim_before_a_fork_holds_in_both_forks() {
    let left = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(1))
        .commit_to(&left)
        .await;
    let claimed = claim(&left, "ann", at_second(1)).await;

    let right = fork(&left);
    settle(&left, "ann", at_second(2), &claimed, SendResult::Published).await;
    assert_eq!(claim(&*right, "bob", at_second(2)).await, []);
    settle(&*right, "ann", at_second(2), &claimed, failed(at_second(5))).await;

    assert_eq!(
        event_numbers_in(&left, &[OutboxState::Published]).await,
        [1]
    );
    assert_eq!(event_numbers_in(&*right, &[OutboxState::Failed]).await, [1]);
}

#[tokio::test]
async fn schedules_before_a_fork_are_settled_per_fork() {
    let left = MemoryStore::default();
    for number in 1..=4 {
        let due = at_second(50 + i64::from(number));
        change().send("order-1", number, due).commit_to(&left).await;
    }
    // None of the rows is due, so this claim moves all of them to the scheduled rows.
    assert_eq!(claim(&left, "ann", at_second(1)).await, []);

    let right = fork(&left);
    change().cancel(1).cancel(3).commit_to(&*right).await;
    let due = right.next_due(at_second(1)).await.unwrap();
    let claimed = claim(&*right, "ann", at_second(52)).await;
    settle(
        &*right,
        "ann",
        at_second(52),
        &claimed,
        SendResult::Published,
    )
    .await;

    assert_eq!(
        due,
        OutboxDue {
            next_retry: None,
            next_scheduled: Some(at_second(52)),
        }
    );
    assert_eq!(
        event_numbers_in(&*right, &[OutboxState::Published]).await,
        [2]
    );
    assert_eq!(
        event_numbers_in(&*right, &[OutboxState::Pending]).await,
        [4]
    );

    let third = fork(&*right);
    assert_eq!(
        event_numbers_in(&*third, &[OutboxState::Pending]).await,
        [4]
    );
    assert_eq!(
        event_numbers_in(&left, &[OutboxState::Pending]).await,
        [1, 2, 3, 4]
    );
}

#[tokio::test]
async fn removed_schedules_stay_removed_after_a_merge() {
    let left = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(50))
        .send("order-1", 2, at_second(40))
        .send("order-1", 3, at_second(45))
        .commit_to(&left)
        .await;
    assert_eq!(claim(&left, "ann", at_second(1)).await, []);

    let right = fork(&left);
    change().cancel(1).commit_to(&*right).await;
    assert_eq!(claim(&*right, "ann", at_second(40)).await.len(), 1);
    for number in 4..=7 {
        change()
            .send("order-2", number, at_second(60))
            .commit_to(&*right)
            .await;
    }
    assert_eq!(claim(&*right, "ann", at_second(41)).await, []);
    let due = right.next_due(at_second(1)).await.unwrap();

    // The upper layer is larger than the base now, so this fork merges the two layers.
    let third = fork(&*right);

    assert_eq!(due.next_scheduled, Some(at_second(45)));
    assert_eq!(
        event_numbers_in(&*third, &[OutboxState::Processing]).await,
        [2]
    );
    let pending = event_numbers_in(&*third, &[OutboxState::Pending]).await;
    assert_eq!(pending, [3, 4, 5, 6, 7]);
    let pending = event_numbers_in(&left, &[OutboxState::Pending]).await;
    assert_eq!(pending, [1, 2, 3]);
}

#[tokio::test]
async fn clean_up_after_a_fork_affects_one_fork() {
    let left = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(1))
        .commit_to(&left)
        .await;
    let claimed = claim(&left, "ann", at_second(1)).await;
    settle(&left, "ann", at_second(1), &claimed, SendResult::Published).await;

    let right = fork(&left);
    let n_deleted = right.clean_up(OutboxState::Published, at_second(9)).await;

    assert_eq!(n_deleted.unwrap(), 1);
    assert_eq!(
        event_numbers_in(&*right, &[OutboxState::Published]).await,
        [0; 0]
    );
    assert_eq!(
        event_numbers_in(&left, &[OutboxState::Published]).await,
        [1]
    );
}

#[tokio::test]
async fn fork_of_a_fork_has_the_writes_of_both() {
    let first = MemoryStore::default();
    change().append("order-1", [1]).commit_to(&first).await;
    let second = fork(&first);
    change().append("order-1", [2, 3]).commit_to(&*second).await;
    change()
        .write(DASHBOARD, "a", ABSENT, "1")
        .commit_to(&*second)
        .await;

    let third = fork(&*second);
    change().append("order-1", [4]).commit_to(&*third).await;
    change()
        .write(DASHBOARD, "a", exact(1), "2")
        .commit_to(&*third)
        .await;

    assert_eq!(numbers(&read_stream(&first, "order-1").await), [1]);
    assert_eq!(numbers(&read_stream(&*second, "order-1").await), [1, 2, 3]);
    let recorded = read_stream(&*third, "order-1").await;
    assert_eq!(numbers(&recorded), [1, 2, 3, 4]);
    assert_eq!(versions(&recorded), [1, 2, 3, 4]);
    let row = content(get(&*second, DASHBOARD, "a").await);
    assert_eq!(row, (1, Json::from(1)));
}

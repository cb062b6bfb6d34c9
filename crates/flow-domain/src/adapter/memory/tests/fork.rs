use std::sync::Arc;

use serde_json::json;

use crate::{
    adapter::memory::MemoryStore,
    message::{Position, Version},
    port::{
        OutboxDue, OutboxState, Query, SendResult, Store,
        contract::{
            fixture::{
                DASHBOARD, NOTHING, at, change, content, find, get, numbers, read_all,
                read_category, read_stream, versions,
            },
            sending::{abandoned, claim, failed, in_states, second, settle},
        },
    },
};

fn fork<S: Store + ?Sized>(store: &S) -> Arc<dyn Store> {
    store.fork().expect("a memory store can be forked")
}

#[tokio::test]
async fn neither_half_sees_the_events_of_the_other() {
    let left = MemoryStore::default();
    change().append("order-1", [1]).on(&left).await;

    let right = fork(&left);
    change().append("order-1", [2]).on(&left).await;
    change().append("order-1", [3, 4]).on(&*right).await;
    change().append("order-2", [5]).on(&*right).await;

    assert_eq!(numbers(&read_all(&left).await), [1, 2]);
    assert_eq!(numbers(&read_stream(&left, "order-2").await), [0; 0]);
    assert_eq!(numbers(&read_all(&*right).await), [1, 3, 4, 5]);
    assert_eq!(numbers(&read_stream(&*right, "order-1").await), [1, 3, 4]);
}

#[tokio::test]
async fn versions_and_positions_go_on_where_the_fork_was() {
    let left = MemoryStore::default();
    change().append("order-1", [1, 2]).on(&left).await;
    change().append("order-2", [3]).on(&left).await;

    let right = fork(&left);
    let stale = change().expect("order-1", at(1)).append("order-1", [9]);
    let created = change().expect("order-2", NOTHING).append("order-2", [9]);
    stale.refused_by(&*right).await;
    created.refused_by(&*right).await;
    let next = change().expect("order-1", at(2)).append("order-1", [4]);
    let recorded = next.on(&*right).await;

    assert_eq!(versions(&recorded), [3]);
    assert_eq!(recorded[0].position, Position::new(4));
    assert_eq!(right.last_position().await.unwrap(), Position::new(4));
    let stale = change().expect("order-1", at(2)).append("order-1", [9]);
    stale.refused_by(&*right).await;
}

#[tokio::test]
async fn streams_and_categories_are_read_in_pages_across_the_fork() {
    let left = MemoryStore::default();
    change().append("order-1", [1, 2, 3]).on(&left).await;
    change().append("payment-1", [4]).on(&left).await;
    let right = fork(&left);
    change().append("order-1", [5, 6]).on(&*right).await;
    change().append("payment-1", [7]).on(&*right).await;

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
    let tail = right.read_stream(&stream, Version::new(2), 2).await;
    assert_eq!(numbers(&tail.unwrap()), [3, 5]);
}

#[tokio::test]
async fn a_category_that_was_read_before_takes_what_comes_after() {
    let left = MemoryStore::default();
    change().append("order-1", [1]).on(&left).await;
    assert_eq!(
        read_category(&left, Some("order"), Position::START, 9)
            .await
            .len(),
        1
    );

    change().append("order-2", [2]).on(&left).await;
    let right = fork(&left);
    change().append("order-3", [3]).on(&*right).await;

    let read = read_category(&*right, Some("order"), Position::START, 9).await;
    assert_eq!(numbers(&read), [1, 2, 3]);
}

#[tokio::test]
async fn neither_half_sees_the_writes_and_deletions_of_the_other() {
    let left = MemoryStore::default();
    for id in ["a", "b", "c"] {
        change().write(DASHBOARD, id, NOTHING, "1").on(&left).await;
    }

    let right = fork(&left);
    change().delete(DASHBOARD, "a", at(1)).on(&*right).await;
    change().write(DASHBOARD, "b", at(1), "2").on(&*right).await;
    change()
        .write(DASHBOARD, "d", NOTHING, "2")
        .on(&*right)
        .await;
    change().delete(DASHBOARD, "c", at(1)).on(&left).await;

    assert_eq!(find(&left, &Query::default()).await, "a b");
    assert_eq!(content(get(&left, DASHBOARD, "b").await), (1, json!(1)));
    assert_eq!(find(&*right, &Query::default()).await, "b c d");
    assert_eq!(content(get(&*right, DASHBOARD, "b").await), (2, json!(2)));
    assert_eq!(get(&*right, DASHBOARD, "a").await, None);
    assert_eq!(right.count(DASHBOARD, &[]).await.unwrap(), 3);
}

#[tokio::test]
async fn a_row_that_was_deleted_after_the_fork_comes_back_at_a_later_version() {
    let left = MemoryStore::default();
    change().write(DASHBOARD, "a", NOTHING, "1").on(&left).await;
    let right = fork(&left);

    change().delete(DASHBOARD, "a", at(1)).on(&*right).await;
    let stale = change().write(DASHBOARD, "a", at(1), "2");
    stale.refused_by(&*right).await;
    let created = change().write(DASHBOARD, "a", NOTHING, "3");
    created.on(&*right).await;

    assert_eq!(content(get(&*right, DASHBOARD, "a").await), (3, json!(3)));
    assert_eq!(right.count(DASHBOARD, &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn neither_half_sees_what_the_other_sends() {
    let left = MemoryStore::default();
    let two = change().send("order-1", 1, second(1));
    two.send("order-2", 2, second(50)).on(&left).await;

    let right = fork(&left);
    let claimed = claim(&left, "ann", second(1)).await;
    settle(&left, "ann", second(1), &claimed, abandoned()).await;
    change().cancel(2).on(&*right).await;
    change().send("order-3", 3, second(1)).on(&*right).await;

    assert_eq!(in_states(&left, &[OutboxState::Abandoned]).await, [1]);
    assert_eq!(in_states(&left, &[OutboxState::Pending]).await, [2]);
    assert_eq!(in_states(&*right, &[OutboxState::Abandoned]).await, [0; 0]);
    assert_eq!(in_states(&*right, &[OutboxState::Pending]).await, [1, 3]);
    let numbers = claim(&*right, "bob", second(1)).await;
    assert!(numbers[0].number < numbers[1].number);
}

#[tokio::test]
async fn a_claim_holds_in_both_halves_and_each_settles_its_own() {
    let left = MemoryStore::default();
    change().send("order-1", 1, second(1)).on(&left).await;
    let claimed = claim(&left, "ann", second(1)).await;

    let right = fork(&left);
    settle(&left, "ann", second(2), &claimed, SendResult::Published).await;
    assert_eq!(claim(&*right, "bob", second(2)).await, []);
    settle(&*right, "ann", second(2), &claimed, failed(second(5))).await;

    assert_eq!(in_states(&left, &[OutboxState::Published]).await, [1]);
    assert_eq!(in_states(&*right, &[OutboxState::Failed]).await, [1]);
}

#[tokio::test]
async fn schedules_of_before_the_fork_are_cancelled_and_sent_in_each_half() {
    let left = MemoryStore::default();
    for number in 1..=4 {
        let due = second(50 + i64::from(number));
        change().send("order-1", number, due).on(&left).await;
    }
    assert_eq!(claim(&left, "ann", second(1)).await, []);

    let right = fork(&left);
    change().cancel(1).cancel(3).on(&*right).await;
    let due = right.next_due(second(1)).await.unwrap();
    let claimed = claim(&*right, "ann", second(52)).await;
    settle(&*right, "ann", second(52), &claimed, SendResult::Published).await;

    let first = Some(second(52));
    assert_eq!(due, OutboxDue { again: None, first });
    assert_eq!(in_states(&*right, &[OutboxState::Published]).await, [2]);
    assert_eq!(in_states(&*right, &[OutboxState::Pending]).await, [4]);
    let third = fork(&*right);
    assert_eq!(in_states(&*third, &[OutboxState::Pending]).await, [4]);
    assert_eq!(
        in_states(&left, &[OutboxState::Pending]).await,
        [1, 2, 3, 4]
    );
}

#[tokio::test]
async fn schedules_that_went_stay_gone_when_the_layers_become_one() {
    let left = MemoryStore::default();
    let three = change().send("order-1", 1, second(50));
    let three = three.send("order-1", 2, second(40));
    three.send("order-1", 3, second(45)).on(&left).await;
    assert_eq!(claim(&left, "ann", second(1)).await, []);
    let right = fork(&left);
    change().cancel(1).on(&*right).await;
    assert_eq!(claim(&*right, "ann", second(40)).await.len(), 1);
    for number in 4..=7 {
        let more = change().send("order-2", number, second(60));
        more.on(&*right).await;
    }
    assert_eq!(claim(&*right, "ann", second(41)).await, []);

    let due = right.next_due(second(1)).await.unwrap();
    let third = fork(&*right);

    assert_eq!(due.first, Some(second(45)));
    assert_eq!(in_states(&*third, &[OutboxState::Processing]).await, [2]);
    let pending = in_states(&*third, &[OutboxState::Pending]).await;
    assert_eq!(pending, [3, 4, 5, 6, 7]);
    let pending = in_states(&left, &[OutboxState::Pending]).await;
    assert_eq!(pending, [1, 2, 3]);
}

#[tokio::test]
async fn what_was_published_before_the_fork_is_forgotten_in_one_half() {
    let left = MemoryStore::default();
    change().send("order-1", 1, second(1)).on(&left).await;
    let claimed = claim(&left, "ann", second(1)).await;
    settle(&left, "ann", second(1), &claimed, SendResult::Published).await;

    let right = fork(&left);
    let n_forgotten = right.clean_up(OutboxState::Published, second(9)).await;

    assert_eq!(n_forgotten.unwrap(), 1);
    assert_eq!(in_states(&*right, &[OutboxState::Published]).await, [0; 0]);
    assert_eq!(in_states(&left, &[OutboxState::Published]).await, [1]);
}

#[tokio::test]
async fn a_fork_of_a_fork_knows_what_both_wrote() {
    let first = MemoryStore::default();
    change().append("order-1", [1]).on(&first).await;
    let second_store = fork(&first);
    change().append("order-1", [2, 3]).on(&*second_store).await;
    change()
        .write(DASHBOARD, "a", NOTHING, "1")
        .on(&*second_store)
        .await;

    let third = fork(&*second_store);
    change().append("order-1", [4]).on(&*third).await;
    change().write(DASHBOARD, "a", at(1), "2").on(&*third).await;

    assert_eq!(numbers(&read_stream(&first, "order-1").await), [1]);
    assert_eq!(
        numbers(&read_stream(&*second_store, "order-1").await),
        [1, 2, 3]
    );
    let read = read_stream(&*third, "order-1").await;
    assert_eq!(numbers(&read), [1, 2, 3, 4]);
    assert_eq!(versions(&read), [1, 2, 3, 4]);
    let kept = content(get(&*second_store, DASHBOARD, "a").await);
    assert_eq!(kept, (1, json!(1)));
}

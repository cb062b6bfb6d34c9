use std::sync::Arc;

use crate::{
    adapter::memory::MemoryStore,
    message::{Envelope, MessageKind},
    port::{Changes, Outbox as _, OutboxState, Outgoing, SendResult, Store as _},
    testing::contract::{
        fixture::{WRITER, change, event},
        outbox_fixture::{
            abandoned, at_second, claim, claim_up_to, event_numbers, event_numbers_in, failed,
            rows, settle,
        },
    },
};

#[tokio::test]
async fn command_does_not_wait_for_an_event_of_its_stream() {
    let store = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(1))
        .commit_to(&store)
        .await;
    let claimed = claim(&store, "ann", at_second(1)).await;
    settle(&store, "ann", at_second(1), &claimed, failed(at_second(20))).await;

    let mut command = Envelope::clone(&event("order-1", 2));
    command.metadata.kind = MessageKind::Command;
    let mut changes = Changes::new(WRITER);
    changes.outgoing.push(Outgoing {
        envelope: Arc::new(command),
        due: Some(at_second(1)),
    });
    store.commit(&changes).await.unwrap();

    assert_eq!(
        event_numbers(&claim(&store, "ann", at_second(2)).await),
        [2]
    );
}

#[tokio::test]
async fn release_returns_a_failed_row_to_failed() {
    let store = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(1))
        .commit_to(&store)
        .await;
    let claimed = claim(&store, "ann", at_second(1)).await;
    settle(&store, "ann", at_second(1), &claimed, failed(at_second(2))).await;

    let again = claim(&store, "ann", at_second(2)).await;
    settle(&store, "ann", at_second(2), &again, SendResult::Released).await;
    change().cancel(1).commit_to(&store).await;

    assert_eq!(event_numbers_in(&store, &[OutboxState::Failed]).await, [1]);
}

#[tokio::test]
async fn cancelled_message_can_be_resent_in_the_same_commit() {
    let store = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(50))
        .commit_to(&store)
        .await;

    change()
        .cancel(1)
        .send("order-1", 1, at_second(70))
        .commit_to(&store)
        .await;

    assert_eq!(
        event_numbers(&claim(&store, "ann", at_second(60)).await),
        [0; 0]
    );
    assert_eq!(
        event_numbers(&claim(&store, "ann", at_second(70)).await),
        [1]
    );
}

#[tokio::test]
async fn due_schedule_is_claimed_before_younger_rows() {
    let store = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(50))
        .commit_to(&store)
        .await;
    assert_eq!(claim(&store, "ann", at_second(1)).await, []);
    change()
        .send("order-2", 2, at_second(1))
        .commit_to(&store)
        .await;

    let first = claim_up_to(&store, "ann", at_second(50), 1).await;

    assert_eq!(event_numbers(&first), [1]);
}

#[tokio::test]
async fn schedule_is_not_due_after_the_clock_goes_back() {
    let store = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(50))
        .commit_to(&store)
        .await;
    assert_eq!(claim(&store, "ann", at_second(1)).await, []);
    // The row is due now, but a claim with the limit 0 does not take it.
    assert_eq!(claim_up_to(&store, "ann", at_second(50), 0).await, []);

    let before = claim(&store, "ann", at_second(2)).await;
    let after = claim(&store, "ann", at_second(50)).await;

    assert_eq!(event_numbers(&before), [0; 0]);
    assert_eq!(event_numbers(&after), [1]);
}

#[tokio::test]
async fn reopened_row_is_due_now_with_no_failures() {
    let store = MemoryStore::default();
    change()
        .send("order-1", 1, at_second(1))
        .commit_to(&store)
        .await;
    let claimed = claim(&store, "ann", at_second(1)).await;
    settle(&store, "ann", at_second(1), &claimed, abandoned()).await;

    assert!(store.reopen(claimed[0].number, at_second(9)).await.unwrap());

    let reopened = rows(&store, &[OutboxState::Pending]).await;
    assert_eq!(
        (reopened[0].due, reopened[0].n_failures),
        (Some(at_second(9)), 0)
    );
    assert_eq!(reopened[0].error.as_deref(), Some("no such topic"));
}

#[tokio::test]
async fn rows_come_oldest_first_whatever_their_state() {
    let store = MemoryStore::default();
    for number in 1..=4 {
        let due = at_second(10 - i64::from(number));
        change()
            .send(&format!("order-{number}"), number, due)
            .commit_to(&store)
            .await;
    }

    // Messages 3 and 4 are due. Message 4 is published first.
    let claimed = claim(&store, "ann", at_second(7)).await;
    settle(
        &store,
        "ann",
        at_second(7),
        &claimed[1..],
        SendResult::Published,
    )
    .await;
    settle(
        &store,
        "ann",
        at_second(7),
        &claimed[..1],
        SendResult::Published,
    )
    .await;

    let published = store.rows(&[OutboxState::Published], 9).await.unwrap();
    let both = [OutboxState::Pending, OutboxState::Published];
    let first = store.rows(&both, 3).await.unwrap();

    assert_eq!(event_numbers(&published), [3, 4]);
    assert_eq!(event_numbers(&first), [1, 2, 3]);
}

use std::sync::Arc;

use crate::{
    adapter::memory::MemoryStore,
    message::{Envelope, MessageKind},
    port::{
        Changes, Outbox as _, OutboxState, Outgoing, SendResult, Store as _,
        contract::{
            fixture::{BY, change, event},
            sending::{
                abandoned, claim, claim_some, failed, in_states, rows, second, sent, settle,
            },
        },
    },
};

#[tokio::test]
async fn a_command_does_not_wait_for_an_event_of_its_stream() {
    let store = MemoryStore::default();
    change().send("order-1", 1, second(1)).on(&store).await;
    let claimed = claim(&store, "ann", second(1)).await;
    settle(&store, "ann", second(1), &claimed, failed(second(20))).await;

    let mut command = Envelope::clone(&event("order-1", 2));
    command.metadata.kind = MessageKind::Command;
    let mut changes = Changes::new(BY);
    changes.outgoing.push(Outgoing {
        envelope: Arc::new(command),
        due: second(1),
    });
    store.commit(&changes).await.unwrap();

    assert_eq!(sent(&claim(&store, "ann", second(2)).await), [2]);
}

#[tokio::test]
async fn a_row_that_failed_before_is_still_a_failed_one_when_it_is_released() {
    let store = MemoryStore::default();
    change().send("order-1", 1, second(1)).on(&store).await;
    let claimed = claim(&store, "ann", second(1)).await;
    settle(&store, "ann", second(1), &claimed, failed(second(2))).await;

    let again = claim(&store, "ann", second(2)).await;
    settle(&store, "ann", second(2), &again, SendResult::Released).await;
    change().cancel(1).on(&store).await;

    assert_eq!(in_states(&store, &[OutboxState::Failed]).await, [1]);
}

#[tokio::test]
async fn what_is_cancelled_may_be_sent_anew_in_the_same_commit() {
    let store = MemoryStore::default();
    change().send("order-1", 1, second(50)).on(&store).await;

    let moved = change().cancel(1).send("order-1", 1, second(70));
    moved.on(&store).await;

    assert_eq!(sent(&claim(&store, "ann", second(60)).await), [0; 0]);
    assert_eq!(sent(&claim(&store, "ann", second(70)).await), [1]);
}

#[tokio::test]
async fn a_schedule_that_has_become_due_goes_before_younger_rows() {
    let store = MemoryStore::default();
    change().send("order-1", 1, second(50)).on(&store).await;
    assert_eq!(claim(&store, "ann", second(1)).await, []);
    change().send("order-2", 2, second(1)).on(&store).await;

    let first = claim_some(&store, "ann", second(50), 1).await;

    assert_eq!(sent(&first), [1]);
}

#[tokio::test]
async fn a_clock_that_goes_back_finds_a_schedule_not_due_again() {
    let store = MemoryStore::default();
    change().send("order-1", 1, second(50)).on(&store).await;
    assert_eq!(claim(&store, "ann", second(1)).await, []);
    // It is due now, and nobody takes it.
    assert_eq!(claim_some(&store, "ann", second(50), 0).await, []);

    let before = claim(&store, "ann", second(2)).await;
    let after = claim(&store, "ann", second(50)).await;

    assert_eq!(sent(&before), [0; 0]);
    assert_eq!(sent(&after), [1]);
}

#[tokio::test]
async fn a_row_that_is_opened_again_is_due_then_and_begins_anew_to_count_its_failures() {
    let store = MemoryStore::default();
    change().send("order-1", 1, second(1)).on(&store).await;
    let claimed = claim(&store, "ann", second(1)).await;
    settle(&store, "ann", second(1), &claimed, abandoned()).await;

    assert!(store.reopen(claimed[0].number, second(9)).await.unwrap());

    let opened = rows(&store, &[OutboxState::Pending]).await;
    assert_eq!((opened[0].due, opened[0].n_failures), (second(9), 0));
    assert_eq!(opened[0].error.as_deref(), Some("no such topic"));
}

#[tokio::test]
async fn of_many_rows_the_oldest_are_looked_at_first_whatever_their_state() {
    let store = MemoryStore::default();
    for number in 1..=4 {
        let due = second(10 - i64::from(number));
        let commit = change().send(&format!("order-{number}"), number, due);
        commit.on(&store).await;
    }
    // The third and the fourth are due, and the fourth is sent first.
    let claimed = claim(&store, "ann", second(7)).await;
    settle(
        &store,
        "ann",
        second(7),
        &claimed[1..],
        SendResult::Published,
    )
    .await;
    settle(
        &store,
        "ann",
        second(7),
        &claimed[..1],
        SendResult::Published,
    )
    .await;

    let published = store.rows(&[OutboxState::Published], 9).await.unwrap();
    let both = [OutboxState::Pending, OutboxState::Published];
    let first = store.rows(&both, 3).await.unwrap();

    assert_eq!(sent(&published), [3, 4]);
    assert_eq!(sent(&first), [1, 2, 3]);
}

use crate::{
    message::Payload,
    port::{Changes, Fence, LedgerWrite, Store, TurnResult},
    testing::contract::{
        fixture::{ABSENT, DASHBOARD, change, get, numbers, read_all},
        member::{LONG, Member, SHORT, outlast_a_lease},
    },
};

fn ledger(fence: Fence, json: &str) -> Changes {
    let mut changes = Changes::new("the engine");
    let value = Payload::from_json(json);
    changes.ledgers.push(LedgerWrite { fence, value });
    changes
}

/// A single member owns all partitions from its first turn on. Further turns change nothing.
pub async fn single_member_owns_all_partitions<S: Store + ?Sized>(store: &S) {
    let mut member = Member::new("a");

    let first = member.turn(store, LONG).await;
    assert_eq!(first.won.len(), 12);
    assert!(first.won.iter().all(|won| !won.was_abandoned));
    assert_eq!((first.lost.len(), first.n_surplus), (0, 0));

    let second = member.turn(store, LONG).await;
    assert_eq!(second, TurnResult::default());
}

/// Members share the partitions evenly when they come and go, and none has two owners.
pub async fn shares_are_fair_as_members_come_and_go<S: Store + ?Sized>(store: &S) {
    let mut members = vec![Member::new("a")];
    settle_shares(store, &mut members).await;
    assert_eq!(shares(&members), [12]);

    members.push(Member::new("b"));
    settle_shares(store, &mut members).await;
    assert_eq!(shares(&members), [6, 6]);

    members.push(Member::new("c"));
    settle_shares(store, &mut members).await;
    assert_eq!(shares(&members), [4, 4, 4]);

    let mut gone = members.remove(0);
    gone.release(store, 4).await;
    let left = store.leave(&gone.group, &gone.name).await;
    left.expect("`leave` must succeed");
    settle_shares(store, &mut members).await;
    assert_eq!(shares(&members), [6, 6]);
}

/// Lets each member take turns and release its surplus until nothing changes.
async fn settle_shares<S: Store + ?Sized>(store: &S, members: &mut [Member]) {
    for _ in 0..3 {
        for member in &mut *members {
            let result = member.turn(store, LONG).await;
            member.release(store, result.n_surplus).await;
        }

        let mut owned: Vec<u32> = members.iter().flat_map(Member::partitions).collect();
        let n_owned = owned.len();
        owned.sort_unstable();
        owned.dedup();
        assert_eq!(owned.len(), n_owned, "a partition has two owners");
    }
}

fn shares(members: &[Member]) -> Vec<usize> {
    members.iter().map(|member| member.held.len()).collect()
}

/// A released partition is free at once, and its next owner has a greater epoch.
pub async fn released_partition_is_free_at_once<S: Store + ?Sized>(store: &S) {
    let (mut first, mut second) = (Member::new("a"), Member::new("b"));
    first.turn(store, LONG).await;
    let epochs: Vec<u64> = first.held.iter().map(|held| held.epoch).collect();
    assert_eq!(second.turn(store, LONG).await, TurnResult::default());

    first.release(store, 3).await;

    let won = second.turn(store, LONG).await.won;
    assert_eq!(won.len(), 3);
    for won in won {
        assert!(epochs[won.partition as usize] < won.epoch);
        assert!(!won.was_abandoned, "it was released");
    }
    let first_again = first.turn(store, LONG).await;
    assert_eq!(first_again.lost.len(), 0);
}

/// A lease that is not renewed ends, by the time of the store. Its partition goes to another member.
pub async fn ended_lease_is_taken_over<S: Store + ?Sized>(store: &S) {
    let (mut first, mut second) = (Member::new("a"), Member::new("b"));
    first.turn(store, SHORT).await;
    outlast_a_lease().await;

    let won = second.turn(store, LONG).await.won;
    assert_eq!(won.len(), 12, "a dead member has no share");
    assert!(won.iter().all(|won| won.was_abandoned));

    let first_again = first.turn(store, LONG).await;
    assert_eq!(first_again.lost.len(), 12);
    assert_eq!(first.held.len(), 0);
}

/// A lease that has ended is renewed if nobody has taken the partition.
pub async fn ended_lease_can_be_renewed<S: Store + ?Sized>(store: &S) {
    let mut member = Member::new("a");
    member.turn(store, SHORT).await;
    outlast_a_lease().await;

    assert_eq!(member.turn(store, LONG).await, TurnResult::default());

    let mut second = Member::new("b");
    assert_eq!(second.turn(store, LONG).await, TurnResult::default());
}

/// A member that has restarted under its name does not wait for its own leases.
pub async fn restarted_member_does_not_wait<S: Store + ?Sized>(store: &S) {
    let mut member = Member::new("a");
    member.turn(store, LONG).await;
    let before = member.fence(0);

    let mut restarted = Member::new("a");
    let won = restarted.turn(store, LONG).await.won;

    assert_eq!(won.len(), 12);
    assert!(won.iter().all(|won| won.was_abandoned));
    assert!(before.epoch < restarted.fence(0).epoch);
}

/// A takeover takes what others own, and ends their fences at once. Released partitions go back.
pub async fn takeover_takes_what_others_own<S: Store + ?Sized>(store: &S) {
    let mut owners = [Member::new("a"), Member::new("b")];
    settle_shares(store, &mut owners).await;
    let fence = owners[0].fence(0);

    let mut taker = Member::new("rebuild");
    let won = taker.take_over(store).await.won;
    assert_eq!(won.len(), 12);
    assert!(won.iter().all(|won| !won.was_abandoned));
    let late = store.commit(&ledger(fence, "{}")).await;
    assert!(late.expect_err("it was replaced").is_fenced());
    let saved = store.commit(&ledger(taker.fence(11), "7")).await;
    saved.expect("the taker must be able to save");

    taker.release(store, 12).await;
    let left = store.leave(&taker.group, &taker.name).await;
    left.expect("`leave` must succeed");
    settle_shares(store, &mut owners).await;
    assert_eq!(shares(&owners), [6, 6]);
    let ledgers = store.ledgers("shipping").await;
    assert_eq!(ledgers.expect("`ledgers` must succeed").len(), 1);
}

/// A member that was replaced cannot commit, and nothing of its commit is written.
pub async fn replaced_member_cannot_commit<S: Store + ?Sized>(store: &S) {
    let mut member = Member::new("a");
    member.turn(store, LONG).await;
    let mut changes = change()
        .append("order-1", [1])
        .write(DASHBOARD, "ord-1", ABSENT, "1")
        .into_changes();
    changes.fence = Some(member.fence(0));
    let committed = store.commit(&changes).await;
    committed.expect("the owner must be able to commit");

    Member::new("a").turn(store, LONG).await;

    let mut changes = change()
        .append("order-2", [2])
        .write(DASHBOARD, "ord-2", ABSENT, "2")
        .into_changes();
    changes.fence = Some(member.fence(0));
    let err = store.commit(&changes).await.expect_err("it was replaced");
    assert!(err.is_fenced(), "expected a fenced commit, found {err}");
    assert_eq!(get(store, DASHBOARD, "ord-2").await, None);
    assert_eq!(numbers(&read_all(store).await), [1]);
}

/// A ledger reaches the next owner byte for byte. The one before cannot overwrite it.
pub async fn ledger_reaches_the_next_owner<S: Store + ?Sized>(store: &S) {
    let mut member = Member::new("a");
    member.turn(store, LONG).await;
    let json = r#"{"topics":{"order":{"read":7}}, "n" : 1.0}"#;
    let saved = store.commit(&ledger(member.fence(2), json)).await;
    saved.expect("the owner must be able to save");

    let mut next = Member::new("a");
    let won = next.turn(store, LONG).await.won;
    let texts: Vec<_> = won
        .iter()
        .filter_map(|won| Some((won.partition, won.ledger.as_ref()?.as_json())))
        .collect();
    assert_eq!(texts, [(2, json)]);

    let late = store.commit(&ledger(member.fence(2), "{}")).await;
    assert!(late.expect_err("it was replaced").is_fenced());
    let all = store.ledgers("shipping").await;
    let all = all.expect("`ledgers` must succeed");
    assert_eq!(all, [(2, Payload::from_json(json))]);
}

/// Groups own the same partitions independently.
pub async fn groups_do_not_share_partitions<S: Store + ?Sized>(store: &S) {
    let (mut shipping, mut billing) = (Member::new("a"), Member::of("billing", "a"));
    shipping.turn(store, LONG).await;

    assert_eq!(billing.turn(store, LONG).await.won.len(), 12);
    let saved = store.commit(&ledger(billing.fence(0), "1")).await;
    saved.expect("the owner must be able to save");

    let ledgers = store.ledgers("shipping").await;
    assert_eq!(ledgers.expect("`ledgers` must succeed"), []);
    assert_eq!(shipping.turn(store, LONG).await, TurnResult::default());
}

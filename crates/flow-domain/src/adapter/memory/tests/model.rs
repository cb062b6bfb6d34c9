use std::{sync::Arc, time::Duration};

use crate::{
    adapter::memory::MemoryStore,
    port::{OutboxState, Store},
    testing::{
        contract::outbox_fixture::at_second,
        random::{Rng, apply, random_operation, snapshot},
    },
};

/// Applies the same operations to a store that is never forked and to one that is forked often.
///
/// Both must always have the same content. Each fork also leaves another store. Random operations on
/// that store must not change the forked one.
async fn check_forks_match(seed: u64) {
    let mut rng = Rng(seed);
    let plain: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut forked: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut others: Vec<Arc<dyn Store>> = vec![];
    let mut now = at_second(100);

    for idx in 1..=400 {
        let claimed = plain.rows(&[OutboxState::Processing], 9).await.unwrap();
        let claimed: Vec<u64> = claimed.iter().map(|row| row.number).collect();
        let next = random_operation(&mut rng, idx, &claimed, now);

        let expected = apply(&*plain, &next, now).await;
        assert_eq!(
            apply(&*forked, &next, now).await,
            expected,
            "seed {seed}, step {idx}: {next:?}"
        );

        for other in &others {
            let unrelated = random_operation(&mut rng, idx, &claimed, now);
            apply(&**other, &unrelated, now).await;
        }

        let after = rng.below(u64::from(idx));
        assert_eq!(
            snapshot(&*forked, after, now).await,
            snapshot(&*plain, after, now).await,
            "seed {seed}, after step {idx}: {next:?}"
        );

        // Either of the two stores may continue as `forked`.
        if rng.below(8) == 0 {
            let mut other = forked.fork().unwrap();
            if rng.below(2) == 0 {
                std::mem::swap(&mut forked, &mut other);
            }
            others.truncate(2);
            others.insert(0, other);
        }

        now = now + Duration::from_secs(rng.below(4));
    }
}

#[tokio::test]
async fn fork_matches_an_unforked_store_seed_1() {
    check_forks_match(1).await;
}

#[tokio::test]
async fn fork_matches_an_unforked_store_seed_2() {
    check_forks_match(2).await;
}

#[tokio::test]
async fn fork_matches_an_unforked_store_seed_3() {
    check_forks_match(3).await;
}

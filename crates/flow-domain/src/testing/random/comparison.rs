use std::time::Duration;

use crate::{
    port::{OutboxState, Store},
    testing::{
        contract::outbox_fixture::at_second,
        random::{
            Rng, apply, random_members::Members, random_operation, random_operations::Operation,
            random_reads::compare_reads, snapshot,
        },
    },
};

/// Applies the same random operations to two empty stores, and compares what both return and contain.
///
/// There are commits of all kinds, the work of relays, and engines that share partitions. After each
/// operation, something is read from both. The positions of both must have no gaps.
///
/// # Panics
///
/// Panics at the first difference, with the seed and the operation.
pub async fn compare_stores(seed: u64, n_operations: u32, stores: [&dyn Store; 2]) {
    let mut rng = Rng(seed);
    let mut now = at_second(100);
    let mut members = Members::new();
    let [expected, store] = stores;
    let (mut n_refused, mut n_found) = (0, 0);

    for idx in 1..=n_operations {
        let place = format!("seed {seed}, step {idx}");
        if rng.below(4) == 0 {
            members.act(&mut rng, stores, &place).await;
        }

        let claimed = expected.rows(&[OutboxState::Processing], 9).await;
        let claimed: Vec<u64> = claimed
            .expect("a read of the store succeeds")
            .iter()
            .map(|row| row.number)
            .collect();
        let mut next = random_operation(&mut rng, idx, &claimed, now);
        if let Operation::Commit(changes) = &mut next
            && rng.below(4) == 0
        {
            members.fence(&mut rng, idx, changes);
        }
        let result = apply(expected, &next, now).await;
        n_refused += u32::from(result.starts_with("Err"));
        assert_eq!(apply(store, &next, now).await, result, "{place}: {next:?}");

        n_found += compare_reads(&mut rng, idx, now, stores, &place).await;

        // It reads everything, so it is the slow part.
        let after = rng.below(u64::from(idx));
        if rng.below(10) == 0 {
            assert_eq!(
                snapshot(store, after, now).await,
                snapshot(expected, after, now).await,
                "{place}, afterwards: {next:?}"
            );
        }
        now = now + Duration::from_secs(rng.below(4));
    }

    // Otherwise the comparison shows nothing.
    assert!(0 < n_refused, "seed {seed}: no commit was refused");
    assert!(0 < n_found, "seed {seed}: no query found a row");
}

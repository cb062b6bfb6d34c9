//! Clocks that are set while leases run.

use std::{sync::Arc, time::Duration};

use flow_domain::port::{HeldPartition, Store, Turn, TurnResult};
use tokio::time::timeout;

async fn turn<S: Store + ?Sized>(store: &S, member: &str, held: &[HeldPartition]) -> TurnResult {
    let turn = Turn {
        group: &Arc::from("orders"),
        member: &Arc::from(member),
        n_partitions: 4,
        held,
        lease: Duration::from_millis(100),
        is_takeover: false,
    };
    store.turn(&turn).await.expect("the store answers")
}

fn held(result: TurnResult) -> Vec<HeldPartition> {
    let won = result.won.iter();
    won.map(|won| HeldPartition {
        partition: won.partition,
        epoch: won.epoch,
    })
    .collect()
}

/// Sets the clock of the leases back and forth. A member that lives loses nothing, and one that died loses its
/// partitions after one lease.
///
/// `set_back` moves all ends of leases by some hours, as if the clock was set back by them.
pub(crate) async fn check_leases<S: Store + ?Sized>(store: &S, set_back: impl AsyncFn(i32)) {
    let of_ann = held(turn(store, "ann", &[]).await);
    assert_eq!(of_ann.len(), 4);

    for hours in [-1, 2, -3] {
        set_back(hours).await;
        assert_eq!(turn(store, "ann", &of_ann).await, TurnResult::default());
    }

    set_back(48).await;
    let dies = async {
        let mut of_bob = Vec::new();
        while of_bob.len() < 4 {
            let won = turn(store, "bob", &of_bob).await;
            of_bob.extend(held(won));
        }
    };
    let died = timeout(Duration::from_secs(20), dies).await;
    assert!(died.is_ok(), "the leases of the dead end");
}

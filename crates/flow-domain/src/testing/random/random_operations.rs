use std::time::Duration;

use crate::{
    clock::Timestamp,
    message::{ExpectedVersion, Version},
    port::{Changes, Claim, OutboxState, SendResult, Settlement, Store},
    record::{Table, TableKind},
    testing::{
        contract::{
            fixture::{DASHBOARD, ORDERS, change},
            outbox_fixture::failed,
        },
        random::{
            Rng,
            random_query::{random_keys, random_row},
        },
    },
};

pub(super) const STREAMS: [&str; 4] = ["order-1", "order-2", "payment-1", "payment-2"];
/// Tables of all kinds that have rows.
pub(super) const TABLES: [Table; 4] = [
    ORDERS,
    DASHBOARD,
    Table::new(TableKind::Inbox, "Mailer"),
    Table::new(TableKind::DeadLetter, "DeadLetter"),
];
// So many ids that a `SmallMap` makes an index.
pub(super) const N_IDS: u64 = 20;
pub(super) const STATES: [OutboxState; 5] = [
    OutboxState::Pending,
    OutboxState::Processing,
    OutboxState::Published,
    OutboxState::Failed,
    OutboxState::Abandoned,
];

/// A random operation on a store.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Commit(Changes),
    Claim(&'static str, usize),
    Settle(&'static str, Vec<Settlement>),
    Reopen(u64),
    Forget,
    CleanUp(OutboxState, Timestamp),
}

/// Returns a random operation. `idx` is its number, and `claimed` are the rows of the outbox that are claimed.
pub(crate) fn random_operation(
    rng: &mut Rng,
    idx: u32,
    claimed: &[u64],
    now: Timestamp,
) -> Operation {
    let worker = rng.pick(&["ann", "bob"]);
    match rng.below(10) {
        0..5 => Operation::Commit(random_changes(rng, idx, now)),
        5..7 => Operation::Claim(worker, rng.pick(&[1, 2, 9])),
        7..9 => {
            let settlements = claimed
                .iter()
                .map(|number| random_settlement(rng, *number, now));
            Operation::Settle(worker, settlements.collect())
        }
        _ if rng.below(2) == 0 => Operation::Reopen(rng.below(idx.into())),
        _ if rng.below(2) == 0 => Operation::Forget,
        _ => Operation::CleanUp(rng.pick(&STATES), now - Duration::from_secs(20)),
    }
}

fn random_changes(rng: &mut Rng, idx: u32, now: Timestamp) -> Changes {
    let exact_versions = [0, 1, 2, 3].map(|version| ExpectedVersion::Exact(Version::new(version)));
    let mut changes = change();

    // Mostly none. Several may be refused, and then all stores must name the same one.
    let n_expected = rng.pick(&[0, 0, 0, 0, 0, 0, 1, 2]);
    for name in STREAMS.into_iter().rev().take(n_expected) {
        changes = changes.expect_version(name, rng.pick(&exact_versions));
    }

    for message_idx in 0..rng.below(3) {
        let number = idx * 10 + u32::try_from(message_idx).expect("it is small");
        let due = now + Duration::from_secs(rng.pick(&[0, 0, 3, 30, 90]));
        changes = match rng.below(3) {
            0 => changes.append_and_send(rng.pick(&STREAMS), number),
            1 => changes.append(rng.pick(&STREAMS), [number]).schedule(
                rng.pick(&STREAMS),
                number,
                due,
            ),
            _ => changes
                .append(rng.pick(&STREAMS), [number])
                .send(rng.pick(&STREAMS), number, due),
        };
    }

    let mut tables = TABLES;
    tables.rotate_left(rng.pick(&[0, 1, 2, 3]));
    for table in tables.into_iter().take(rng.pick(&[0, 0, 1, 1, 3])) {
        let id = rng.below(N_IDS).to_string();
        let any = ExpectedVersion::Any;
        let expected = rng.pick(&[any, any, exact_versions[0], exact_versions[1]]);

        changes = if rng.below(3) == 0 {
            changes.delete(table, &id, expected)
        } else {
            let (json, keys) = (random_row(rng), random_keys(rng));
            changes.write_row(table, &id, expected, &json, keys)
        };
    }

    if rng.below(3) == 0 {
        let number = rng.below(u64::from(idx) * 10);
        changes = changes.cancel(u32::try_from(number).expect("it is small"));
    }

    changes.into_changes()
}

fn random_settlement(rng: &mut Rng, number: u64, now: Timestamp) -> Settlement {
    let error = "no such topic".into();
    Settlement {
        number,
        result: match rng.below(6) {
            0 => SendResult::Abandoned { error },
            1 => SendResult::Released,
            2 => failed(now + Duration::from_secs(rng.below(9))),
            _ => SendResult::Published,
        },
    }
}

/// Applies an operation, and returns its result as text.
pub(crate) async fn apply(store: &dyn Store, operation: &Operation, now: Timestamp) -> String {
    match operation {
        Operation::Commit(changes) => format!("{:?}", store.commit(changes).await),
        Operation::Claim(worker, limit) => {
            let claim = Claim {
                worker,
                now,
                lease: Duration::from_secs(5),
                limit: *limit,
            };
            format!("{:?}", store.claim(&claim).await)
        }
        Operation::Settle(worker, settlements) => {
            format!("{:?}", store.settle(worker, now, settlements).await)
        }
        Operation::Reopen(number) => format!("{:?}", store.reopen(*number, now).await),
        Operation::Forget => format!("{:?}", store.forget(Duration::ZERO).await),
        Operation::CleanUp(state, before) => format!("{:?}", store.clean_up(*state, *before).await),
    }
}

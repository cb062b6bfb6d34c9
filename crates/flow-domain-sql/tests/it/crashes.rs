//! Processes that are killed in the middle of commits.

use std::{
    collections::BTreeSet,
    env,
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use flow_domain::{
    message::Position,
    port::{Changes, OutboxState, Outgoing, Query, RowKeys, Store},
};

use crate::fixture::{DASHBOARD, append, put};

/// The variable with the target and the first number for a process that is killed.
pub(crate) const TARGET: &str = "FLOW_CRASH_TARGET";

/// How many processes are killed: a few in a test, and many in a soak.
pub(crate) fn n_kills() -> u32 {
    if env::var("FLOW_SOAK").is_ok() {
        100
    } else {
        5
    }
}

/// Returns the target and the first number if this process is one that is killed.
pub(crate) fn target() -> Option<(String, u32)> {
    let target = env::var(TARGET).ok()?;
    let (target, start) = target.rsplit_once(' ')?;
    Some((target.to_owned(), start.parse().ok()?))
}

/// A unit of work: an event, its row in the outbox, and a row.
pub(crate) fn unit(number: u32) -> Changes {
    let mut changes = append(&format!("order-{}", number % 7), number);
    let envelope = changes.events[0].clone();
    changes.outgoing.push(Outgoing {
        envelope,
        due: None,
    });
    let row = put(DASHBOARD, &number.to_string(), "{}", RowKeys::default());
    changes.writes = row.writes;
    changes
}

/// Commits two units at a time, and says the number of each one that is committed.
pub(crate) async fn write_units<S: Store + ?Sized>(store: &S, start: u32, n: u32) {
    let commit = async |number| {
        store
            .commit(&unit(number))
            .await
            .expect("the commit succeeds");
        let mut output = io::stdout().lock();
        writeln!(output, "acknowledged {number}")
            .and_then(|()| output.flush())
            .expect("the other process reads");
    };

    for number in (start..).step_by(2).take(n as usize) {
        tokio::join!(commit(number), commit(number + 1));
    }
}

/// Runs the test `name` in a process of its own, which writes units from `start` on. Kills it after some of them.
///
/// Returns the units that it had acknowledged.
pub(crate) fn kill_writer(name: &str, target: &str, start: u32) -> Vec<u32> {
    let mut writer = Command::new(env::current_exe().expect("the test has a file"))
        .args(["--exact", name])
        .env(TARGET, format!("{target} {start}"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test can be run");
    let output = writer.stdout.take().expect("it is piped");

    let mut acknowledged = Vec::new();
    let n_before_kill = 1 + start as usize % 13;
    for line in BufReader::new(output).lines() {
        let line = line.expect("the output is text");
        // The harness of the tests writes lines, too, and may begin this one.
        let Some((_, number)) = line.split_once("acknowledged ") else {
            continue;
        };
        acknowledged.push(number.parse().expect("it is a number"));
        if acknowledged.len() == n_before_kill {
            writer.kill().expect("the process runs");
        }
    }

    writer.wait().expect("the process ends");
    acknowledged
}

/// Checks that all acknowledged units are there, and that no unit is there in part.
pub(crate) async fn check_units<S: Store + ?Sized>(store: &S, acknowledged: &[u32]) {
    let events = store
        .read_category(None, Position::START, usize::MAX)
        .await
        .unwrap();
    let events: BTreeSet<u32> = events
        .iter()
        .map(|event| event.envelope.message.decode("number").unwrap())
        .collect();
    let outbox = store
        .rows(&[OutboxState::Pending], usize::MAX)
        .await
        .unwrap();
    let outbox: BTreeSet<u32> = outbox
        .iter()
        .map(|row| row.envelope.message.decode("number").unwrap())
        .collect();
    let rows = store.query(DASHBOARD, &Query::default()).await.unwrap();
    let rows: BTreeSet<u32> = rows.iter().map(|row| row.id.parse().unwrap()).collect();

    let lost: Vec<&u32> = acknowledged
        .iter()
        .filter(|number| !events.contains(number))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert_eq!(outbox, events, "a unit is there in part");
    assert_eq!(rows, events, "a unit is there in part");
}

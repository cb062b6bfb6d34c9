use std::{
    io::{self, Write},
    process,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use crate::watchdog::{
    hang_limit::{self, ENV_VAR},
    watched_flow::{Hang, WatchedFlow},
};

/// How often the thread checks a flow that does not move on, before the limit is reached.
///
/// It counts checks and not time. So a debugger that stops all threads stops the count, too.
const N_CHECKS: u32 = 20;

/// The flows that have begun and not ended.
static WATCHED: Mutex<Vec<Arc<WatchedFlow>>> = Mutex::new(Vec::new());

fn watched() -> MutexGuard<'static, Vec<Arc<WatchedFlow>>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks `flow` from now on. The first call in a process starts the thread.
pub(super) fn add(flow: &Arc<WatchedFlow>) {
    static IS_RUNNING: OnceLock<bool> = OnceLock::new();

    if *IS_RUNNING.get_or_init(start) {
        watched().push(Arc::clone(flow));
    }
}

pub(super) fn remove(flow: &Arc<WatchedFlow>) {
    let mut watched = watched();
    if let Some(idx) = watched.iter().rposition(|other| Arc::ptr_eq(other, flow)) {
        watched.swap_remove(idx);
    }
}

/// Starts the thread, unless the limit is off. Returns false if it does not run.
fn start() -> bool {
    let Some(limit) = hang_limit::from_env() else {
        return false;
    };

    let thread = thread::Builder::new().name("flow-watchdog".to_owned());
    thread.spawn(move || watch(limit)).is_ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "no run sees the time of this thread"
)]
fn watch(limit: Duration) {
    loop {
        thread::sleep(limit / N_CHECKS);

        let mut flows = watched().clone();
        // A flow may be watched twice, and is checked once.
        flows.sort_by_key(Arc::as_ptr);
        flows.dedup_by(|left, right| Arc::ptr_eq(left, right));
        let hanging: Vec<Hang> = flows
            .iter()
            .filter_map(|flow| flow.find_hang(N_CHECKS, limit))
            .collect();
        if !hanging.is_empty() {
            // The macros for printing may be captured by the test, whose output is lost now.
            let _ = io::stderr().write_all(report(&hanging, limit).as_bytes());
            process::abort();
        }
    }
}

fn report(hanging: &[Hang], limit: Duration) -> String {
    let n_seconds = limit.as_secs();
    let mut lines = vec![String::new()];
    for hang in hanging {
        lines.push(format!(
            "flow-harness: a test flow has not moved on for {n_seconds} s, so the process is aborted"
        ));
        lines.push(format!("test     {}", hang.thread));
        if let Some(location) = hang.location {
            lines.push(format!("step     {location}"));
        }
        if let Some(call) = &hang.call {
            lines.push(format!("handler  {call}"));
        }
        lines.push(format!("fix      {}", fix(hang)));
    }

    lines.push(format!(
        "         set {ENV_VAR} to more seconds for slow code, or to 0 for a debugger\n"
    ));
    lines.join("\n")
}

/// Returns what to look for.
fn fix(hang: &Hang) -> String {
    match (&hang.call, hang.is_waiting) {
        (_, true) => {
            "the flow waits, and nobody polls it: look for a spawned task that blocks its thread"
                .to_owned()
        }
        (Some(_), false) => {
            "the handler blocks its thread, or loops and never waits: await a timer or a channel, \
             or use `tokio::task::spawn_blocking`"
                .to_owned()
        }
        (None, false) => {
            let code = hang.code;
            format!("{code} never ends: look for a loop, a lock or a sleep")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_of_a_step_without_a_handler() {
        let hang = Hang {
            thread: "closures::slow".to_owned(),
            location: None,
            call: None,
            code: "the code of the step",
            is_waiting: false,
        };

        insta::assert_snapshot!(report(&[hang], Duration::from_secs(60)), @r"
        flow-harness: a test flow has not moved on for 60 s, so the process is aborted
        test     closures::slow
        fix      the code of the step never ends: look for a loop, a lock or a sleep
                 set FLOW_HANG_SECONDS to more seconds for slow code, or to 0 for a debugger
        ");
    }
}

use std::any::TypeId;

use flow_domain::{engine::Remaining, handler::short_type_name};

use crate::{
    diagnosis::Subject,
    expect::handlers::handler_name,
    flow::{Expectation, Mismatch, Problem},
    run::Outcome,
};

/// Expects that so many messages wait.
pub(crate) fn pending(expected: usize) -> impl Expectation {
    Pending {
        expected,
        scope: PendingScope::Anywhere,
    }
}

/// Expects that so many messages wait to be published.
pub(crate) fn pending_in_outbox(expected: usize) -> impl Expectation {
    Pending {
        expected,
        scope: PendingScope::Outbox,
    }
}

/// Expects that so many messages wait for a handler.
pub(crate) fn pending_for<H: 'static>(expected: usize) -> impl Expectation {
    Pending {
        expected,
        scope: PendingScope::Handler(TypeId::of::<H>(), short_type_name::<H>()),
    }
}

struct Pending {
    expected: usize,
    scope: PendingScope,
}

/// Where messages wait.
enum PendingScope {
    Anywhere,
    Outbox,
    Handler(TypeId, &'static str),
}

impl Pending {
    fn count(&self, left: &Remaining, outcome: &Outcome) -> Result<usize, Mismatch> {
        let waiting = left.backlogs.iter();
        Ok(match self.scope {
            PendingScope::Anywhere => {
                let for_handlers: usize = waiting.map(|one| one.n_messages).sum();
                left.outbox + for_handlers
            }
            PendingScope::Outbox => left.outbox,
            PendingScope::Handler(handler, type_name) => {
                let name = handler_name(handler, type_name, outcome)?;
                waiting
                    .filter(|one| *one.subscription == *name)
                    .map(|one| one.n_messages)
                    .sum()
            }
        })
    }
}

impl Expectation for Pending {
    fn describe(&self) -> String {
        let n = match self.expected {
            0 => "nothing waits".to_owned(),
            1 => "1 message waits".to_owned(),
            n => format!("{n} messages wait"),
        };

        match self.scope {
            PendingScope::Anywhere => n,
            PendingScope::Outbox => format!("{n} in the outbox"),
            PendingScope::Handler(_, name) => format!("{n} for {name}"),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let left = outcome.remaining();
        let found = self.count(left, outcome)?;

        if found == self.expected {
            return Ok(());
        }

        let mut lines = pending_lines(left);
        if lines.is_empty() {
            lines.push("nothing waits".to_owned());
        }

        if outcome.is_inline() {
            lines.push("`Mode::Sync` has no engine for which anything could wait".to_owned());
        } else if !outcome.is_paused() {
            lines.push(
                "the engine runs after every act: `.paused()` on the harness keeps it from that"
                    .to_owned(),
            );
        }

        Err(Mismatch::new(self.describe(), lines.join("\n")))
    }

    fn covers(&self) -> Option<Problem> {
        Some(Problem::PendingMessages)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// What waits, one line for each place.
pub(crate) fn pending_lines(left: &Remaining) -> Vec<String> {
    let mut waiting = Remaining::default();
    waiting.outbox = left.outbox;
    waiting.backlogs.clone_from(&left.backlogs);
    if waiting.is_quiet() {
        return Vec::new();
    }
    waiting.to_string().lines().map(str::to_owned).collect()
}

/// The mismatch of something that is read while messages wait.
pub(crate) fn read_while_pending(what: &str, left: &Remaining) -> Mismatch {
    let mut lines = pending_lines(left);
    lines.push(
        "Add `.when_engine_runs()` before it, or say `.then_pending(..)` if that is the point"
            .to_owned(),
    );
    let expected = format!("nothing waits when it is asked for {what}");
    Mismatch::new(expected, lines.join("\n")).with_subject(Subject::ReadWhilePending)
}

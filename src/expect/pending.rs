use std::any::TypeId;

use flow_domain::{handler::short_type_name, testing::Remaining};

use crate::{
    diagnosis::Subject,
    expect::handlers::handler_name,
    flow::{Expectation, Mismatch, Problem},
    run::Outcome,
};

/// Expects that `expected` messages are pending.
pub(crate) fn pending(expected: usize) -> impl Expectation {
    Pending {
        expected,
        scope: PendingScope::Anywhere,
    }
}

/// Expects that `expected` messages are waiting in the outbox to be published.
pub(crate) fn pending_in_outbox(expected: usize) -> impl Expectation {
    Pending {
        expected,
        scope: PendingScope::Outbox,
    }
}

/// Expects that `expected` messages are pending for the handler `H`.
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

/// Which pending messages are counted.
enum PendingScope {
    Anywhere,
    Outbox,
    /// The messages for one handler: the type of the handler, and the name of this type.
    Handler(TypeId, &'static str),
}

impl Pending {
    fn count(&self, remaining: &Remaining, outcome: &Outcome) -> Result<usize, Mismatch> {
        let backlogs = remaining.backlogs.iter();
        Ok(match self.scope {
            PendingScope::Anywhere => {
                let for_handlers: usize = backlogs.map(|backlog| backlog.n_messages).sum();
                remaining.outbox + for_handlers
            }
            PendingScope::Outbox => remaining.outbox,
            PendingScope::Handler(handler, type_name) => {
                let name = handler_name(handler, type_name, outcome)?;
                backlogs
                    .filter(|backlog| *backlog.subscription == *name)
                    .map(|backlog| backlog.n_messages)
                    .sum()
            }
        })
    }
}

impl Expectation for Pending {
    fn describe(&self) -> String {
        let count_text = match self.expected {
            0 => "nothing pending".to_owned(),
            1 => "1 message pending".to_owned(),
            n => format!("{n} messages pending"),
        };

        match self.scope {
            PendingScope::Anywhere => count_text,
            PendingScope::Outbox => format!("{count_text} in the outbox"),
            PendingScope::Handler(_, name) => format!("{count_text} for {name}"),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let remaining = outcome.remaining();
        let n_found = self.count(remaining, outcome)?;
        if n_found == self.expected {
            return Ok(());
        }

        let mut lines = pending_lines(remaining);
        if lines.is_empty() {
            lines.push("nothing pending".to_owned());
        }
        if outcome.is_inline() {
            lines.push("`Mode::Sync` has no engine, so no message is ever pending".to_owned());
        } else if !outcome.is_paused() {
            lines.push(
                "the engine runs after every act; to prevent that, call `.paused()` on the harness"
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

/// Returns the pending messages as text: one line for the outbox and for each subscription.
///
/// The lines come from the `Display` of [`Remaining`]. Its other fields are not shown.
pub(crate) fn pending_lines(remaining: &Remaining) -> Vec<String> {
    let mut pending = Remaining::default();
    pending.outbox = remaining.outbox;
    pending.backlogs.clone_from(&remaining.backlogs);
    if pending.is_quiet() {
        return Vec::new();
    }

    pending.to_string().lines().map(str::to_owned).collect()
}

/// Returns the mismatch of an expectation that is checked too early, while messages are pending.
pub(crate) fn read_while_pending(what: &str, remaining: &Remaining) -> Mismatch {
    let mut lines = pending_lines(remaining);
    lines.push(
        "Add `.when_engine_runs()` before this step. \
         If the test expects pending messages, use `.then_pending(..)` instead"
            .to_owned(),
    );

    let expected = format!("nothing pending when the test checks {what}");
    Mismatch::new(expected, lines.join("\n")).with_subject(Subject::ReadWhilePending)
}

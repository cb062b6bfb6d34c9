use std::any::TypeId;

use flow_domain::{
    message::short_type_name,
    testing::{Remaining, SubscriptionBacklog},
};

use crate::{
    expect::{
        Expectation, Mismatch, Subject, check::require_handlers, handlers::handler_name,
        never_happens::NeverHappens,
    },
    outcome::Outcome,
    value::counted,
};

/// Expects that this number of messages is pending, in the outbox and for handlers together.
///
/// Messages are pending only in a [`paused`](crate::FlowHarness::paused) harness. In any other, `pending(0)` fails:
/// every flow fails anyway if messages are pending at its end.
pub fn pending(expected: usize) -> Pending {
    Pending {
        expected,
        scope: PendingScope::Anywhere,
    }
}

/// The expectation from [`pending`].
#[derive(Clone, Debug)]
#[must_use = "an expectation does nothing until it is passed to `then`"]
pub struct Pending {
    expected: usize,
    scope: PendingScope,
}

/// Which pending messages count.
#[derive(Clone, Copy, Debug)]
enum PendingScope {
    Anywhere,
    Outbox,
    Handler(TypeId, &'static str),
}

impl Pending {
    /// Counts only messages in the outbox that are not yet published.
    pub fn in_outbox(mut self) -> Self {
        self.scope = PendingScope::Outbox;
        self
    }

    /// Counts only messages for the handler `H`.
    ///
    /// A published message is pending until `H` was called for it, and while `H` must retry it.
    pub fn for_handler<H: 'static>(mut self) -> Self {
        self.scope = PendingScope::Handler(TypeId::of::<H>(), short_type_name::<H>());
        self
    }

    /// Finds out whether no message can be pending, if the test expects that none is.
    fn never_happens(&self, outcome: &Outcome) -> Option<NeverHappens> {
        if 0 < self.expected {
            return None;
        }
        if !outcome.remaining().is_quiet() {
            return match self.scope {
                PendingScope::Handler(handler, _) => {
                    NeverHappens::call(outcome.system().handler_name(handler)?, outcome)
                }
                PendingScope::Anywhere | PendingScope::Outbox => None,
            };
        }

        if !outcome.is_paused() {
            return Some(NeverHappens::in_any_mode(
                "the engine runs after every act, and no flow may end with pending messages",
                "Remove the step, or call `.paused()` on the harness",
            ));
        }
        let reason = "`Mode::Sync` has no engine, so no message is ever pending";
        outcome
            .is_inline()
            .then(|| NeverHappens::in_this_mode(reason, outcome))
            .flatten()
    }

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
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        require_handlers(outcome)?;

        let remaining = outcome.remaining();
        let n_found = self.count(remaining, outcome)?;
        if n_found == self.expected {
            return NeverHappens::require_possible(self.never_happens(outcome));
        }

        let mut found = pending_text(remaining);
        if outcome.is_inline() {
            found.push_str("\n`Mode::Sync` has no engine, so no message is ever pending");
        } else if !outcome.is_paused() {
            found.push_str(
                "\nthe engine runs after every act; to prevent that, call `.paused()` on the harness",
            );
        }

        Err(Mismatch::new(self.describe(), found))
    }

    fn describe(&self) -> String {
        let count_text = match self.expected {
            0 => "nothing pending".to_owned(),
            n => format!("{} pending", counted(n, "message", "messages")),
        };

        match self.scope {
            PendingScope::Anywhere => count_text,
            PendingScope::Outbox => format!("{count_text} in the outbox"),
            PendingScope::Handler(_, name) => format!("{count_text} for {name}"),
        }
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        NeverHappens::warning(self.never_happens(outcome))
    }

    fn allows_pending(&self) -> bool {
        true
    }

    fn expects_pending(&self) -> bool {
        // Without pending messages in its scope, it says nothing about the others.
        0 < self.expected
    }
}

/// Returns the pending messages as text. Scheduled commands and dead letters are not pending.
fn pending_text(remaining: &Remaining) -> String {
    if remaining.is_quiet() {
        return "nothing pending".to_owned();
    }

    let mut pending = Remaining::default();
    pending.outbox = remaining.outbox;
    pending.backlogs.clone_from(&remaining.backlogs);
    pending.to_string()
}

/// Returns the mismatch of a step that must not happen while messages are pending.
pub(crate) fn pending_mismatch(expected: &str, remaining: &Remaining, advice: &str) -> Mismatch {
    let mut paused = remaining
        .backlogs
        .iter()
        .filter(|backlog| !backlog.paused_streams.is_empty())
        .peekable();
    if paused.peek().is_some() {
        return paused_mismatch(paused);
    }

    let found = format!("{}\n{advice}", pending_text(remaining));
    Mismatch::new(expected, found).with_subject(Subject::ReadWhilePending)
}

/// Returns the mismatch for streams with events of newer versions. The engine cannot deliver them.
fn paused_mismatch<'a>(paused: impl Iterator<Item = &'a SubscriptionBacklog>) -> Mismatch {
    let mut lines = Vec::new();
    for backlog in paused {
        lines.extend(backlog.paused_streams.iter().map(|paused| {
            let (stream, message_type) = (&paused.stream, &paused.message_type);
            let handler = &backlog.subscription;
            format!("{handler} has paused the stream `{stream}`: it does not know {message_type}")
        }));
    }

    lines.push(
        "Let the domain know this version of the event. \
         If the test expects the pause, end the flow with `.then(expect::pending(..))`"
            .to_owned(),
    );
    Mismatch::new("no stream that waits for a newer program", lines.join("\n"))
}

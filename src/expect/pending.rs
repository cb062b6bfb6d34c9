use std::any::TypeId;

use flow_domain::{engine::Left, handler::short_type_name};

use crate::{
    expect::handlers::name_of,
    flow::{Expectation, Mismatch, Trouble},
    run::Outcome,
    why::Sought,
};

/// Expects that so many messages wait.
pub(crate) fn pending(expected: usize) -> impl Expectation {
    Pending {
        expected,
        place: Place::Anywhere,
    }
}

/// Expects that so many messages wait to be published.
pub(crate) fn pending_in_outbox(expected: usize) -> impl Expectation {
    Pending {
        expected,
        place: Place::Outbox,
    }
}

/// Expects that so many messages wait for a handler.
pub(crate) fn pending_for<H: 'static>(expected: usize) -> impl Expectation {
    Pending {
        expected,
        place: Place::Handler(TypeId::of::<H>(), short_type_name::<H>()),
    }
}

struct Pending {
    expected: usize,
    place: Place,
}

/// Where messages wait.
enum Place {
    Anywhere,
    Outbox,
    Handler(TypeId, &'static str),
}

impl Pending {
    fn count(&self, left: &Left, outcome: &Outcome) -> Result<usize, Mismatch> {
        let waiting = left.waiting.iter();
        Ok(match self.place {
            Place::Anywhere => {
                let for_handlers: usize = waiting.map(|one| one.n_messages).sum();
                left.outbox + for_handlers
            }
            Place::Outbox => left.outbox,
            Place::Handler(handler, type_name) => {
                let name = name_of(handler, type_name, outcome)?;
                let for_it = waiting.filter(|one| *one.subscription == *name);
                for_it.map(|one| one.n_messages).sum()
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
        match self.place {
            Place::Anywhere => n,
            Place::Outbox => format!("{n} in the outbox"),
            Place::Handler(_, name) => format!("{n} for {name}"),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let left = outcome.left();
        let found = self.count(left, outcome)?;
        if found == self.expected {
            return Ok(());
        }
        let mut lines = waiting_lines(left);
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

    fn speaks_of(&self) -> Option<Trouble> {
        Some(Trouble::Waiting)
    }

    fn allows_waiting(&self) -> bool {
        true
    }
}

/// What waits, one line for each place.
pub(crate) fn waiting_lines(left: &Left) -> Vec<String> {
    let mut waiting = Left::default();
    waiting.outbox = left.outbox;
    waiting.waiting.clone_from(&left.waiting);
    if waiting.is_quiet() {
        return Vec::new();
    }
    waiting.to_string().lines().map(str::to_owned).collect()
}

/// The mismatch of something that is read while messages wait.
pub(crate) fn read_too_early(what: &str, left: &Left) -> Mismatch {
    let mut lines = waiting_lines(left);
    lines.push(
        "Add `.when_engine_runs()` before it, or say `.then_pending(..)` if that is the point"
            .to_owned(),
    );
    let expected = format!("nothing waits when it is asked for {what}");
    Mismatch::new(expected, lines.join("\n")).about(Sought::ReadWhileWaiting)
}

use std::{any::TypeId, error, marker::PhantomData};

use flow_domain::{
    Error,
    handler::short_type_name,
    record::{Ended, Happening},
    wiring::nearest,
};

use crate::{
    expect::verdict::nothing_to_look_for,
    flow::{Expectation, Mismatch, Trouble},
    report::undone_with,
    run::Outcome,
    why::Sought,
};

/// Returns the name of the handler `H`, or the mismatch that it is none.
pub(super) fn name_of(
    handler: TypeId,
    type_name: &str,
    outcome: &Outcome,
) -> Result<&'static str, Mismatch> {
    outcome.system().handler_name(handler).ok_or_else(|| {
        let handlers = outcome.system().handler_names();
        let hint = match nearest(type_name, handlers.iter().copied()) {
            Some(near) => format!("no such handler in the domain; did you mean {near}?"),
            None => format!(
                "no such handler in the domain, only {}",
                handlers.join(", ")
            ),
        };
        Mismatch::new(format!("the handler {type_name}"), hint)
    })
}

/// Expects that a handler handled something, or exactly so many messages.
#[derive(Debug)]
pub(crate) struct Handled {
    handler: TypeId,
    type_name: &'static str,
    times: Option<usize>,
}

impl Handled {
    pub(crate) fn by<H: 'static>() -> Self {
        Self {
            handler: TypeId::of::<H>(),
            type_name: short_type_name::<H>(),
            times: None,
        }
    }

    pub(crate) fn times(&mut self, times: usize) {
        self.times = Some(times);
    }

    fn expected(&self) -> String {
        match self.times {
            None => format!("{} handles something", self.type_name),
            Some(times) => format!("{} handles {}", self.type_name, messages(times)),
        }
    }
}

fn messages(times: usize) -> String {
    match times {
        1 => "1 message".to_owned(),
        times => format!("{times} messages"),
    }
}

impl Expectation for Handled {
    fn describe(&self) -> String {
        match self.times {
            None => format!("handled by {}", self.type_name),
            Some(times) => format!("handled by {}, {}", self.type_name, messages(times)),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let name = name_of(self.handler, self.type_name, outcome)?;
        let ends: Vec<End<'_>> = ends_of(name, outcome).collect();
        let n_handled = ends.iter().filter(|end| end.is_handled()).count();
        let met = match self.times {
            None => 0 < n_handled,
            Some(times) => times == n_handled,
        };
        if met {
            return Ok(());
        }
        let others = ends.iter().filter(|end| !end.is_handled());
        let mismatch = Mismatch::new(
            self.expected(),
            match n_handled {
                0 => "it handled nothing".to_owned(),
                _ => format!("it handled {}", messages(n_handled)),
            },
        );
        let mismatch = mismatch.differing(others.map(End::short).collect());
        Err(mismatch.about(Sought::Handled(name)))
    }
}

/// How one handling ended.
struct End<'a> {
    ended: &'a Ended,
    /// The handler with whose work it was rolled back, if it was.
    undone_with: Option<&'static str>,
}

impl End<'_> {
    /// Returns true if what was handled has stayed.
    fn is_handled(&self) -> bool {
        matches!(self.ended, Ended::Handled) && self.undone_with.is_none()
    }

    fn short(&self) -> String {
        match (self.ended, self.undone_with) {
            (Ended::Handled, Some(with)) => {
                format!("handled one, which was rolled back with {with}")
            }
            (Ended::Filtered(reason), _) => format!("let one go: {reason}"),
            (Ended::Rejected(undone), _) => format!("refused one: {}", undone.reason),
            (Ended::Failed(undone), _) => format!("failed on one: {}", undone.reason),
            (other, _) => other.to_string(),
        }
    }
}

/// How the handlings of `handler` in the acts so far ended.
fn ends_of<'a>(handler: &'a str, outcome: &'a Outcome) -> impl Iterator<Item = End<'a>> {
    outcome.acted().filter_map(move |entry| match &entry.what {
        Happening::HandlerEnded(ended) => {
            let started = entry.cause.map(|cause| &outcome.record().entry(cause).what);
            let by_it = matches!(started, Some(Happening::HandlerStarted { handler: by, .. }) if *by == handler);
            by_it.then(|| End {
                ended,
                undone_with: undone_with(entry, outcome.record()),
            })
        }
        _ => None,
    })
}

/// Expects that the handler `H` failed with this error in the acts so far.
pub(crate) fn handler_failed<H: 'static, E>(expected: E) -> impl Expectation
where
    E: error::Error + PartialEq + Send + Sync + 'static,
{
    HandlerFailed {
        expected: format!("{expected:?}"),
        holds: move |err: &Error| err.downcast_ref::<E>() == Some(&expected),
        is_empty: false,
        shows: |err| err.downcast_ref::<E>().map(|err| format!("{err:?}")),
        handler: PhantomData::<fn(H)>,
    }
}

/// Expects that the handler `H` failed in the acts so far with a message that contains this text.
pub(crate) fn handler_failed_saying<H: 'static>(text: &str) -> impl Expectation + use<H> {
    let text = text.to_owned();
    HandlerFailed {
        expected: format!("a message that contains {text:?}"),
        is_empty: text.is_empty(),
        holds: move |err: &Error| err.with_causes().to_string().contains(&text),
        shows: |_| None,
        handler: PhantomData::<fn(H)>,
    }
}

struct HandlerFailed<H, F> {
    expected: String,
    holds: F,
    /// The error itself, if it is of the type that is expected.
    shows: fn(&Error) -> Option<String>,
    /// Whether it looks for an empty text.
    is_empty: bool,
    handler: PhantomData<fn(H)>,
}

impl<H: 'static, F: Fn(&Error) -> bool + Send + Sync> Expectation for HandlerFailed<H, F> {
    fn describe(&self) -> String {
        format!(
            "handler {} failed with {}",
            short_type_name::<H>(),
            self.expected
        )
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let name = name_of(TypeId::of::<H>(), short_type_name::<H>(), outcome)?;
        if self.is_empty {
            return Err(nothing_to_look_for());
        }
        let failures: Vec<&Error> = outcome
            .acts()
            .iter()
            .flat_map(|act| act.failures_of(name))
            .collect();
        if failures.iter().any(|err| (self.holds)(err)) {
            return Ok(());
        }
        let found: Vec<String> = failures
            .iter()
            .map(|err| match (self.shows)(err) {
                Some(shown) => format!("{name} failed with {shown}: {}", err.with_causes()),
                None => format!("{name} failed: {}", err.with_causes()),
            })
            .collect();
        Err(Mismatch::new(
            format!("{name} fails with {}", self.expected),
            if found.is_empty() {
                format!("{name} did not fail")
            } else {
                found.join("\n")
            },
        )
        .about(Sought::Failure(name)))
    }

    fn speaks_of(&self) -> Option<Trouble> {
        Some(Trouble::FailureOf(TypeId::of::<H>()))
    }

    fn speaks_of_failure(&self, failure: &Error) -> bool {
        (self.holds)(failure)
    }

    fn allows_waiting(&self) -> bool {
        true
    }
}

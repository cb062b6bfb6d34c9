use std::fmt;

use crate::error::HandlerFailure;

/// A cascade or an engine run that exceeded its delivery budget.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stall {
    /// The number of deliveries after which it was stopped.
    pub budget: usize,
    /// The messages and handlers that repeat, in order. It is empty if nothing repeats.
    pub cycle: Vec<String>,
    /// How often the cycle was repeated.
    pub n_repeats: usize,
    /// The handlers with their number of calls, most calls first.
    pub handler_calls: Vec<(&'static str, usize)>,
    /// The number of deliveries that the messages of the handlers need, also those that were made.
    pub n_planned: usize,
    /// The deliveries that were still pending, as "handler on message".
    pub pending: Vec<String>,
}

#[cfg(feature = "testing")]
impl Stall {
    /// Describes a run of which only the number of calls of each part is known.
    #[doc(hidden)]
    pub fn of_calls(budget: usize, handler_calls: Vec<(&'static str, usize)>) -> Self {
        Self {
            budget,
            n_planned: 0,
            cycle: Vec::new(),
            n_repeats: 0,
            handler_calls,
            pending: Vec::new(),
        }
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_stall(self, &[], f)
    }
}

/// Writes the report of a stall and of the handlers that failed before it.
pub(super) fn write_stall(
    stall: &Stall,
    failures: &[HandlerFailure],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let budget = stall.budget;
    let noun = if budget == 1 {
        "delivery"
    } else {
        "deliveries"
    };
    write!(f, "the flow did not settle within {budget} {noun}")?;

    let busy_lines = stall
        .handler_calls
        .iter()
        .map(|(handler, n_calls)| format!("{handler}, called {}", times_text(*n_calls)));
    write_first_five(f, "busy   ", busy_lines)?;

    if let Some(first) = stall.cycle.first() {
        let (cycle, times) = (stall.cycle.join(" -> "), times_text(stall.n_repeats));
        write!(f, "\ncycle    {cycle} -> {first}, repeated {times}")?;
    }

    // If it was stopped early, the calls do not show why.
    let n_calls: usize = stall.handler_calls.iter().map(|(_, n)| n).sum();
    if n_calls < budget && budget < stall.n_planned {
        let n_planned = stall.n_planned;
        write!(f, "\nsent     messages that need {n_planned} deliveries")?;
    }

    write_first_five(f, "pending", stall.pending.iter().cloned())?;
    write_first_five(f, "failed ", group_equal_failures(failures).into_iter())?;

    f.write_str("\nfix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long")
}

fn write_first_five(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    mut lines: impl ExactSizeIterator<Item = String>,
) -> fmt::Result {
    for line in lines.by_ref().take(5) {
        write!(f, "\n{title}  {line}")?;
    }

    match lines.len() {
        0 => Ok(()),
        n_more => write!(f, "\n{title}  and {n_more} more"),
    }
}

/// Joins equal failures into one line with a count.
///
/// A handler in a cycle fails in the same way at every repetition.
fn group_equal_failures(failures: &[HandlerFailure]) -> Vec<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for failure in failures {
        let text = failure.to_string();
        match counts
            .iter_mut()
            .find(|(counted_text, _)| *counted_text == text)
        {
            Some((_, count)) => *count += 1,
            None => counts.push((text, 1)),
        }
    }

    counts
        .into_iter()
        .map(|(text, count)| match count {
            1 => text,
            _ => format!("{text}, {}", times_text(count)),
        })
        .collect()
}

fn times_text(n: usize) -> String {
    match n {
        1 => "once".to_owned(),
        _ => format!("{n} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    /// Failures 0 and 1 have the same text, then failures 2 and 3, and so on.
    fn failure(idx: usize) -> HandlerFailure {
        let text = format!("reason {}", idx / 2);
        HandlerFailure::new(Some("Mailer"), "OrderPlaced".into(), Error::setup(text))
    }

    #[test]
    fn stall_report_shows_five_lines_per_section() {
        let stall = Box::new(Stall {
            budget: 7,
            cycle: Vec::new(),
            n_repeats: 0,
            handler_calls: vec![("Mailer", 6), ("Courier", 1)],
            n_planned: 6,
            pending: (1..=6).map(|idx| format!("Mailer on Event{idx}")).collect(),
        });
        let failures: Vec<HandlerFailure> = (0..11).map(failure).collect();

        let err = Error::stalled(stall, failures);

        insta::assert_snapshot!(err, @r"
        the flow did not settle within 7 deliveries
        busy     Mailer, called 6 times
        busy     Courier, called once
        pending  Mailer on Event1
        pending  Mailer on Event2
        pending  Mailer on Event3
        pending  Mailer on Event4
        pending  Mailer on Event5
        pending  and 1 more
        failed   Mailer failed on OrderPlaced: reason 0, 2 times
        failed   Mailer failed on OrderPlaced: reason 1, 2 times
        failed   Mailer failed on OrderPlaced: reason 2, 2 times
        failed   Mailer failed on OrderPlaced: reason 3, 2 times
        failed   Mailer failed on OrderPlaced: reason 4, 2 times
        failed   and 1 more
        fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
        ");
    }
}

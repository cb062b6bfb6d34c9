use std::fmt;

use crate::error::HandlerFailure;

/// A cascade that did not come to rest within its budget of deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stall {
    /// How many deliveries were made before it was stopped.
    pub budget: usize,
    /// The messages and handlers that repeat, in order; empty if nothing repeats.
    pub cycle: Vec<String>,
    /// How often the cycle was gone through.
    pub n_repeats: usize,
    /// The handlers that were called, with how often, busiest first.
    pub handler_calls: Vec<(&'static str, usize)>,
    /// The deliveries that were still waiting, as "handler on message".
    pub pending: Vec<String>,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_stall(self, &[], f)
    }
}

/// Tells of a stall, and of the handlers that failed before it.
pub(super) fn write_stall(
    stall: &Stall,
    failures: &[HandlerFailure],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let budget = stall.budget;
    write!(f, "the flow did not settle within {budget} deliveries")?;
    let busy = stall.handler_calls.iter();
    let busy = busy.map(|(handler, n_calls)| format!("{handler}, called {}", times(*n_calls)));

    write_first_five(f, "busy   ", busy)?;
    if let Some(first) = stall.cycle.first() {
        let (cycle, repeated) = (stall.cycle.join(" -> "), times(stall.n_repeats));
        write!(f, "\ncycle    {cycle} -> {first}, repeated {repeated}")?;
    }

    write_first_five(f, "waiting", stall.pending.iter().cloned())?;
    write_first_five(f, "failed ", group_equal_failures(failures).into_iter())?;

    f.write_str("\nto do    break the cycle, or raise the budget if the flow really is this long")
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

/// What fails in a cycle fails in the same way again and again.
fn group_equal_failures(failures: &[HandlerFailure]) -> Vec<String> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for failure in failures {
        let text = failure.to_string();
        match found.iter_mut().find(|(earlier, _)| *earlier == text) {
            Some((_, n_times)) => *n_times += 1,
            None => found.push((text, 1)),
        }
    }

    let told = found.into_iter().map(|(text, n_times)| match n_times {
        1 => text,
        _ => format!("{text}, {}", times(n_times)),
    });
    told.collect()
}

fn times(n: usize) -> String {
    match n {
        1 => "once".to_owned(),
        _ => format!("{n} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn failure(idx: usize) -> HandlerFailure {
        let text = format!("reason {}", idx / 2);
        HandlerFailure::new("Mailer", "OrderPlaced".into(), Error::setup(text))
    }

    #[test]
    fn stall_report_shows_five_lines_per_section() {
        let stall = Stall {
            budget: 7,
            cycle: Vec::new(),
            n_repeats: 0,
            handler_calls: vec![("Mailer", 6), ("Courier", 1)],
            pending: (1..=6).map(|idx| format!("Mailer on Event{idx}")).collect(),
        };
        let failures: Vec<HandlerFailure> = (0..11).map(failure).collect();

        let err = Error::stalled(stall, failures);

        insta::assert_snapshot!(err, @r"
        the flow did not settle within 7 deliveries
        busy     Mailer, called 6 times
        busy     Courier, called once
        waiting  Mailer on Event1
        waiting  Mailer on Event2
        waiting  Mailer on Event3
        waiting  Mailer on Event4
        waiting  Mailer on Event5
        waiting  and 1 more
        failed   Mailer on OrderPlaced: reason 0, 2 times
        failed   Mailer on OrderPlaced: reason 1, 2 times
        failed   Mailer on OrderPlaced: reason 2, 2 times
        failed   Mailer on OrderPlaced: reason 3, 2 times
        failed   Mailer on OrderPlaced: reason 4, 2 times
        failed   and 1 more
        to do    break the cycle, or raise the budget if the flow really is this long
        ");
    }
}

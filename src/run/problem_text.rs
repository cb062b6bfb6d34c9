use std::error::Error as _;

use flow_domain::Error;

use crate::{
    expect::with_timer_advice,
    outcome::{Problem, ProblemKind},
};

/// Returns what went wrong, and which step the test needs if it expects that.
pub(super) fn problem_text(problem: &Problem<'_>, is_inline: bool) -> String {
    let error = problem.error;
    let can_be_dead_letter =
        problem.kind == ProblemKind::HandlerFailure && !is_inline && !error.is_rejection();

    let mut steps = Vec::new();
    if problem.kind == ProblemKind::Rejection {
        steps.push("`.then_rejected(..)`".to_owned());
    } else if problem.kind == ProblemKind::Expired {
        let command = problem.message();
        steps.push(format!("`.then(expect::expired::<{command}>())`"));
    } else if let Some(handler) = problem.handler {
        steps.push(failure_step(handler, error));
    }
    if can_be_dead_letter {
        steps.push("`.then(expect::dead_letters())`".to_owned());
    }

    let text = with_timer_advice(problem.to_string(), [error]);
    if steps.is_empty() {
        return text;
    }
    format!(
        "{text}\nIf the test expects this, add {}",
        steps.join(", or ")
    )
}

/// Returns the step with which a test expects a failure of a handler.
fn failure_step(handler: &str, err: &Error) -> String {
    // Only an error type of the user can be compared with an expected value.
    if err.is_rejection() || err.source().is_some() {
        format!("`.then(expect::handler_failed::<{handler}>(..))`")
    } else {
        format!("`.then(expect::handler_failed_with_message::<{handler}>(\"..\"))`")
    }
}

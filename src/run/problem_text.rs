use std::error::Error as _;

use flow_domain::Error;

use crate::{
    expect::with_timer_advice,
    outcome::{Problem, ProblemKind},
    system::System,
};

/// Returns what went wrong, and which step the test needs if it expects that.
pub(super) fn problem_text(problem: &Problem<'_>, system: &dyn System) -> String {
    let error = problem.error;
    let can_be_dead_letter =
        problem.kind == ProblemKind::HandlerFailure && !system.is_inline() && !error.is_rejection();

    let mut steps = Vec::new();
    let message = problem.message();
    match (problem.kind, problem.handler) {
        (ProblemKind::Rejection, _) => steps.push("`.then_rejected(..)`".to_owned()),
        (ProblemKind::Expired, _) => steps.push(format!("`.then(expect::expired::<{message}>())`")),
        (ProblemKind::PublishFailure, _) => {
            steps.push(format!("`.then(expect::publish_failed::<{message}>())`"));
        }
        (_, Some(component)) if !system.has_known_wiring() => {
            steps.push(format!(
                "`.then(expect::component_failed({component:?}, \"..\"))`"
            ));
        }
        (_, Some(handler)) => steps.push(failure_step(handler, error)),
        (_, None) => {}
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

use crate::error::HandlerFailure;

/// Returns how often a handler was called, if more than once, and what to do.
pub(super) fn tries_text(n_tries: u32) -> String {
    match n_tries {
        0 | 1 => String::new(),
        n => format!(
            "; all {n} tries met a conflict: find out who else writes it meanwhile, or allow more with \
             `.conflict_tries(..)` and `.time_limit(..)`"
        ),
    }
}

pub(super) fn handler_failures_text(failures: &[HandlerFailure]) -> String {
    let n_failures = failures.len();
    let noun = if n_failures == 1 {
        "handler"
    } else {
        "handlers"
    };

    let lines: Vec<String> = failures
        .iter()
        .map(|failure| format!("\n  {failure}"))
        .collect();

    format!(
        "the commit succeeded, but {n_failures} {noun} failed afterwards:{}",
        lines.concat()
    )
}

pub(super) fn at(location: Option<&str>) -> String {
    location.map_or_else(String::new, |location| format!(" at {location}"))
}

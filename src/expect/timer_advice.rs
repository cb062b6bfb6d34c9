use flow_domain::Error;

/// What to do if a handler reached its time limit because tokio's clock was paused.
pub(crate) const TIMER_ADVICE: &str = "under `.run()`, tokio's timers fire as soon as every task waits: \
     if the handler waits for another thread or the network, write `.await` in a `#[tokio::test]`";

/// Returns `text`, with the advice if one of these errors says that a handler reached its time limit.
pub(crate) fn with_timer_advice<'a>(
    text: String,
    errors: impl IntoIterator<Item = &'a Error>,
) -> String {
    if errors.into_iter().any(Error::is_timed_out) {
        format!("{text}\n{TIMER_ADVICE}")
    } else {
        text
    }
}

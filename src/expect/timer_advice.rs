use flow_domain::Error;

/// What to do if a handler reached its time limit, perhaps because tokio's clock was paused.
pub(crate) const TIMER_ADVICE: &str = "look for a lock that is taken twice, or a channel that nobody uses: such a wait never ends\n\
     tokio's clock measures a time limit. If it is paused, as under `.run()`, \
     timers fire as soon as every task waits: for another thread or the network, write `.await` in a \
     `#[tokio::test]`, or use `tokio::task::spawn_blocking`, which stops the clock while its code runs";

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

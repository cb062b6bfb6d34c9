use std::time::Duration;

use crate::{
    clock::{IdContext, Timestamp},
    handler::{Ports, RetryPolicy},
    message::Envelope,
};

/// How often a delivery is tried if every try loses a race, unless its handler sets a number.
///
/// Nobody waits for a delivery, and another writer wins each race. So the limit is only for a handler
/// that can never win.
pub(crate) const DELIVERY_TRIES: u32 = 100;

/// How often a command of [`App::process`](crate::App::process) is tried, unless its handler sets a
/// number. Its caller waits, so it is fewer.
pub(super) const COMMAND_TRIES: u32 = 10;

/// The delays between tries, after the first repeated try, which has none.
///
/// The jitter may shorten a delay to nothing. So calls that lost together spread over the whole delay.
const BACKOFF: RetryPolicy = RetryPolicy::attempts(DELIVERY_TRIES)
    .first_delay(Duration::from_millis(1))
    .longest_delay(Duration::from_millis(250))
    .jitter_percent(100);

/// The races that the calls of one attempt have lost: another writer committed first.
#[derive(Debug, Default)]
pub(super) struct LostRaces {
    pub(super) n_lost: u32,
    /// When the first one was lost.
    since: Option<Timestamp>,
}

impl LostRaces {
    /// Counts a race. Returns true if the handler is called again.
    ///
    /// All tries together must not last much longer than one attempt may take.
    pub(super) fn add(&mut self, ports: &Ports, max_tries: u32, time_limit: Duration) -> bool {
        let now = ports.clock.now();
        let since = *self.since.get_or_insert(now);
        self.n_lost += 1;
        // A virtual clock stands still meanwhile, so the time limit does not end the tries.
        let max_tries = ports.hooks.limit_tries(max_tries);

        self.n_lost < max_tries && now.since(since) < time_limit
    }

    /// Waits before the next try: not at all at first, then longer each time.
    pub(super) async fn wait(
        &self,
        ports: &Ports,
        message: &Envelope,
        (handler, attempt): (&str, u32),
    ) {
        if self.n_lost < 2 {
            return;
        }

        // The id maker is the source of randomness, so with virtual ids the jitter is reproducible.
        // The largest indexes: a handler never reaches them, so none of its messages gets this id.
        let cause = Some(message.metadata.id.as_uuid());
        let context = IdContext::new(cause, handler, attempt, u32::MAX - self.n_lost);
        let (_, random) = ports.ids.make(context).as_u64_pair();

        let delay = BACKOFF.delay_after(self.n_lost - 1, random);
        ports.clock.sleep(delay).await;
    }
}

use std::{sync::Arc, time::Duration};

use crate::{
    clock::{Origin, Timestamp},
    engine::{
        dead_letter::{self, Kept},
        delivery::attempt::{Attempt, Attempted, Tried},
        delivery::consumer::{Consumer, Feed},
        delivery::incoming::{Fate, Incoming, Token},
    },
    error::Error,
    handler::{Ports, WhenExhausted},
    record::Happening,
};

/// How long is waited if what is given up on cannot be kept.
const UNKEPT: Duration = Duration::from_secs(1);

/// What becomes of what was tried.
impl Consumer {
    /// Settles what was tried: it is done with, tried again, or given up on.
    pub(in crate::engine) async fn settle(
        &mut self,
        attempt: &Attempt,
        attempted: &Attempted,
    ) -> Result<(), Error> {
        let ports = &*attempt.ports;
        let now = ports.clock.now();
        let Tried::Failed { error, is_last } = &attempted.result else {
            if !attempted.is_passed_over() {
                self.breaker.succeeded();
            }
            return self.put(ports, &attempt.incoming, Fate::Done).await;
        };
        let opens = self.breaker.failed(self.settings.circuit_breaker, now);
        if *is_last {
            self.give_up(attempt, attempted, error).await?;
        } else {
            let at = retry_at(attempt, attempted, error);
            ports.record(Some(attempted.entry), || Happening::RetryAt(at));
            let fate = Fate::Again { at, counts: true };
            self.put(ports, &attempt.incoming, fate).await?;
            self.give_back_stream(ports, &attempt.incoming, at).await?;
        }
        if opens {
            tracing::warn!(subscription = &*self.name, "circuit breaker opened");
            self.give_back_all(ports, self.breaker.is_open(now)).await?;
        }
        Ok(())
    }

    async fn give_up(
        &mut self,
        attempt: &Attempt,
        attempted: &Attempted,
        error: &Error,
    ) -> Result<(), Error> {
        let (ports, incoming) = (&*attempt.ports, &attempt.incoming);
        let is_kept = attempt.when_exhausted == WhenExhausted::DeadLetter;
        if is_kept {
            let id = match &incoming.token {
                Token::Replayed(id) => Arc::clone(id),
                _ => dead_letter::id_of(&self.name, &incoming.envelope),
            };
            let now = ports.clock.now();
            let kept = Kept {
                subscription: self.name.to_string(),
                handler: attempted.handler.to_owned(),
                metadata: incoming.envelope.metadata.clone(),
                message: incoming.envelope.message.as_json().to_owned(),
                reason: error.with_causes().to_string(),
                attempts: incoming.attempt,
                failed_at: now,
                is_replayed: false,
                attempt: 1,
                due: now,
            };
            if let Err(err) = dead_letter::write(ports, &id, Some(&kept)).await {
                // Better once more than lost.
                let reason = err.with_causes();
                tracing::error!(subscription = &*self.name, error = %reason, "a dead letter could not be kept");
                let at = now + UNKEPT;
                let fate = Fate::Again { at, counts: false };
                self.put(ports, incoming, fate).await?;
                return self.give_back_stream(ports, incoming, at).await;
            }
        }
        let (handler, attempts) = (attempted.handler, incoming.attempt);
        tracing::error!(handler, attempts, is_kept, "gave up on a message");
        ports.record_of(incoming.envelope.metadata.id, || Happening::GivenUp {
            handler,
            attempts,
            is_kept,
        });
        match incoming.token {
            // It stays where it is.
            Token::Replayed(_) if is_kept => Ok(()),
            _ => self.put(ports, incoming, Fate::Done).await,
        }
    }

    /// Says what becomes of a message where it came from.
    pub(in crate::engine) async fn put(
        &mut self,
        ports: &Ports,
        incoming: &Incoming,
        fate: Fate,
    ) -> Result<(), Error> {
        match (&incoming.token, &mut self.feed) {
            (Token::Handed(handed), Feed::Broker(feed)) => feed.settle(ports, handed, fate).await,
            (Token::Stored(position), Feed::Store(feed)) => {
                feed.settle(ports, *position, fate).await
            }
            // Nobody was told that it was taken, so that it need not be given back; another engine may
            // have it by now.
            (Token::Replayed(_), _) if matches!(fate, Fate::Again { counts: false, .. }) => Ok(()),
            (Token::Replayed(id), _) => dead_letter::settle(ports, id, fate).await,
            _ => Ok(()),
        }
    }

    /// Gives back what was handed out behind a message that is tried again `at` a time. It is not due
    /// before, or it would hide when the stream goes on.
    pub(in crate::engine) async fn give_back_stream(
        &mut self,
        ports: &Ports,
        failed: &Incoming,
        at: Timestamp,
    ) -> Result<(), Error> {
        if !self.settings.ordered || matches!(failed.token, Token::Replayed(_)) {
            return Ok(());
        }
        let mut idx = 0;
        while idx < self.ready.len() {
            if self.ready[idx].shares_stream(failed)
                && let Some(later) = self.ready.remove(idx)
            {
                let fate = Fate::Again { at, counts: false };
                self.put(ports, &later, fate).await?;
            } else {
                idx += 1;
            }
        }
        Ok(())
    }

    /// Gives back everything that was not tried.
    pub(in crate::engine) async fn give_back_all(
        &mut self,
        ports: &Ports,
        until: Option<Timestamp>,
    ) -> Result<(), Error> {
        let at = until.unwrap_or_else(|| ports.clock.now());
        while let Some(incoming) = self.ready.pop_front() {
            let fate = Fate::Again { at, counts: false };
            self.put(ports, &incoming, fate).await?;
        }
        Ok(())
    }
}

/// When an attempt that failed is followed by the next.
fn retry_at(attempt: &Attempt, attempted: &Attempted, error: &Error) -> Timestamp {
    let now = attempt.ports.clock.now();
    if error.is_conflict() {
        return now;
    }
    let incoming = &attempt.incoming;
    let message = incoming.envelope.metadata.id.as_uuid();
    let origin = Origin::new(Some(message), attempted.handler, incoming.attempt, u32::MAX);
    let (_, chance) = attempt.ports.ids.make(origin).as_u64_pair();
    now + attempt.retry.delay_after(incoming.attempt, chance)
}

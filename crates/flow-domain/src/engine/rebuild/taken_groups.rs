use std::sync::Arc;

use crate::{
    engine::{
        dead_letter,
        delivery::consumer::{Consumer, Consumers, Target},
        outbox_backlog::OutboxBacklog,
    },
    error::Error,
    handler::Ports,
    message::Position,
    port::{LedgerWrite, OutboxRow},
};

/// The groups of the projectors that are rebuilt, taken away from the engines.
///
/// Their engines cannot commit, until the groups are given back.
pub(super) struct TakenGroups {
    /// The indices of the projectors in the catalog.
    projector_idxs: Vec<usize>,
    /// Those projectors that engines run.
    consumers: Consumers,
}

impl TakenGroups {
    /// Names the groups of these subscriptions. Nothing is taken yet.
    pub(super) fn new(ports: &Ports, subscriptions: &[usize]) -> Self {
        let member: Arc<str> = "rebuild".into();
        let is_wanted = |consumer: &Consumer| matches!(consumer.target, Target::Events(idx) if subscriptions.contains(&idx));
        // Without a broker, no engine works for a group that reads one.
        let can_be_read = |consumer: &Consumer| consumer.reads_store() || ports.broker.is_some();

        let consumers = Consumer::all(&ports.catalog, &member)
            .into_iter()
            .filter(|consumer| is_wanted(consumer) && can_be_read(consumer));
        Self {
            projector_idxs: subscriptions.to_vec(),
            consumers: consumers.collect(),
        }
    }

    pub(super) async fn take(&mut self, ports: &Ports) -> Result<(), Error> {
        for consumer in &mut self.consumers {
            consumer.take_over(ports).await?;
        }

        Ok(())
    }

    /// Lets the engines go on. Without this call they go on when the leases end.
    pub(super) async fn give_back(mut self, ports: &Ports) {
        for consumer in &mut self.consumers {
            // The rebuild has saved the ledgers, so nothing of this consumer may be saved.
            if let Err(err) = consumer.release_all(ports).await {
                let group = &*consumer.name;
                tracing::warn!(group, error = %err.with_causes(), "a rebuild cannot release its leases");
            }
        }
    }

    /// Fails if an event that is stored already would be delivered to a group a second time.
    ///
    /// The place in a broker says nothing about the place in the event store. So a group that reads a
    /// broker must have read everything.
    pub(super) async fn require_nothing_waits(&self, ports: &Ports) -> Result<(), Error> {
        for consumer in &self.consumers {
            let n_replays = dead_letter::find_replayed(ports, Some(&consumer.name))
                .await?
                .len();
            if 0 < n_replays {
                return Err(replays_waiting(consumer, n_replays));
            }
        }

        let outbox = OutboxBacklog::load(ports).await?;
        let is_projected = |mark: &&OutboxRow| {
            let mut projectors = self.projector_idxs.iter();
            projectors.any(|idx| ports.catalog.route_in(*idx, &mark.envelope).is_some())
        };
        let marks = outbox.inline.iter().chain(&outbox.cut_off);
        match marks.filter(is_projected).count() {
            0 => {}
            n_inline => return Err(inline_waiting(n_inline)),
        }

        let from_broker = self
            .consumers
            .iter()
            .filter(|consumer| !consumer.reads_store());
        for consumer in from_broker {
            let is_wanted = |row: &&OutboxRow| consumer.feed.reads(&row.envelope);
            let n_unsent = outbox.waiting.iter().filter(is_wanted).count();
            let (_, n_unsettled) = consumer.backlog(ports, &[]).await?;

            if 0 < n_unsent + n_unsettled {
                return Err(events_waiting(consumer, n_unsent + n_unsettled));
            }
        }

        Ok(())
    }

    /// Makes the ledgers for which everything up to `position` is done.
    pub(super) fn ledgers_at(&self, position: Position) -> Vec<LedgerWrite> {
        let ledgers = self.consumers.iter();
        ledgers
            .flat_map(|consumer| consumer.ledgers_at(position))
            .collect()
    }

    /// Returns the consumers of the groups.
    pub(super) fn consumers(&self) -> impl Iterator<Item = &Consumer> {
        self.consumers.iter().map(Box::as_ref)
    }
}

fn replays_waiting(consumer: &Consumer, n: usize) -> Error {
    let (letters, wait, them) = match n {
        1 => ("dead letter", "waits", "it"),
        _ => ("dead letters", "wait", "them"),
    };

    Error::events_waiting(format!(
        "the rebuild changed no row: {n} {letters} of `{}` {wait} to be delivered again; \
         let an engine deliver {them} first",
        consumer.name,
    ))
}

fn inline_waiting(n: usize) -> Error {
    let (events, them) = match n {
        1 => ("event is", "it"),
        _ => ("events are", "them"),
    };

    Error::events_waiting(format!(
        "the rebuild changed no row: {n} {events} handled inline, and that has not ended or was cut off; \
         let `App::process_due` or an engine handle {them} first"
    ))
}

fn events_waiting(consumer: &Consumer, n: usize) -> Error {
    let (events, them) = match n {
        1 => ("event is on its way", "it"),
        _ => ("events are on their way", "them"),
    };

    Error::events_waiting(format!(
        "the rebuild changed no row: {n} {events} to `{}` through the broker; let an engine deliver \
         {them} first, or let the projector read the event store with `.source(Source::EventStore)`",
        consumer.name,
    ))
}

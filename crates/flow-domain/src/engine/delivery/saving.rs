use std::collections::BTreeMap;

use crate::{
    engine::delivery::{
        consumer::Consumer,
        incoming::Origin,
        ledger_row::{LedgerRow, OpenMessage, TopicProgress},
        queue::{MessageState, QueueKey},
    },
    error::Error,
    handler::Ports,
    message::Position,
    port::{Changes, Durability, LedgerWrite, StartFrom},
};

/// Ledgers: what is saved of the work of this engine.
impl Consumer {
    /// Saves what the next owner must know if the message that was just started kills this process.
    pub(super) async fn save_before_attempt(
        &mut self,
        ports: &Ports,
        origin: &Origin,
    ) -> Result<(), Error> {
        let Origin::Partition {
            partition: index, ..
        } = *origin
        else {
            return Ok(());
        };
        let Some(partition) = self.partition(index) else {
            return Ok(());
        };
        if 0 < partition.n_quarantined {
            self.mark_touched(origin);
        } else if !partition.saves_first {
            return Ok(());
        }

        let mut changes = Changes::new("the engine");
        changes.ledgers.extend(self.ledger(index, None));
        ports.store.commit(&changes).await?;

        if let Some(partition) = self.partition_mut(index) {
            partition.saves_first = false;
        }
        Ok(())
    }

    /// Returns true if there is something to save.
    pub(in crate::engine) fn has_unsaved(&self) -> bool {
        self.partitions.iter().any(|partition| partition.is_unsaved)
    }

    /// Returns the ledgers that have changed since they were saved.
    pub(in crate::engine) fn unsaved_ledgers(&self) -> impl Iterator<Item = LedgerWrite> {
        let unsaved = self
            .partitions
            .iter()
            .filter(|partition| partition.is_unsaved);
        unsaved.filter_map(|partition| self.ledger(partition.index, None))
    }

    pub(in crate::engine) fn mark_saved(&mut self) {
        for partition in &mut self.partitions {
            partition.is_unsaved = false;
        }
    }

    /// Saves the ledgers that changed. A lost save costs a repetition, so it need not be durable.
    pub(in crate::engine) async fn save(&mut self, ports: &Ports) -> Result<(), Error> {
        let mut changes = Changes::new("the engine");
        changes.ledgers.extend(self.unsaved_ledgers());
        changes.durability = Durability::Relaxed;
        if !changes.ledgers.is_empty() {
            ports.store.commit(&changes).await?;
            self.mark_saved();
        }

        Ok(())
    }

    /// Makes the ledgers of a group for which everything up to `position` of the event store is done.
    ///
    /// The ledgers of a group that reads a broker stay as they are. Writing them checks the fences.
    pub(in crate::engine) fn ledgers_at(
        &self,
        position: Position,
    ) -> impl Iterator<Item = LedgerWrite> {
        let row = LedgerRow {
            topics: vec![TopicProgress {
                topic: self.feed.topic_name(0),
                read: position.as_u64(),
                open: Vec::new(),
            }],
            n_deaths: 0,
        };
        let done = self.reads_store().then(|| row.encode());

        self.partitions.iter().filter_map(move |partition| {
            let mut ledger = self.ledger(partition.index, None)?;
            if let Some(done) = &done {
                ledger.value = done.clone();
            }
            Some(ledger)
        })
    }

    /// Makes the ledger of a partition; `None` if this engine does not own it.
    ///
    /// `settled` counts as settled already. In quarantine, what is in flight counts as tried.
    pub(super) fn ledger(&self, index: u32, settled: Option<QueueKey>) -> Option<LedgerWrite> {
        let (partition, fence) = (self.partition(index)?, self.fence(Some(index))?);

        let is_tried =
            |state: &MessageState| 0 < partition.n_quarantined && *state == MessageState::InFlight;

        // The place of the first message of each topic that nobody has touched, and the open ones before.
        let mut topics: BTreeMap<usize, (Option<u64>, Vec<OpenMessage>)> = BTreeMap::new();
        for (key, message) in self.queue.iter() {
            let Origin::Partition {
                topic,
                partition,
                place,
            } = message.incoming.origin
            else {
                continue;
            };
            if partition != index || settled == Some(key) {
                continue;
            }

            let (first_untouched, open) = topics.entry(topic).or_default();
            let touched = self.touched.get(&(index, topic)).copied();
            if touched.is_none_or(|touched| touched < place) {
                first_untouched.get_or_insert(place);
                continue;
            }
            open.push(OpenMessage {
                place,
                attempt: message.incoming.attempt + u32::from(is_tried(&message.state)),
                due: match message.state {
                    MessageState::Waiting { due, .. } => Some(due),
                    _ => None,
                },
            });
        }

        let mut row = LedgerRow {
            n_deaths: partition.n_deaths,
            ..LedgerRow::default()
        };
        for cursor in &self.cursors {
            if cursor.partition != index {
                continue;
            }
            let (first_untouched, open) = topics.remove(&cursor.topic).unwrap_or_default();
            let read = first_untouched.map_or(cursor.place, |place| place - 1);
            if 0 < read || self.settings.start == StartFrom::Now {
                let topic = self.feed.topic_name(cursor.topic);
                row.topics.push(TopicProgress { topic, read, open });
            }
        }

        let value = row.encode();
        Some(LedgerWrite { fence, value })
    }
}

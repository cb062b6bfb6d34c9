use std::sync::Arc;

use crate::{
    adapter::memory::{
        broker::{
            recent_ids::RecentIds,
            topic_log::{LogEntry, TopicLog},
        },
        small_map::SmallMap,
    },
    port::{Cursor, LogMessage, Publication, Topic},
};

/// All data of a broker, without the lock. A clone shares the published messages.
#[derive(Clone, Debug, Default)]
pub(super) struct BrokerState {
    // Invariant: each topic maps to the index of its log in `logs`. A topic is never removed. There are
    // few topics, because an application has few categories.
    log_indices: Arc<SmallMap<Topic, usize>>,
    logs: Vec<TopicLog>,
    recent_ids: RecentIds,
    // One counter for all topics. So places give the order of publication across all of them, which the
    // test engine follows.
    last_place: u64,
}

impl BrokerState {
    pub(super) fn publish(&mut self, publication: &Publication, n_partitions: u32) {
        let Publication { topic, envelope } = publication;
        if !self.recent_ids.insert(envelope.metadata.id) {
            return;
        }

        let log_idx = self.log_idx_or_create(topic);
        self.last_place += 1;
        self.logs[log_idx].push(LogEntry {
            place: self.last_place,
            partition: envelope.metadata.stream.partition(n_partitions),
            envelope: Arc::clone(envelope),
        });
    }

    /// Reads messages of all topics in the order of publication, and moves the cursors.
    pub(super) fn read(
        &self,
        topics: &[Topic],
        cursors: &mut [Cursor],
        limit: usize,
    ) -> Vec<LogMessage> {
        let mut found = Vec::new();
        if self.are_at_end(cursors) {
            return found;
        }
        for (topic, cursors) in by_topic(cursors) {
            if let Some(log) = self.log(topics, topic) {
                found.extend(messages_after(log, topic, cursors).take(limit));
            }
        }

        found.sort_unstable_by_key(|message: &LogMessage| message.place);
        // After a full read, the rest of a topic is unread from the last place on.
        let end = if found.len() < limit {
            self.last_place
        } else {
            found.truncate(limit);
            found.last().map_or(0, |last| last.place)
        };
        for cursor in cursors {
            cursor.place = cursor.place.max(end);
        }

        found
    }

    pub(super) fn read_at(&self, topic: &Topic, places: &[u64]) -> Vec<LogMessage> {
        let Some(log) = self.log(std::slice::from_ref(topic), 0) else {
            return Vec::new();
        };
        let read = |place: &u64| {
            let entry = log.get(log.index_after(place.checked_sub(1)?))?;
            (entry.place == *place).then(|| to_message(0, entry))
        };

        places.iter().filter_map(read).collect()
    }

    pub(super) fn count_after(&self, topics: &[Topic], cursors: &[Cursor]) -> usize {
        if self.are_at_end(cursors) {
            return 0;
        }
        by_topic(cursors)
            .filter_map(|(topic, cursors)| {
                let log = self.log(topics, topic)?;
                Some(messages_after(log, topic, cursors).count())
            })
            .sum()
    }

    /// Returns true if nothing was published since the cursors were moved. It is so for most reads.
    fn are_at_end(&self, cursors: &[Cursor]) -> bool {
        cursors.iter().all(|cursor| self.last_place <= cursor.place)
    }

    pub(super) fn last_place(&self) -> u64 {
        self.last_place
    }

    /// Discards the oldest messages of a topic, up to the first that is after its floor.
    pub(super) fn trim(&mut self, topic: &Topic, floors: &[Cursor]) -> usize {
        let Some(log_idx) = self.log_indices.get(topic).copied() else {
            return 0;
        };

        let log = &mut self.logs[log_idx];
        let is_needed = |idx: &usize| {
            log.get(*idx)
                .is_some_and(|entry| is_after(floors, entry).unwrap_or(true))
        };
        let first_to_keep = (log.first()..log.end()).find(is_needed);
        log.discard_before(first_to_keep.unwrap_or(log.end()))
    }

    fn log(&self, topics: &[Topic], topic: usize) -> Option<&TopicLog> {
        let topic = topics.get(topic)?;
        Some(&self.logs[*self.log_indices.get(topic)?])
    }

    fn log_idx_or_create(&mut self, topic: &Topic) -> usize {
        if let Some(idx) = self.log_indices.get(topic) {
            return *idx;
        }

        let idx = self.logs.len();
        self.logs.push(TopicLog::default());
        Arc::make_mut(&mut self.log_indices).insert_new(topic.clone(), idx);
        idx
    }
}

/// Groups sorted cursors by topic.
fn by_topic(cursors: &[Cursor]) -> impl Iterator<Item = (usize, &[Cursor])> {
    cursors
        .chunk_by(|left, right| left.topic == right.topic)
        .map(|cursors| (cursors[0].topic, cursors))
}

/// Iterates over the messages of a topic that are after its cursors.
fn messages_after(
    log: &TopicLog,
    topic: usize,
    cursors: &[Cursor],
) -> impl Iterator<Item = LogMessage> {
    let start = cursors.iter().map(|cursor| cursor.place).min();
    let first = start.map_or(log.end(), |place| log.index_after(place));

    (first..log.end())
        .filter_map(|idx| log.get(idx))
        .filter(|entry| is_after(cursors, entry).unwrap_or(false))
        .map(move |entry| to_message(topic, entry))
}

/// Returns whether a message is after the cursor of its partition; `None` if there is no such cursor.
fn is_after(cursors: &[Cursor], entry: &LogEntry) -> Option<bool> {
    let idx = cursors
        .binary_search_by_key(&entry.partition, |cursor| cursor.partition)
        .ok()?;
    Some(cursors[idx].place < entry.place)
}

fn to_message(topic: usize, entry: &LogEntry) -> LogMessage {
    let LogEntry {
        place,
        partition,
        envelope,
    } = entry;
    LogMessage::new(topic, *partition, *place, Arc::clone(envelope))
}

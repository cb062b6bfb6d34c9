use std::{collections::VecDeque, sync::Arc};

use crate::message::Envelope;

/// A message with its place.
#[derive(Clone, Debug)]
pub(super) struct LogEntry {
    /// The place. It grows over all topics.
    pub(super) place: u64,
    pub(super) partition: u32,
    pub(super) envelope: Arc<Envelope>,
}

/// The messages of one topic, in the order of publication.
///
/// The index of a message is the number of messages that were published to the topic before it.
/// Therefore a cursor stays valid when the oldest messages are discarded.
#[derive(Clone, Debug, Default)]
pub(super) struct TopicLog {
    // A clone shares the chunks. After that, each log appends to a new chunk. Small chunks are
    // merged. A message is copied about once each time its chunk doubles in size.
    // Invariant: the chunks follow one another without gaps.
    chunks: Vec<Chunk>,
    // The index of the first message that is not discarded.
    // Invariant: no caller uses a lower index. `first` is not greater than `end`.
    first: usize,
    // Invariant: the index after the last published message, where the last chunk ends.
    end: usize,
}

#[derive(Clone, Debug)]
struct Chunk {
    /// The index of the first entry.
    first: usize,
    entries: Arc<VecDeque<LogEntry>>,
}

impl TopicLog {
    /// Returns the index of the oldest stored message.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// Returns the index of the next message to be published.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    pub(super) fn push(&mut self, entry: LogEntry) {
        self.end += 1;
        if let Some(entries) = self.unshared_last_chunk() {
            entries.push_back(entry);
            return;
        }

        self.merge_last_chunks();
        self.chunks.push(Chunk {
            first: self.end - 1,
            entries: Arc::new(VecDeque::from([entry])),
        });
    }

    pub(super) fn get(&self, index: usize) -> Option<&LogEntry> {
        // Callers nearly always ask for an index at the end, or after it. So the search starts
        // with the last chunk.
        let chunk = self.chunks.iter().rfind(|chunk| chunk.first <= index)?;
        chunk.entries.get(index - chunk.first)
    }

    /// Returns the index of the first message after `place`.
    pub(super) fn index_after(&self, place: u64) -> usize {
        // The message is in the last chunk that starts at or before the place, or right after that chunk.
        let is_before = |entry: Option<&LogEntry>| entry.is_some_and(|entry| entry.place <= place);
        let n_chunks_before = self
            .chunks
            .partition_point(|chunk| is_before(chunk.entries.front()));
        let Some(chunk) = n_chunks_before
            .checked_sub(1)
            .and_then(|idx| self.chunks.get(idx))
        else {
            return self.first;
        };

        let n_entries_before = chunk.entries.partition_point(|entry| entry.place <= place);
        chunk.first + n_entries_before
    }

    /// Discards the messages before the index `first`, and returns their number.
    pub(super) fn discard_before(&mut self, first: usize) -> usize {
        let n_discarded = first.saturating_sub(self.first);
        self.first += n_discarded;
        self.chunks
            .retain(|chunk| self.first < chunk.first + chunk.entries.len());

        // A shared chunk stays whole, because a clone may still need all of its messages.
        if let Some(chunk) = self.chunks.first_mut()
            && let Some(entries) = Arc::get_mut(&mut chunk.entries)
        {
            let n_unused = self.first.saturating_sub(chunk.first);
            entries.drain(..n_unused);
            chunk.first += n_unused;
            if entries.len() < entries.capacity() / 4 {
                entries.shrink_to(2 * entries.len());
            }
        }

        n_discarded
    }

    /// Returns the entries of the last chunk, if no clone shares it.
    fn unshared_last_chunk(&mut self) -> Option<&mut VecDeque<LogEntry>> {
        let last = self.chunks.last_mut()?;
        Arc::get_mut(&mut last.entries)
    }

    /// Merges the last chunks until each chunk is more than twice as long as the next one.
    fn merge_last_chunks(&mut self) {
        while let [.., left, right] = &mut self.chunks[..]
            && left.entries.len() <= 2 * right.entries.len()
        {
            let entries = right.entries.iter().cloned();
            Arc::make_mut(&mut left.entries).extend(entries);
            self.chunks.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::contract::fixture::event;

    fn log_with(places: impl IntoIterator<Item = u64>) -> TopicLog {
        let mut log = TopicLog::default();
        push(&mut log, places);
        log
    }

    fn push(log: &mut TopicLog, places: impl IntoIterator<Item = u64>) {
        for place in places {
            let envelope = event("order-1", 0);
            log.push(LogEntry {
                place,
                partition: 0,
                envelope,
            });
        }
    }

    fn places(log: &TopicLog) -> Vec<u64> {
        (log.first()..log.end())
            .filter_map(|index| log.get(index))
            .map(|entry| entry.place)
            .collect()
    }

    #[test]
    fn log_clones_share_chunks_and_diverge() {
        let mut log = log_with([1, 2]);

        let mut clone = log.clone();
        push(&mut log, [3]);
        push(&mut clone, [4, 5]);

        assert_eq!(places(&log), [1, 2, 3]);
        assert_eq!(places(&clone), [1, 2, 4, 5]);
        assert!(Arc::ptr_eq(
            &log.chunks[0].entries,
            &clone.chunks[0].entries
        ));
    }

    #[test]
    fn log_cloned_after_each_message_has_few_chunks() {
        let mut log = TopicLog::default();

        let clones: Vec<TopicLog> = (0..1_000)
            .map(|place| {
                push(&mut log, [place]);
                log.clone()
            })
            .collect();

        assert!(
            log.chunks.len() <= 10,
            "expected at most 10 chunks, found {}",
            log.chunks.len()
        );
        assert_eq!(places(&log), (0..1_000).collect::<Vec<_>>());
        assert_eq!(places(&clones[499]), (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn discard_frees_memory_unless_a_clone_shares_it() {
        let mut log = log_with(0..10);
        let clone = log.clone();
        push(&mut log, 10..20);

        assert_eq!(log.discard_before(5), 5);
        assert_eq!(log.chunks[0].entries.len(), 10);
        assert_eq!(log.discard_before(15), 10);
        assert_eq!(log.chunks[0].entries.len(), 5);

        assert_eq!(places(&log), [15, 16, 17, 18, 19]);
        assert_eq!(places(&clone), (0..10).collect::<Vec<_>>());
        assert_eq!(log.discard_before(3), 0);
    }

    #[test]
    fn discard_gives_memory_back() {
        let mut log = log_with(0..1_000);

        log.discard_before(990);

        assert!(log.chunks[0].entries.capacity() < 100);
        assert_eq!(places(&log), (990..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn index_is_found_by_place() {
        let mut log = log_with([10, 20]);
        // While a clone shares the first chunk, the log appends to a second one.
        let _clone = log.clone();
        push(&mut log, [30, 40]);

        assert_eq!(log.index_after(9), 0);
        assert_eq!(log.index_after(10), 1);
        assert_eq!(log.index_after(25), 2);
        assert_eq!(log.index_after(30), 3);
        assert_eq!(log.index_after(40), 4);

        log.discard_before(3);
        assert_eq!(log.index_after(10), 3);
    }
}

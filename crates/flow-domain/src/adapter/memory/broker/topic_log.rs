use std::{collections::VecDeque, sync::Arc};

use crate::{message::Envelope, port::Topic};

/// A message with its place.
#[derive(Clone, Debug)]
pub(super) struct LogEntry {
    pub(super) offset: u64,
    pub(super) envelope: Arc<Envelope>,
}

/// The messages of one topic, in the order of publication.
///
/// An index counts all that were ever published to the topic, so that a cursor stays right when the
/// first of them are forgotten.
#[derive(Clone, Debug)]
pub(super) struct TopicLog {
    topic: Topic,
    // A clone shares the chunks, and each half goes on with a chunk of its own. With a list of them
    // a message is copied into a larger chunk only as often as the size doubles.
    // Invariant: they follow one another without gaps.
    chunks: Vec<Chunk>,
    // Invariant: no index below this is asked for; it is not greater than `end`.
    first: usize,
    // Invariant: where the last chunk ends.
    end: usize,
}

#[derive(Clone, Debug)]
struct Chunk {
    first: usize,
    entries: Arc<VecDeque<LogEntry>>,
}

impl TopicLog {
    pub(super) fn new(topic: Topic) -> Self {
        Self {
            topic,
            chunks: Vec::new(),
            first: 0,
            end: 0,
        }
    }

    pub(super) fn topic(&self) -> &Topic {
        &self.topic
    }

    /// The index of the oldest message that is kept.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// The index that the next message will have.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    pub(super) fn push(&mut self, entry: LogEntry) {
        self.end += 1;
        if let Some(own) = self.unshared_last_chunk() {
            own.push_back(entry);
            return;
        }

        self.merge_last_chunks();
        self.chunks.push(Chunk {
            first: self.end - 1,
            entries: Arc::new(VecDeque::from([entry])),
        });
    }

    pub(super) fn get(&self, index: usize) -> Option<&LogEntry> {
        // Nearly all that is asked for is at the end, or after it.
        let chunk = self.chunks.iter().rfind(|chunk| chunk.first <= index)?;
        chunk.entries.get(index - chunk.first)
    }

    /// The index of the first message that has this place or a later one.
    pub(super) fn index_at_offset(&self, place: u64) -> usize {
        let is_before = |entry: Option<&LogEntry>| entry.is_some_and(|entry| entry.offset < place);
        let n_before = self
            .chunks
            .partition_point(|chunk| is_before(chunk.entries.front()));
        let Some(chunk) = n_before.checked_sub(1).and_then(|at| self.chunks.get(at)) else {
            return self.first;
        };

        let within = chunk.entries.partition_point(|entry| entry.offset < place);
        chunk.first + within
    }

    /// Forgets what comes before the index `first`, and returns how many that are.
    pub(super) fn discard_before(&mut self, first: usize) -> usize {
        let n_forgotten = first.saturating_sub(self.first);
        self.first += n_forgotten;
        self.chunks
            .retain(|chunk| self.first < chunk.first + chunk.entries.len());

        // What is shared stays as it is: somebody else may not have forgotten it.
        if let Some(chunk) = self.chunks.first_mut()
            && let Some(entries) = Arc::get_mut(&mut chunk.entries)
        {
            let n_dead = self.first.saturating_sub(chunk.first);
            entries.drain(..n_dead);
            chunk.first += n_dead;
        }

        n_forgotten
    }

    /// The last chunk, if no clone shares it.
    fn unshared_last_chunk(&mut self) -> Option<&mut VecDeque<LogEntry>> {
        let last = self.chunks.last_mut()?;
        Arc::get_mut(&mut last.entries)
    }

    /// Joins the last chunks, so that each is more than twice as long as the next.
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
    use crate::{adapter::memory::broker::tests::ORDER, port::contract::fixture::event};

    fn log_with(places: impl IntoIterator<Item = u64>) -> TopicLog {
        let mut log = TopicLog::new(ORDER);
        push(&mut log, places);
        log
    }

    fn push(log: &mut TopicLog, places: impl IntoIterator<Item = u64>) {
        for place in places {
            let envelope = event("order-1", 0);
            log.push(LogEntry {
                offset: place,
                envelope,
            });
        }
    }

    fn offsets(log: &TopicLog) -> Vec<u64> {
        (log.first()..log.end())
            .filter_map(|index| log.get(index))
            .map(|entry| entry.offset)
            .collect()
    }

    #[test]
    fn log_clones_share_chunks_and_diverge() {
        let mut one = log_with([1, 2]);

        let mut other = one.clone();
        push(&mut one, [3]);
        push(&mut other, [4, 5]);

        assert_eq!(offsets(&one), [1, 2, 3]);
        assert_eq!(offsets(&other), [1, 2, 4, 5]);
        assert!(Arc::ptr_eq(
            &one.chunks[0].entries,
            &other.chunks[0].entries
        ));
    }

    #[test]
    fn log_cloned_after_each_message_has_few_chunks() {
        let mut one = TopicLog::new(ORDER);

        let clones: Vec<TopicLog> = (0..1_000)
            .map(|place| {
                push(&mut one, [place]);
                one.clone()
            })
            .collect();

        assert!(one.chunks.len() <= 10, "{} chunks", one.chunks.len());
        assert_eq!(offsets(&one), (0..1_000).collect::<Vec<_>>());
        assert_eq!(offsets(&clones[499]), (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn discard_frees_memory_unless_a_clone_shares_it() {
        let mut one = log_with(0..10);
        let clone = one.clone();

        push(&mut one, 10..20);

        assert_eq!(one.discard_before(5), 5);
        assert_eq!(one.chunks[0].entries.len(), 10);
        assert_eq!(one.discard_before(15), 10);
        assert_eq!(one.chunks[0].entries.len(), 5);

        assert_eq!(offsets(&one), [15, 16, 17, 18, 19]);
        assert_eq!(offsets(&clone), (0..10).collect::<Vec<_>>());
        assert_eq!(one.discard_before(3), 0);
    }

    #[test]
    fn index_is_found_by_offset() {
        let mut log = log_with([10, 20]);
        let _clone = log.clone();

        push(&mut log, [30, 40]);

        assert_eq!(log.index_at_offset(10), 0);
        assert_eq!(log.index_at_offset(20), 1);
        assert_eq!(log.index_at_offset(25), 2);
        assert_eq!(log.index_at_offset(40), 3);
        assert_eq!(log.index_at_offset(41), 4);
        log.discard_before(3);
        assert_eq!(log.index_at_offset(10), 3);
    }
}

use std::sync::Arc;

use crate::{
    adapter::memory::{
        broker::{
            group::Group,
            topic_log::{LogEntry, TopicLog},
        },
        small_map::SmallMap,
    },
    port::{Publication, StartFrom, Topic},
};

/// All that a broker keeps, as plain data. A clone shares what was published.
#[derive(Clone, Debug, Default)]
pub(super) struct BrokerState {
    // Invariant: each topic has the rank of its log. There are no more topics than an application has
    // categories, and none of them ever goes.
    log_indices: Arc<SmallMap<Topic, usize>>,
    logs: Vec<TopicLog>,
    // Invariant: each name has the rank of its group.
    group_indices: Arc<SmallMap<Arc<str>, usize>>,
    groups: Vec<Group>,
    // One count for all topics, so that places tell the order between them.
    last_offset: u64,
}

impl BrokerState {
    pub(super) fn publish(&mut self, publication: &Publication) {
        let rank = self.log_idx_or_create(&publication.topic);
        self.last_offset += 1;
        self.logs[rank].push(LogEntry {
            offset: self.last_offset,
            envelope: Arc::clone(&publication.envelope),
        });
    }

    pub(super) fn subscribe(&mut self, group: &str, topics: &[Topic], start: StartFrom) {
        let group = self.group_idx_or_create(group);
        for topic in topics {
            let rank = self.log_idx_or_create(topic);
            self.groups[group].subscribe(rank, &self.logs[rank], start);
        }
    }

    pub(super) fn group(&self, name: &str) -> Option<(&Group, &[TopicLog])> {
        let rank = self.group_indices.get(name)?;
        Some((&self.groups[*rank], &self.logs))
    }

    pub(super) fn group_mut(&mut self, name: &str) -> Option<(&mut Group, &[TopicLog])> {
        let rank = self.group_indices.get(name)?;
        Some((&mut self.groups[*rank], &self.logs))
    }

    pub(super) fn trim(&mut self, topic: &Topic, keep: usize) -> usize {
        let Some(rank) = self.log_indices.get(topic).copied() else {
            return 0;
        };

        let log = &self.logs[rank];
        let groups = self.groups.iter();
        let first = groups
            .filter_map(|group| group.first_unfinished(rank, log))
            .chain([log.end().saturating_sub(keep)])
            .min();

        self.logs[rank].discard_before(first.unwrap_or(0))
    }

    fn log_idx_or_create(&mut self, topic: &Topic) -> usize {
        if let Some(rank) = self.log_indices.get(topic) {
            return *rank;
        }
        let rank = self.logs.len();
        self.logs.push(TopicLog::new(topic.clone()));
        Arc::make_mut(&mut self.log_indices).insert_new(topic.clone(), rank);
        rank
    }

    fn group_idx_or_create(&mut self, name: &str) -> usize {
        if let Some(rank) = self.group_indices.get(name) {
            return *rank;
        }
        let rank = self.groups.len();
        self.groups.push(Group::default());
        Arc::make_mut(&mut self.group_indices).insert_new(name.into(), rank);
        rank
    }
}

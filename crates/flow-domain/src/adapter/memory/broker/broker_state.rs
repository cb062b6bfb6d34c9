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

/// All data of a broker, without the lock. A clone shares the published messages.
#[derive(Clone, Debug, Default)]
pub(super) struct BrokerState {
    // Invariant: each topic maps to the index of its log in `logs`. A topic is never removed. There are
    // few topics, because an application has few categories.
    log_indices: Arc<SmallMap<Topic, usize>>,
    logs: Vec<TopicLog>,
    // Invariant: each name maps to the index of its group in `groups`.
    group_indices: Arc<SmallMap<Arc<str>, usize>>,
    groups: Vec<Group>,
    // One counter for all topics, because offsets give the order across topics.
    last_offset: u64,
}

impl BrokerState {
    pub(super) fn publish(&mut self, publication: &Publication) {
        let log_idx = self.log_idx_or_create(&publication.topic);
        self.last_offset += 1;

        self.logs[log_idx].push(LogEntry {
            offset: self.last_offset,
            envelope: Arc::clone(&publication.envelope),
        });
    }

    pub(super) fn subscribe(&mut self, group: &str, topics: &[Topic], start: StartFrom) {
        let group_idx = self.group_idx_or_create(group);

        for topic in topics {
            let log_idx = self.log_idx_or_create(topic);
            self.groups[group_idx].subscribe(log_idx, &self.logs[log_idx], start);
        }
    }

    /// Returns a group, and all logs of the broker. The cursors of the group index these logs.
    pub(super) fn group(&self, name: &str) -> Option<(&Group, &[TopicLog])> {
        let idx = self.group_indices.get(name)?;
        Some((&self.groups[*idx], &self.logs))
    }

    /// Returns a group for writing, and all logs of the broker.
    pub(super) fn group_mut(&mut self, name: &str) -> Option<(&mut Group, &[TopicLog])> {
        let idx = self.group_indices.get(name)?;
        Some((&mut self.groups[*idx], &self.logs))
    }

    pub(super) fn trim(&mut self, topic: &Topic, keep: usize) -> usize {
        let Some(log_idx) = self.log_indices.get(topic).copied() else {
            return 0;
        };
        let log = &self.logs[log_idx];

        let first_to_keep = self
            .groups
            .iter()
            .filter_map(|group| group.first_unfinished(log_idx, log))
            .chain([log.end().saturating_sub(keep)])
            .min();

        self.logs[log_idx].discard_before(first_to_keep.unwrap_or(0))
    }

    fn log_idx_or_create(&mut self, topic: &Topic) -> usize {
        if let Some(idx) = self.log_indices.get(topic) {
            return *idx;
        }

        let idx = self.logs.len();
        self.logs.push(TopicLog::new(topic.clone()));
        Arc::make_mut(&mut self.log_indices).insert_new(topic.clone(), idx);
        idx
    }

    fn group_idx_or_create(&mut self, name: &str) -> usize {
        if let Some(idx) = self.group_indices.get(name) {
            return *idx;
        }

        let idx = self.groups.len();
        self.groups.push(Group::default());
        Arc::make_mut(&mut self.group_indices).insert_new(name.into(), idx);
        idx
    }
}

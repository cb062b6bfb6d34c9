use std::sync::Arc;

use crate::{
    adapter::memory::{
        broker::{
            group::Group,
            log::{Entry, Log},
        },
        keyed::Keyed,
    },
    port::{Publication, StartFrom, Topic},
};

/// All that a broker keeps, as plain data. A clone shares what was published.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    // Invariant: each topic has the rank of its log. There are no more topics than an application has
    // categories, and none of them ever goes.
    ranks: Arc<Keyed<Topic, usize>>,
    logs: Vec<Log>,
    // Invariant: each name has the rank of its group.
    names: Arc<Keyed<Arc<str>, usize>>,
    groups: Vec<Group>,
    // One count for all topics, so that places tell the order between them.
    last_place: u64,
}

impl State {
    pub(super) fn publish(&mut self, publication: &Publication) {
        let rank = self.rank(&publication.topic);
        self.last_place += 1;
        self.logs[rank].push(Entry {
            place: self.last_place,
            envelope: Arc::clone(&publication.envelope),
        });
    }

    pub(super) fn subscribe(&mut self, group: &str, topics: &[Topic], start: StartFrom) {
        let group = self.group_rank(group);
        for topic in topics {
            let rank = self.rank(topic);
            self.groups[group].subscribe(rank, &self.logs[rank], start);
        }
    }

    pub(super) fn group(&self, name: &str) -> Option<(&Group, &[Log])> {
        let rank = self.names.get(name)?;
        Some((&self.groups[*rank], &self.logs))
    }

    pub(super) fn group_mut(&mut self, name: &str) -> Option<(&mut Group, &[Log])> {
        let rank = self.names.get(name)?;
        Some((&mut self.groups[*rank], &self.logs))
    }

    pub(super) fn trim(&mut self, topic: &Topic, keep: usize) -> usize {
        let Some(rank) = self.ranks.get(topic).copied() else {
            return 0;
        };
        let log = &self.logs[rank];
        let groups = self.groups.iter();
        let first = groups
            .filter_map(|group| group.first_not_done(rank, log))
            .chain([log.end().saturating_sub(keep)])
            .min();
        self.logs[rank].forget(first.unwrap_or(0))
    }

    fn rank(&mut self, topic: &Topic) -> usize {
        if let Some(rank) = self.ranks.get(topic) {
            return *rank;
        }
        let rank = self.logs.len();
        self.logs.push(Log::new(topic.clone()));
        Arc::make_mut(&mut self.ranks).push(topic.clone(), rank);
        rank
    }

    fn group_rank(&mut self, name: &str) -> usize {
        if let Some(rank) = self.names.get(name) {
            return *rank;
        }
        let rank = self.groups.len();
        self.groups.push(Group::default());
        Arc::make_mut(&mut self.names).push(name.into(), rank);
        rank
    }
}

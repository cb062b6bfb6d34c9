use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    adapter::memory::{
        MemoryBroker,
        broker::tests::fixture::{ORDER, TOPICS, fork, id, publication, publish, request},
    },
    clock::{Timestamp, VirtualClock},
    port::{Backlog, Broker, ReceivedMessage, StartFrom},
};

/// The groups, and whether their reads are ordered.
const GROUPS: [(&str, bool); 3] = [("shipping", true), ("billing", true), ("audit", false)];

/// The ids of the acknowledged messages, by index of the group and by stream.
type Acknowledged = BTreeMap<(usize, String), Vec<u128>>;

/// Does the same random work with two brokers. One is never forked, the other is forked often.
struct Model {
    seed: u64,
    now: Timestamp,
    n_published: u32,
    plain: MemoryBroker,
    forked: Arc<dyn Broker>,
    acknowledged: Acknowledged,
}

impl Model {
    async fn new(seed: u64) -> Self {
        let model = Self {
            seed,
            now: VirtualClock::START,
            n_published: 0,
            plain: MemoryBroker::default(),
            forked: Arc::new(MemoryBroker::default()),
            acknowledged: Acknowledged::new(),
        };

        for (group, _) in GROUPS {
            let start = StartFrom::Beginning;
            model.plain.subscribe(group, &TOPICS, start).await.unwrap();
            model.forked.subscribe(group, &TOPICS, start).await.unwrap();
        }

        model
    }

    /// Returns a pseudo-random number below `n`.
    fn pick(&mut self, n: usize) -> usize {
        // The SplitMix64 generator: three lines, no dependency, and the same on every platform.
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);

        usize::try_from((mixed ^ (mixed >> 31)) % n as u64).unwrap()
    }

    async fn step(&mut self) {
        match self.pick(10) {
            0..3 => self.publish().await,
            3..8 => self.consume().await,
            8 => self.fork().await,
            _ => self.now = self.now + Duration::from_secs(self.pick(20) as u64),
        }
    }

    async fn publish(&mut self) {
        self.n_published += 1;
        let stream = format!("order-{}", self.pick(4));
        let topic = &TOPICS[self.pick(TOPICS.len())];
        let publications = [publication(topic, &stream, self.n_published)];

        self.plain.publish(&publications).await.unwrap();
        self.forked.publish(&publications).await.unwrap();
    }

    /// Reads messages, and acknowledges, refuses or holds each of them.
    async fn consume(&mut self) {
        let group_idx = self.pick(GROUPS.len());
        let (_, ordered) = GROUPS[group_idx];
        let limit = 1 + self.pick(5);
        let mut failed_streams = Vec::new();

        for message in self.read(group_idx, limit).await {
            let stream = message.envelope.metadata.stream.clone();
            if ordered && failed_streams.contains(&stream) {
                self.refuse(group_idx, &message, self.now, false).await;
                continue;
            }

            match self.pick(5) {
                0 => {
                    let due = self.now + Duration::from_secs(self.pick(40) as u64);
                    self.refuse(group_idx, &message, due, true).await;
                    failed_streams.push(stream);
                }
                // The consumer dies here. It holds the other messages until the lease ends.
                1 => return,
                _ => self.acknowledge(group_idx, &message).await,
            }
        }
    }

    async fn read(&mut self, group_idx: usize, limit: usize) -> Vec<ReceivedMessage> {
        let (name, ordered) = GROUPS[group_idx];
        let request = request(name, ordered, self.now, limit);

        let plain = self.plain.read(&request).await.unwrap();
        let forked = self.forked.read(&request).await.unwrap();

        assert_eq!(plain, forked, "the fork must return the same messages");
        plain
    }

    async fn acknowledge(&mut self, group_idx: usize, message: &ReceivedMessage) {
        let (name, _) = GROUPS[group_idx];
        self.plain.acknowledge(name, message).await.unwrap();
        self.forked.acknowledge(name, message).await.unwrap();

        let stream = message.envelope.metadata.stream.to_string();
        let ids = self.acknowledged.entry((group_idx, stream)).or_default();
        ids.push(id(message));
    }

    async fn refuse(
        &mut self,
        group_idx: usize,
        message: &ReceivedMessage,
        due: Timestamp,
        count_attempt: bool,
    ) {
        let (name, _) = GROUPS[group_idx];
        let refused = self.plain.refuse(name, message, due, count_attempt);
        refused.await.unwrap();
        let refused = self.forked.refuse(name, message, due, count_attempt);
        refused.await.unwrap();
    }

    /// Forks, continues with one of the two brokers, and changes the discarded one.
    async fn fork(&mut self) {
        let mut discarded = fork(&*self.forked);
        if self.pick(2) == 0 {
            std::mem::swap(&mut discarded, &mut self.forked);
        }

        publish(&*discarded, "order-1", 0).await;
        let later = self.now + Duration::from_secs(20);
        for (group, ordered) in GROUPS {
            let request = request(group, ordered, later, 5);
            for message in discarded.read(&request).await.unwrap() {
                discarded.acknowledge(group, &message).await.unwrap();
            }
        }
        discarded.trim(&ORDER, 0).await.unwrap();
    }

    /// Acknowledges all remaining messages. It advances the clock to get past leases and due times.
    async fn drain(&mut self) {
        for group_idx in 0..GROUPS.len() {
            for _ in 0..self.n_published {
                self.now = self.now + Duration::from_secs(60);
                for message in self.read(group_idx, 3).await {
                    self.acknowledge(group_idx, &message).await;
                }
            }
        }
    }

    /// Checks that each group acknowledged each message once.
    ///
    /// If its reads are ordered, the messages of each stream must be in the order of publication.
    async fn check_all_acknowledged(&self, seed: u64) {
        let published: Vec<u128> = (1..=self.n_published.into()).collect();

        for (group_idx, (name, ordered)) in GROUPS.into_iter().enumerate() {
            let mut all: Vec<u128> = Vec::new();
            for ((acknowledged_by, stream), ids) in &self.acknowledged {
                if *acknowledged_by != group_idx {
                    continue;
                }

                let is_in_order = ids.is_sorted();
                assert!(
                    is_in_order || !ordered,
                    "seed {seed}, group {name}, stream {stream}: acknowledged {ids:?}"
                );
                all.extend(ids);
            }
            all.sort_unstable();
            assert_eq!(all, published, "seed {seed}, group {name}");

            let backlog = self.forked.backlog(name, &TOPICS).await.unwrap();
            assert_eq!(backlog, Backlog::default(), "seed {seed}, group {name}");
        }
    }
}

#[tokio::test]
async fn random_work_handles_each_message_once_in_order() {
    for seed in 0..20 {
        let mut model = Model::new(seed).await;

        for _ in 0..500 {
            model.step().await;
        }
        model.drain().await;

        model.check_all_acknowledged(seed).await;
    }
}

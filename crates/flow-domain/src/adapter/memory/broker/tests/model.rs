use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    adapter::memory::{
        MemoryBroker,
        broker::tests::fixture::{ORDER, TOPICS, fork, id, publication, publish, request},
    },
    clock::{Timestamp, VirtualClock},
    port::{Backlog, Broker, ReceivedMessage, StartFrom},
};

/// The groups, and whether they read in order.
const GROUPS: [(&str, bool); 3] = [("shipping", true), ("billing", true), ("audit", false)];

/// What was acknowledged by a group, by stream.
type Acknowledged = BTreeMap<(usize, String), Vec<u128>>;

/// Random work at a broker that is never forked, and at one that is forked all the time.
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
            let from = StartFrom::Beginning;
            model.plain.subscribe(group, &TOPICS, from).await.unwrap();
            model.forked.subscribe(group, &TOPICS, from).await.unwrap();
        }

        model
    }

    fn pick(&mut self, n: usize) -> usize {
        // SplitMix64: three lines, no dependency, and the same on every platform.
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

    /// Reads, and acknowledges, refuses or holds until the lease ends what is handed out.
    async fn consume(&mut self) {
        let group = self.pick(GROUPS.len());
        let limit = 1 + self.pick(5);
        let mut failed = Vec::new();

        for handed in self.read(group, limit).await {
            let stream = handed.envelope.metadata.stream.clone();
            if GROUPS[group].1 && failed.contains(&stream) {
                self.refuse(group, &handed, self.now, false).await;
                continue;
            }

            match self.pick(5) {
                0 => {
                    let due = self.now + Duration::from_secs(self.pick(40) as u64);
                    self.refuse(group, &handed, due, true).await;
                    failed.push(stream);
                }
                // Then the consumer died, and does nothing more.
                1 => return,
                _ => self.acknowledge(group, &handed).await,
            }
        }
    }

    async fn read(&mut self, group: usize, limit: usize) -> Vec<ReceivedMessage> {
        let (name, ordered) = GROUPS[group];
        let wanted = request(name, ordered, self.now, limit);
        let plain = self.plain.read(&wanted).await.unwrap();
        let forked = self.forked.read(&wanted).await.unwrap();
        assert_eq!(plain, forked, "a fork hands out something else");
        plain
    }

    async fn acknowledge(&mut self, group: usize, handed: &ReceivedMessage) {
        let name = GROUPS[group].0;
        self.plain.acknowledge(name, handed).await.unwrap();
        self.forked.acknowledge(name, handed).await.unwrap();
        let stream = handed.envelope.metadata.stream.to_string();
        let done = self.acknowledged.entry((group, stream)).or_default();
        done.push(id(handed));
    }

    async fn refuse(
        &mut self,
        group: usize,
        handed: &ReceivedMessage,
        due: Timestamp,
        counts: bool,
    ) {
        let name = GROUPS[group].0;
        let refused = self.plain.refuse(name, handed, due, counts);
        refused.await.unwrap();
        let refused = self.forked.refuse(name, handed, due, counts);
        refused.await.unwrap();
    }

    /// Goes on with one half, and makes a mess in the other.
    async fn fork(&mut self) {
        let mut left = fork(&*self.forked);
        if self.pick(2) == 0 {
            std::mem::swap(&mut left, &mut self.forked);
        }

        publish(&*left, "order-1", 0).await;
        let later = self.now + Duration::from_secs(20);
        for (group, ordered) in GROUPS {
            let wanted = request(group, ordered, later, 5);
            for handed in left.read(&wanted).await.unwrap() {
                left.acknowledge(group, &handed).await.unwrap();
            }
        }

        left.trim(&ORDER, 0).await.unwrap();
    }

    /// Does all that is left.
    async fn drain(&mut self) {
        for group in 0..GROUPS.len() {
            for _ in 0..self.n_published {
                self.now = self.now + Duration::from_secs(60);
                for handed in self.read(group, 3).await {
                    self.acknowledge(group, &handed).await;
                }
            }
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

        for (group, (name, ordered)) in GROUPS.into_iter().enumerate() {
            let of_group = model
                .acknowledged
                .iter()
                .filter(|((it, _), _)| *it == group);
            let mut all: Vec<u128> = Vec::new();

            for ((_, stream), done) in of_group {
                let is_in_order = done.is_sorted();
                assert!(
                    is_in_order || !ordered,
                    "{seed}: {name}, {stream}: {done:?}"
                );
                all.extend(done);
            }

            all.sort_unstable();
            let published: Vec<u128> = (1..=model.n_published.into()).collect();
            assert_eq!(all, published, "{seed}: {name}");
            let backlog = model.forked.backlog(name, &TOPICS).await.unwrap();
            assert_eq!(backlog, Backlog::default(), "{seed}: {name}");
        }
    }
}

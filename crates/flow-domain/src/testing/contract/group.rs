use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use crate::{
    message::{Envelope, ExpectedVersion, Payload, Position},
    port::{Changes, Cursor, Fence, LedgerWrite, Store},
    testing::contract::{
        fixture::{change, event_with_content, read_category},
        member::Member,
    },
};

/// The number of streams in each topic of a log.
const N_STREAMS: u32 = 8;

/// The ids of the events that owners append. Those of a log are smaller.
const FIRST_RESULT: u32 = 10_000_000;

/// What a group reads: the event store, or topics of a broker.
///
/// The content of a message is a number. It says the topic, the stream and the place in the stream.
pub(super) trait Log: Sync {
    fn n_topics(&self) -> u32;

    fn n_partitions(&self) -> u32;

    /// Adds a message to a stream.
    fn write(&self, topic: u32, stream: &str, number: u32) -> impl Future<Output = ()> + Send;

    /// Reads after a cursor, and moves it. Returns the messages with their places.
    fn read(
        &self,
        cursor: &mut Cursor,
        limit: usize,
    ) -> impl Future<Output = Vec<(u64, Arc<Envelope>)>> + Send;
}

/// A group that appends an event for each message of its log, and checks those events.
pub(super) struct Group<'a, L, S: ?Sized> {
    log: L,
    store: &'a S,
    n_results: AtomicU32,
}

impl<'a, L: Log, S: Store + ?Sized> Group<'a, L, S> {
    pub(super) fn new(log: L, store: &'a S) -> Self {
        let n_results = AtomicU32::new(0);
        Self {
            log,
            store,
            n_results,
        }
    }

    pub(super) fn owner(&self, name: &str) -> Owner<'_, L, S> {
        Owner {
            group: self,
            member: Member {
                n_partitions: self.log.n_partitions(),
                ..Member::new(name)
            },
            places: BTreeMap::new(),
        }
    }

    pub(super) fn store(&self) -> &'a S {
        self.store
    }

    /// Adds message `n` to each stream.
    pub(super) async fn write(&self, n: u32) {
        for topic in 0..self.log.n_topics() {
            for stream in 0..N_STREAMS {
                let number = (topic * N_STREAMS + stream) * 1_000 + n;
                let name = format!("order-{topic}-{stream}");
                self.log.write(topic, &name, number).await;
            }
        }
    }

    /// Requires that the group has handled `n` messages of each stream: once, and in their order.
    ///
    /// In each partition, an owner has committed nothing after its successor.
    pub(super) async fn check(&self, n: u32) {
        let mut last_epochs: BTreeMap<String, u64> = BTreeMap::new();
        let mut handled: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let results = read_category(self.store, Some("result"), Position::START, usize::MAX);
        for result in results.await {
            let (epoch, number): (u64, u32) = result.envelope.message.decode("result").expect(
                "the content of a result is what an owner wrote, because the store keeps it",
            );
            let partition = result.envelope.metadata.stream.to_string();
            let last_epoch = last_epochs.entry(partition).or_default();
            assert!(
                *last_epoch <= epoch,
                "two owners overlap: epoch {epoch} of `{}` has committed after epoch {last_epoch}",
                result.envelope.metadata.stream
            );
            *last_epoch = epoch;
            handled
                .entry(number / 1_000)
                .or_default()
                .push(number % 1_000);
        }

        let expected: Vec<u32> = (1..=n).collect();
        for stream in 0..self.log.n_topics() * N_STREAMS {
            let numbers = handled.remove(&stream).unwrap_or_default();
            assert_eq!(
                numbers, expected,
                "the messages of stream {stream} must be handled once, and in their order"
            );
        }
    }
}

/// A member that handles the messages of its partitions, as an engine does.
///
/// Each message has a commit of its own, with the ledger. So each must be handled exactly once.
pub(super) struct Owner<'a, L, S: ?Sized> {
    group: &'a Group<'a, L, S>,
    pub(super) member: Member,
    /// How far each topic of a partition is handled.
    places: BTreeMap<u32, Vec<u64>>,
}

impl<L: Log, S: Store + ?Sized> Owner<'_, L, S> {
    /// Takes a turn, and releases what is more than the fair share.
    pub(super) async fn turn(&mut self, lease: Duration) {
        let result = self.member.turn(self.group.store, lease).await;
        for won in result.won {
            self.open(won.partition, won.ledger.as_ref());
        }

        self.member
            .release(self.group.store, result.n_surplus)
            .await;
    }

    /// Takes all partitions.
    pub(super) async fn take_over(&mut self) {
        let result = self.member.take_over(self.group.store).await;
        for won in result.won {
            self.open(won.partition, won.ledger.as_ref());
        }
    }

    fn open(&mut self, partition: u32, ledger: Option<&Payload>) {
        let places = ledger.map(|ledger| ledger.decode("ledger"));
        let places = places.transpose().expect("the store keeps a ledger");
        let at_start = || vec![0; self.group.log.n_topics() as usize];
        self.places
            .insert(partition, places.unwrap_or_else(at_start));
    }

    /// Releases all partitions and leaves the group.
    pub(super) async fn leave(&mut self) {
        let store = self.group.store;
        self.member.release(store, self.member.held.len()).await;
        let left = store.leave(&self.member.group, &self.member.name).await;
        left.expect("`leave` must succeed");
    }

    /// Handles up to `n` messages. Returns false if the member was replaced meanwhile.
    pub(super) async fn handle(&mut self, n: usize) -> bool {
        let mut n_left = n;
        for idx in 0..self.member.held.len() {
            let fence = self.member.fence(idx);
            for topic in 0..self.group.log.n_topics() as usize {
                while let read @ [_, ..] = &self.read(fence.partition, topic, n_left).await[..] {
                    for (place, message) in read {
                        // Others work between two messages, also if the store never waits.
                        tokio::task::yield_now().await;
                        if !self.handle_one(&fence, topic, *place, message).await {
                            return false;
                        }
                    }
                    n_left -= read.len();
                }
            }
        }

        true
    }

    /// Reads a few messages that are not handled. Each has the place up to which all is handled after it.
    async fn read(
        &mut self,
        partition: u32,
        topic: usize,
        limit: usize,
    ) -> Vec<(u64, Arc<Envelope>)> {
        let place = self.places[&partition][topic];
        let mut cursor = Cursor {
            topic,
            partition,
            place,
        };
        let mut read = match limit.min(3) {
            0 => Vec::new(),
            limit => self.group.log.read(&mut cursor, limit).await,
        };

        if let Some((last, _)) = read.last_mut() {
            assert!(*last <= cursor.place, "a read must move the cursor");
            *last = cursor.place;
        }
        read
    }

    async fn handle_one(
        &mut self,
        fence: &Fence,
        topic: usize,
        place: u64,
        message: &Envelope,
    ) -> bool {
        let changes = self.changes(fence, topic, place, message);
        match self.group.store.commit(&changes).await {
            Ok(_) => {
                let places = self.places.get_mut(&fence.partition);
                places.expect("it is open")[topic] = place;
                true
            }
            Err(err) if err.is_fenced() => false,
            Err(err) => panic!("`commit` must succeed or be fenced, found: {err}"),
        }
    }

    /// Makes the changes for the next message of each topic and partition, but does not commit them.
    pub(super) async fn next_changes(&mut self) -> Vec<Changes> {
        let mut all = Vec::new();
        for idx in 0..self.member.held.len() {
            let fence = self.member.fence(idx);
            for topic in 0..self.group.log.n_topics() as usize {
                if let [(place, message), ..] = &self.read(fence.partition, topic, 1).await[..] {
                    all.push(self.changes(&fence, topic, *place, message));
                }
            }
        }

        all
    }

    fn changes(&self, fence: &Fence, topic: usize, place: u64, message: &Envelope) -> Changes {
        let number: u32 = message
            .message
            .decode("number")
            .expect("the content is a number");
        let id = FIRST_RESULT + self.group.n_results.fetch_add(1, Ordering::Relaxed);
        let content = format!("[{}, {number}]", fence.epoch);
        let stream = format!("result-{}", fence.partition);
        let result = event_with_content(&stream, id, &content);

        let mut places = self.places[&fence.partition].clone();
        places[topic] = place;
        let mut changes = change()
            .expect_version(&stream, ExpectedVersion::Any)
            .event(&result)
            .into_changes();
        changes.fence = Some(fence.clone());
        changes.ledgers.push(LedgerWrite {
            fence: fence.clone(),
            value: Payload::from_json(format!("{places:?}")),
        });
        changes
    }
}

/// Polls a future `n_polls` times and drops it, as if its process had died.
pub(super) async fn cut_off<F: Future>(n_polls: u64, future: F) {
    let mut future = pin!(future);
    let mut n_left = n_polls;

    poll_fn(|cx| {
        if n_left == 0 || future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }

        n_left -= 1;
        if n_left == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

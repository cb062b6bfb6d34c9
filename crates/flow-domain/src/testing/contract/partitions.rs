use crate::{
    message::{Position, Recorded},
    port::{Cursor, Store},
    testing::contract::fixture::{change, numbers, read_all, stream},
};

const N_PARTITIONS: u32 = 8;

fn cursors(place: u64) -> Vec<Cursor> {
    let cursor = |partition| Cursor {
        topic: 0,
        partition,
        place,
    };
    (0..N_PARTITIONS).map(cursor).collect()
}

async fn read<S: Store + ?Sized>(
    store: &S,
    categories: Option<&[&'static str]>,
    cursors: &mut [Cursor],
    limit: usize,
) -> Vec<Recorded> {
    let read = store.read_partitions(categories, N_PARTITIONS, cursors, limit);
    read.await.expect("`read_partitions` must succeed")
}

/// Reads to the end, and returns the numbers of the events.
async fn read_numbers<S: Store + ?Sized>(
    store: &S,
    categories: Option<&[&'static str]>,
    cursors: &mut [Cursor],
    limit: usize,
) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let page = read(store, categories, cursors, limit).await;
        assert!(page.len() <= limit, "a read must not exceed its limit");
        if page.is_empty() {
            return all;
        }
        all.extend(numbers(&page));
    }
}

/// Appends an event to each of 30 streams, in turns of three categories.
async fn append_to_three_categories<S: Store + ?Sized>(store: &S) {
    let categories = ["order", "payment", "stock"];
    for (number, category) in (0..30).zip(categories.iter().cycle()) {
        let name = format!("{category}-{number}");
        change().append(&name, [number]).commit_to(store).await;
    }
}

/// One read covers several categories, in the order of commit, and continues where it ended.
pub async fn read_of_categories_is_in_store_order<S: Store + ?Sized>(store: &S) {
    append_to_three_categories(store).await;

    let two: Option<&[&'static str]> = Some(&["order", "stock"]);
    for limit in [1, 4, 100] {
        let read = read_numbers(store, two, &mut cursors(0), limit).await;
        let expected = (0..30).filter(|number| number % 3 != 1);
        assert_eq!(read, expected.collect::<Vec<u64>>());

        let read = read_numbers(store, None, &mut cursors(0), limit).await;
        assert_eq!(read, (0..30).collect::<Vec<u64>>());
    }
}

/// A read of some partitions returns the events of no other, and moves their cursors to its end.
pub async fn events_are_read_by_partition<S: Store + ?Sized>(store: &S) {
    append_to_three_categories(store).await;
    let mut even = cursors(0);
    even.retain(|cursor| cursor.partition.is_multiple_of(2));

    let mut found = Vec::new();
    loop {
        let page = read(store, None, &mut even, 3).await;
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }

    let is_even = |event: &Recorded| event.stream().partition(N_PARTITIONS).is_multiple_of(2);
    let mut expected = read_all(store).await;
    expected.retain(is_even);
    assert_eq!(numbers(&found), numbers(&expected));
    let last = store.last_position().await;
    let last = last.expect("`last_position` must succeed").as_u64();
    let end = even.iter().map(|cursor| cursor.place);
    assert!(
        end.into_iter().all(|place| place <= last),
        "a cursor must not pass the last position"
    );
}

/// Each partition is read after its own cursor.
pub async fn partitions_are_read_from_their_own_positions<S: Store + ?Sized>(store: &S) {
    let committed = change()
        .append("order-1", [1, 2, 3])
        .append("order-2", [4, 5, 6])
        .commit_to(store)
        .await;
    let partition = |name: &str| stream(name).partition(N_PARTITIONS);
    assert_ne!(partition("order-1"), partition("order-2"));

    let mut cursors = cursors(0);
    for cursor in &mut cursors {
        if cursor.partition == partition("order-1") {
            cursor.place = committed[1].position.as_u64();
        }
    }

    let read = read_numbers(store, None, &mut cursors, 2).await;
    assert_eq!(read, [3, 4, 5, 6]);
}

/// Single events can be read by their positions, each once and oldest first. Positions without an event are
/// left out.
pub async fn read_at_finds_single_events<S: Store + ?Sized>(store: &S) {
    let committed = change().append("order-1", 1..=5).commit_to(store).await;
    let last = committed[4].position;
    let positions = [
        last,
        committed[1].position,
        last,
        Position::new(last.as_u64() + 99),
    ];

    let read = store.read_at(&positions).await;

    let read = read.expect("`read_at` must succeed");
    assert_eq!(numbers(&read), [2, 5]);
    assert_eq!(read[0], committed[1]);
}

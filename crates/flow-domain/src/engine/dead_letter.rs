use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::Error,
    handler::{Ports, inbox_key},
    json::SortKey,
    message::{Envelope, ExpectedVersion, MessageId, Metadata, Payload, Version},
    port::{Changes, Comparison, Condition, FieldValue, Query, RowKeys, Write},
    record::{Table, TableKind},
};

pub(super) const TABLE: Table = Table::new(TableKind::DeadLetter, "DeadLetter");

/// A message that failed until its retries were exhausted, with the reason.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The id for [`DeadLetters::replay`](crate::engine::DeadLetters::replay) and
    /// [`DeadLetters::purge`](crate::engine::DeadLetters::purge).
    pub id: Arc<str>,
    /// The subscription that failed: the name of the handler, or `order:command` for commands.
    pub subscription: String,
    /// The handler that failed; `None` if the message is a command without a handler.
    pub handler: Option<String>,
    /// The message.
    pub envelope: Arc<Envelope>,
    /// Why it failed the last time.
    pub reason: String,
    /// The number of attempts.
    pub attempts: u32,
    /// When it failed the last time.
    pub failed_at: Timestamp,
    /// Whether the message waits to be delivered to its handler again.
    pub is_replayed: bool,
}

/// A dead letter as the store keeps it.
// Invariant: the names of the fields are part of the stored format, and queries name some of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredDeadLetter {
    pub(super) subscription: String,
    pub(super) handler: Option<String>,
    pub(super) metadata: Metadata,
    /// The content as text, because it may be invalid JSON: that is one reason for a dead letter.
    pub(super) message: String,
    pub(super) reason: String,
    pub(super) attempts: u32,
    pub(super) failed_at: Timestamp,
    pub(super) is_replayed: bool,
    /// The number of the next attempt of the replay, from 1.
    pub(super) attempt: u32,
    /// When the next attempt of the replay may begin.
    pub(super) due: Timestamp,
}

impl StoredDeadLetter {
    /// Makes the dead letter of a message that failed for the last time.
    pub(super) fn new(
        ports: &Ports,
        (subscription, handler): (&str, Option<&str>),
        message: &Envelope,
        attempts: u32,
        error: &Error,
    ) -> Self {
        let now = ports.clock.now();
        // A replay upcasts the event again, perhaps by a corrected step.
        let stored = message.as_stored();

        Self {
            subscription: subscription.to_owned(),
            handler: handler.map(str::to_owned),
            metadata: stored.metadata.clone(),
            message: stored.message.as_json().to_owned(),
            reason: error.with_causes().to_string(),
            attempts,
            failed_at: now,
            is_replayed: false,
            attempt: 1,
            due: now,
        }
    }

    pub(super) fn envelope(&self) -> Arc<Envelope> {
        Arc::new(Envelope {
            metadata: self.metadata.clone(),
            message: Payload::from_json(self.message.as_str()),
        })
    }

    pub(super) fn into_dead_letter(self, id: Arc<str>) -> DeadLetter {
        DeadLetter {
            id,
            envelope: self.envelope(),
            subscription: self.subscription,
            handler: self.handler,
            reason: self.reason,
            attempts: self.attempts,
            failed_at: self.failed_at,
            is_replayed: self.is_replayed,
        }
    }
}

/// Returns the id of the dead letter of `message` in `subscription`.
pub(super) fn id_of(subscription: &str, message: &Envelope) -> Arc<str> {
    format!("{subscription}/{}", message.metadata.id).into()
}

/// Returns the changes that write a dead letter over the existing one; `None` deletes it.
pub(super) fn changes(id: &Arc<str>, letter: Option<&StoredDeadLetter>) -> Result<Changes, Error> {
    let mut changes = Changes::new("the engine");
    changes.writes.push(Write {
        table: TABLE,
        id: Arc::clone(id),
        expected: ExpectedVersion::Any,
        value: letter
            .map(|letter| Payload::encode("DeadLetter", letter))
            .transpose()?,
        keys: letter.map(keys_of).unwrap_or_default(),
    });

    Ok(changes)
}

/// Returns the keys by which a query finds a dead letter without reading the others.
fn keys_of(letter: &StoredDeadLetter) -> RowKeys {
    let keys = [
        ("is_replayed", SortKey::bool(letter.is_replayed)),
        ("subscription", SortKey::text(&letter.subscription)),
    ];
    keys.into_iter().collect()
}

/// Writes a dead letter over the existing one, if there is one; `None` deletes the existing one.
pub(super) async fn write(
    ports: &Ports,
    id: &Arc<str>,
    letter: Option<&StoredDeadLetter>,
) -> Result<(), Error> {
    ports.store.commit(&changes(id, letter)?).await.map(|_| ())
}

/// Makes the writes for an event that the rebuild of a projector has skipped: its dead letter, unless there
/// is one.
///
/// Its inbox must not have it any more, because the rebuilt rows lack what was once handled.
pub(super) async fn of_skipped(
    ports: &Ports,
    projector: &'static str,
    event: &Envelope,
    error: &Error,
) -> Result<Vec<Write>, Error> {
    let id = id_of(projector, event);
    if ports.store.load(TABLE, &id).await?.is_some() {
        return Ok(Vec::new());
    }

    let letter = StoredDeadLetter::new(ports, (projector, Some(projector)), event, 1, error);
    let mut writes = changes(&id, Some(&letter))?.writes;
    let (inbox, id) = inbox_key(projector, event.metadata.id);
    writes.push(Write {
        table: inbox,
        id,
        expected: ExpectedVersion::Any,
        value: None,
        keys: RowKeys::default(),
    });
    Ok(writes)
}

pub(super) async fn read(ports: &Ports, id: &str) -> Result<Option<StoredDeadLetter>, Error> {
    let stored = ports.store.load(TABLE, id).await?;
    stored
        .map(|stored| stored.value.decode("DeadLetter"))
        .transpose()
}

/// Schedules the next attempt of a replay.
pub(super) async fn postpone(
    ports: &Ports,
    id: &Arc<str>,
    next_attempt: u32,
    due: Timestamp,
) -> Result<(), Error> {
    let Some(mut letter) = read(ports, id).await? else {
        return Ok(());
    };
    letter.attempt = next_attempt;
    letter.due = due;

    write(ports, id, Some(&letter)).await
}

/// A dead letter that is marked for replay, with its id.
pub(super) type Replay = (Arc<str>, StoredDeadLetter);

/// Finds the dead letters that are marked for replay, of one subscription or of all.
pub(super) async fn find_replayed(
    ports: &Ports,
    subscription: Option<&str>,
) -> Result<Vec<Replay>, Error> {
    // Nearly always there are no dead letters, and counting is cheaper than the query.
    if ports.store.count(TABLE, &[]).await? == 0 {
        return Ok(Vec::new());
    }

    // The first condition selects the rows to read. An engine asks in each cycle, and there may be many
    // dead letters, but few of them are replayed.
    let mut conditions = vec![equals("is_replayed", SortKey::bool(true))];
    conditions.extend(subscription.map(|name| equals("subscription", SortKey::text(name))));
    find(ports, conditions).await
}

/// Makes the writes that delete the dead letters of `subscription` whose event is settled.
///
/// A rebuild cannot settle a message that is not in the event store. It stays.
/// If somebody changes one of them before the commit, the commit is a conflict.
pub(super) async fn deletions(
    ports: &Ports,
    subscription: &str,
    is_settled: impl Fn(MessageId) -> bool,
) -> Result<Vec<Write>, Error> {
    let letters = find(
        ports,
        vec![equals("subscription", SortKey::text(subscription))],
    )
    .await?;

    let mut deletions = Vec::new();
    for (id, letter) in letters {
        let metadata = &letter.metadata;
        if is_settled(metadata.id)
            && is_stored_event(ports, metadata).await?
            && let Some(stored) = ports.store.load(TABLE, &id).await?
        {
            deletions.push(Write {
                table: TABLE,
                id,
                expected: ExpectedVersion::Exact(stored.version),
                value: None,
                keys: RowKeys::default(),
            });
        }
    }

    Ok(deletions)
}

async fn is_stored_event(ports: &Ports, metadata: &Metadata) -> Result<bool, Error> {
    let stream = ports
        .store
        .read_stream(&metadata.stream, Version::NONE, usize::MAX)
        .await?;

    Ok(stream
        .iter()
        .any(|event| event.metadata().id == metadata.id))
}

/// Claims a dead letter for its replay, so that no other engine can claim it before `until`.
///
/// Returns false if it is not due, for example because another engine has claimed it. Also returns
/// false if it is no longer marked for replay.
pub(super) async fn claim(ports: &Ports, id: &Arc<str>, until: Timestamp) -> Result<bool, Error> {
    let Some(stored) = ports.store.load(TABLE, id).await? else {
        return Ok(false);
    };

    let mut letter: StoredDeadLetter = stored.value.decode("DeadLetter")?;
    if !letter.is_replayed || ports.clock.now() < letter.due {
        return Ok(false);
    }

    letter.due = until;
    let mut changes = Changes::new("the engine");
    changes.writes.push(Write {
        table: TABLE,
        id: Arc::clone(id),
        expected: ExpectedVersion::Exact(stored.version),
        value: Some(Payload::encode("DeadLetter", &letter)?),
        keys: keys_of(&letter),
    });

    // The expected version makes the claim exclusive: of two engines, one gets a conflict.
    match ports.store.commit(&changes).await {
        Ok(_) => Ok(true),
        Err(err) if err.is_conflict() => Ok(false),
        Err(err) => Err(err),
    }
}

pub(super) async fn count(ports: &Ports, conditions: &[Condition]) -> Result<usize, Error> {
    ports.store.count(TABLE, conditions).await
}

pub(super) fn equals(field: &str, key: SortKey) -> Condition {
    Condition {
        field: field.to_owned(),
        comparison: Comparison::Equal,
        value: FieldValue::Key(key),
    }
}

/// Finds the dead letters that meet all conditions, oldest first.
pub(super) async fn find(
    ports: &Ports,
    conditions: Vec<Condition>,
) -> Result<Vec<(Arc<str>, StoredDeadLetter)>, Error> {
    let query = Query {
        conditions,
        ..Query::default()
    };
    let rows = ports.store.query(TABLE, &query).await?;

    let mut letters = Vec::with_capacity(rows.len());
    for row in rows {
        let letter: StoredDeadLetter = row.value.decode("DeadLetter")?;
        letters.push((row.id, letter));
    }
    // Many messages can fail at the same time. Ids of messages grow with time.
    letters.sort_by_key(|(_, letter)| (letter.failed_at, letter.metadata.time, letter.metadata.id));
    Ok(letters)
}

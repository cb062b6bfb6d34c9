use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    engine::delivery::incoming::SettleAction,
    error::Error,
    handler::{Ports, field},
    message::{Envelope, ExpectedVersion, Metadata, Payload},
    port::{Changes, Condition, Direction, Query, Write},
    record::{Table, TableKind},
    runtime::App,
};

const TABLE: Table = Table::new(TableKind::DeadLetter, "DeadLetter");

/// A message that a subscription gave up on, with the reason.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Names it: [`DeadLetters::replay`] and [`DeadLetters::purge`] take it.
    pub id: Arc<str>,
    /// The subscription that gave up: the name of the handler, or `order:command` for commands.
    pub subscription: String,
    /// The handler that failed.
    pub handler: String,
    /// The message.
    pub envelope: Arc<Envelope>,
    /// Why it failed the last time.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it failed the last time.
    pub failed_at: Timestamp,
    /// Whether it is on its way to the handler again.
    pub is_replayed: bool,
}

/// How a dead letter is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredDeadLetter {
    pub(super) subscription: String,
    pub(super) handler: String,
    pub(super) metadata: Metadata,
    /// The content as text: it may be that it is no JSON, and that this is why it is here.
    pub(super) message: String,
    pub(super) reason: String,
    pub(super) attempts: u32,
    pub(super) failed_at: Timestamp,
    pub(super) is_replayed: bool,
    /// Which attempt of the replay comes next, from 1, and when.
    pub(super) attempt: u32,
    pub(super) due: Timestamp,
}

impl StoredDeadLetter {
    pub(super) fn envelope(&self) -> Arc<Envelope> {
        Arc::new(Envelope {
            metadata: self.metadata.clone(),
            message: Payload::from_json(self.message.as_str()),
        })
    }

    fn into_dead_letter(self, id: Arc<str>) -> DeadLetter {
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

/// The dead letter of a message that this subscription gave up on.
pub(super) fn id_of(subscription: &str, message: &Envelope) -> Arc<str> {
    format!("{subscription}/{}", message.metadata.id).into()
}

/// Writes a dead letter, over the one that may be there; `None` deletes it.
pub(super) async fn write(
    ports: &Ports,
    id: &Arc<str>,
    kept: Option<&StoredDeadLetter>,
) -> Result<(), Error> {
    let mut changes = Changes::new("the engine");
    changes.writes.push(Write {
        table: TABLE,
        id: Arc::clone(id),
        expected: ExpectedVersion::Any,
        value: kept
            .map(|kept| Payload::encode("DeadLetter", kept))
            .transpose()?,
    });

    ports.store.commit(&changes).await.map(|_| ())
}

pub(super) async fn read(ports: &Ports, id: &str) -> Result<Option<StoredDeadLetter>, Error> {
    let stored = ports.store.load(TABLE, id).await?;
    stored
        .map(|stored| stored.value.decode("DeadLetter"))
        .transpose()
}

/// Says what becomes of one that was replayed.
pub(super) async fn settle(ports: &Ports, id: &Arc<str>, fate: SettleAction) -> Result<(), Error> {
    let SettleAction::Redeliver {
        due: at,
        counts_as_attempt: counts,
    } = fate
    else {
        return write(ports, id, None).await;
    };

    let Some(mut kept) = read(ports, id).await? else {
        return Ok(());
    };

    kept.attempt += u32::from(counts);
    kept.due = at;

    write(ports, id, Some(&kept)).await
}

/// Finds those that are to be handed to `subscription` again.
pub(super) async fn find_replayed(
    ports: &Ports,
    subscription: &str,
) -> Result<Vec<(Arc<str>, StoredDeadLetter)>, Error> {
    // Nearly always there are none at all, which is cheap to see.
    if ports.store.count(TABLE, &[]).await? == 0 {
        return Ok(Vec::new());
    }

    let conditions = vec![
        field("subscription").equals(subscription),
        field("is_replayed").equals(true),
    ];
    find(ports, conditions).await
}

/// Takes one that is replayed, so that no other engine is handed it before `until`; returns false if
/// another has it, or if it is not replayed any more.
pub(super) async fn claim(ports: &Ports, id: &Arc<str>, until: Timestamp) -> Result<bool, Error> {
    let Some(stored) = ports.store.load(TABLE, id).await? else {
        return Ok(false);
    };

    let mut kept: StoredDeadLetter = stored.value.decode("DeadLetter")?;
    if !kept.is_replayed || ports.clock.now() < kept.due {
        return Ok(false);
    }

    kept.due = until;
    let mut changes = Changes::new("the engine");
    changes.writes.push(Write {
        table: TABLE,
        id: Arc::clone(id),
        expected: ExpectedVersion::Exact(stored.version),
        value: Some(Payload::encode("DeadLetter", &kept)?),
    });

    match ports.store.commit(&changes).await {
        Ok(_) => Ok(true),
        Err(err) if err.is_conflict() => Ok(false),
        Err(err) => Err(err),
    }
}

pub(super) async fn count(ports: &Ports, conditions: &[Condition]) -> Result<usize, Error> {
    ports.store.count(TABLE, conditions).await
}

/// Finds those for which all conditions hold, oldest first.
async fn find(
    ports: &Ports,
    conditions: Vec<Condition>,
) -> Result<Vec<(Arc<str>, StoredDeadLetter)>, Error> {
    let query = Query {
        conditions,
        order: vec![("failed_at".to_owned(), Direction::Ascending)],
        ..Query::default()
    };
    let rows = ports.store.query(TABLE, &query).await?;
    let read = rows.into_iter().map(|row| {
        let kept = row.value.decode("DeadLetter")?;
        Ok((row.id, kept))
    });

    read.collect()
}

/// What subscriptions gave up on: to be looked at, replayed or thrown away.
///
/// They are kept by the store, with everything else that must not be lost.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::app;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let app = app()?;
/// for letter in app.dead_letters().all().await? {
///     println!("{} gave up on {}: {}", letter.handler, letter.id, letter.reason);
/// }
/// app.dead_letters().replay_all().await?;
/// # Ok::<(), flow_domain::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DeadLetters {
    ports: Arc<Ports>,
}

impl App {
    /// What subscriptions gave up on.
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters {
            ports: Arc::clone(&self.ports),
        }
    }
}

impl DeadLetters {
    /// Lists all of them, those that failed first before.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails, or if one cannot be read back.
    pub async fn all(&self) -> Result<Vec<DeadLetter>, Error> {
        let found = find(&self.ports, Vec::new()).await?;
        Ok(to_dead_letters(found))
    }

    /// Lists those of one subscription: the name of a handler, or `order:command`.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all).
    pub async fn mutate_subscription(&self, subscription: &str) -> Result<Vec<DeadLetter>, Error> {
        let conditions = vec![field("subscription").equals(subscription)];
        let found = find(&self.ports, conditions).await?;
        Ok(to_dead_letters(found))
    }

    /// Marks one to be handed to its handler again, by the next engine that looks, as if it came for the
    /// first time, and to no other handler; returns false if it is not there. If it fails again, it is
    /// back.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn replay(&self, id: &str) -> Result<bool, Error> {
        let Some(mut kept) = read(&self.ports, id).await? else {
            return Ok(false);
        };

        kept.is_replayed = true;
        kept.attempt = 1;
        kept.due = self.ports.clock.now();
        write(&self.ports, &id.into(), Some(&kept)).await?;
        self.ports.wake_signal.notify();

        Ok(true)
    }

    /// Marks all of them to be handed to their handlers again; returns how many.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn replay_all(&self) -> Result<usize, Error> {
        let all = self.all().await?;
        for letter in &all {
            self.replay(&letter.id).await?;
        }
        Ok(all.len())
    }

    /// Throws one away; returns false if it is not there.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn purge(&self, id: &str) -> Result<bool, Error> {
        let is_there = self.ports.store.load(TABLE, id).await?.is_some();
        if is_there {
            write(&self.ports, &id.into(), None).await?;
        }
        Ok(is_there)
    }

    /// Throws all of them away; returns how many.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn purge_all(&self) -> Result<usize, Error> {
        let all = self.all().await?;
        for letter in &all {
            write(&self.ports, &letter.id, None).await?;
        }
        Ok(all.len())
    }
}

fn to_dead_letters(found: Vec<(Arc<str>, StoredDeadLetter)>) -> Vec<DeadLetter> {
    found
        .into_iter()
        .map(|(id, kept)| kept.into_dead_letter(id))
        .collect()
}

use std::{collections::BTreeSet, fmt, sync::Arc};

use flow_domain::{
    Error,
    message::{Payload, Position, Recorded},
    port::{OutboxRow, OutboxState, Query, Store, StoredState},
    record::{EntryKind, Table, TableKind},
    wiring::Wiring,
};

/// One value in a store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StoredValue {
    /// An event, with its position and version.
    Event(Recorded),
    /// A state, a row, or what the runtime stores in tables.
    State {
        table: Table,
        id: Arc<str>,
        /// `None` if the store lists the row and does not find it by its id.
        state: Option<StoredState>,
    },
    /// A message in the outbox.
    Outgoing(Box<OutboxRow>),
    /// What a subscription has done with a partition.
    Ledger {
        subscription: &'static str,
        partition: u32,
        value: Payload,
    },
}

const OUTBOX_STATES: [OutboxState; 5] = [
    OutboxState::Pending,
    OutboxState::Processing,
    OutboxState::Published,
    OutboxState::Failed,
    OutboxState::Abandoned,
];

/// Reads all that a domain has in a store, in the order in which the store returns it.
///
/// The keys of personal data are random, and are left out.
///
/// # Errors
///
/// Returns the first error of the store.
pub(super) async fn read_all(
    store: &dyn Store,
    wiring: &Wiring,
) -> Result<Vec<StoredValue>, Error> {
    let events = store.read_category(None, Position::START, usize::MAX);
    let mut values: Vec<StoredValue> = events.await?.into_iter().map(StoredValue::Event).collect();

    for table in tables(wiring) {
        for row in store.query(table, &Query::default()).await? {
            let state = match table.kind {
                TableKind::Projection => store.get(table, &row.id).await?,
                _ => store.load(table, &row.id).await?,
            };
            values.push(StoredValue::State {
                table,
                id: row.id,
                state,
            });
        }
    }

    let outbox = store.rows(&OUTBOX_STATES, usize::MAX).await?;
    values.extend(outbox.into_iter().map(Box::new).map(StoredValue::Outgoing));
    for handler in &wiring.handlers {
        let ledgers = store.ledgers(handler.handler).await?;
        values.extend(
            ledgers
                .into_iter()
                .map(|(partition, value)| StoredValue::Ledger {
                    subscription: handler.handler,
                    partition,
                    value,
                }),
        );
    }
    Ok(values)
}

/// Returns all tables that a domain can have, each once.
fn tables(wiring: &Wiring) -> BTreeSet<Table> {
    let aggregates = wiring.aggregates.iter().flat_map(|aggregate| {
        [TableKind::Aggregate, TableKind::Snapshot].map(|kind| Table::new(kind, aggregate.name))
    });
    let projections = wiring.projections.iter();
    let handlers = wiring.handlers.iter().flat_map(|handler| {
        let kinds = [
            TableKind::ProcessManager,
            TableKind::ProcessHistory,
            TableKind::Inbox,
        ];
        kinds.map(|kind| Table::new(kind, handler.handler))
    });

    aggregates
        .chain(projections.map(|name| Table::new(TableKind::Projection, name)))
        .chain(handlers)
        .chain([Table::new(TableKind::DeadLetter, "DeadLetter")])
        .collect()
}

impl StoredValue {
    /// Returns true if both values have the same place in their stores.
    pub(crate) fn has_place_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Event(one), Self::Event(other)) => one.position == other.position,
            (
                Self::State { table, id, .. },
                Self::State {
                    table: other_table,
                    id: other_id,
                    ..
                },
            ) => table == other_table && id == other_id,
            (Self::Outgoing(one), Self::Outgoing(other)) => one.number == other.number,
            (
                Self::Ledger {
                    subscription,
                    partition,
                    ..
                },
                Self::Ledger {
                    subscription: other_subscription,
                    partition: other_partition,
                    ..
                },
            ) => subscription == other_subscription && partition == other_partition,
            _ => false,
        }
    }
}

impl fmt::Display for StoredValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => {
                let position = event.position.as_u64();
                write!(f, "position {position}: ")?;
                EntryKind::Appended(event.clone()).fmt(f)
            }
            Self::State { table, id, state } => {
                write!(f, "{} {} {id:?} ", table.kind, table.name)?;
                match state {
                    Some(StoredState { version, value, .. }) => {
                        write!(f, "at version {}: {}", version.as_u64(), value.as_json())
                    }
                    None => f.write_str("is listed, and not found by its id"),
                }
            }
            Self::Outgoing(row) => {
                let envelope = &row.envelope;
                let name = envelope.metadata.message_type.name();
                write!(f, "outbox {}: {name}, {:?}", row.number, row.state)?;
                if let Some(due) = row.due {
                    write!(f, ", due {due}")?;
                }
                write!(
                    f,
                    ", {} failures: {}",
                    row.n_failures,
                    envelope.message.as_json()
                )
            }
            Self::Ledger {
                subscription,
                partition,
                value,
            } => write!(
                f,
                "ledger of {subscription}, partition {partition}: {}",
                value.as_json()
            ),
        }
    }
}

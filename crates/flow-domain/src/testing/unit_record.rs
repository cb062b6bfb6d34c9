use std::sync::Arc;

use uuid::Uuid;

use crate::{
    clock::VirtualClock,
    error::Error,
    message::{
        CorrelationId, Envelope, MessageId, MessageKind, MessageType, Metadata, Payload, Position,
        Priority, Processing, Recorded, StreamName, Version,
    },
    model::{Aggregate, SerializedMessage},
    record::{
        EntryId, EntryKind, HandlerKind, HandlerOutcome, Record, Recorder, StateChange, Table,
        TableKind,
    },
};

/// The name of the domain in a unit test, which has none.
const DOMAIN: &str = "Unit";

/// The record of a unit test of one aggregate.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnitRecord {
    /// The record.
    pub record: Record,
    /// The number of entries before the method was called.
    pub n_given_entries: usize,
}

/// Returns the record of a unit test, as if a handler had called the method in a unit of work.
///
/// `before` is the state before the call. `history` are the events before the call, and `raised` those
/// of the call.
///
/// # Errors
///
/// Returns an error if the aggregate has no JSON form, or an event has no valid stream.
#[doc(hidden)]
pub fn unit_record<A: Aggregate>(
    aggregate: &A,
    before: Option<Payload>,
    (history, raised): (&[SerializedMessage], &[SerializedMessage]),
    is_accepted: bool,
) -> Result<UnitRecord, Error> {
    let recorder = Recorder::default();
    let add = |cause: Option<EntryId>, kind| recorder.add(cause, VirtualClock::START, kind);

    let mut n_events = 0;
    for event in history {
        n_events += 1;
        add(
            None,
            EntryKind::Appended(recorded(envelope(event)?, n_events)),
        );
    }

    let started = add(
        None,
        EntryKind::HandlerStarted {
            handler: A::NAME,
            kind: HandlerKind::CommandHandler,
            attempt: 1,
        },
    );
    for event in raised {
        n_events += 1;
        let envelope = envelope(event)?;
        let raised = add(Some(started), EntryKind::Raised(Arc::clone(&envelope)));
        add(
            Some(raised),
            EntryKind::Appended(recorded(envelope, n_events)),
        );
    }

    let after = Some(Payload::encode(A::NAME, aggregate)?);
    if !A::EVENT_SOURCED && before != after {
        let change = StateChange {
            table: Table::new(TableKind::Aggregate, A::NAME),
            id: Arc::from(&*aggregate.id()),
            before,
            after,
        };
        add(Some(started), EntryKind::StateChanged(Box::new(change)));
    }
    if is_accepted {
        add(
            Some(started),
            EntryKind::HandlerEnded(HandlerOutcome::Handled),
        );
    }

    let mut record = Record::default();
    recorder.drain_into(&mut record);
    Ok(UnitRecord {
        record,
        n_given_entries: history.len(),
    })
}

fn envelope(event: &SerializedMessage) -> Result<Arc<Envelope>, Error> {
    let id = MessageId::new(Uuid::nil());
    // The aggregate of a unit test may have no id yet.
    let stream = if event.id.is_empty() {
        StreamName::new(event.category, "without-id")
            .map_err(|err| Error::setup(err.to_string()))?
    } else {
        event.stream()?
    };

    Ok(Arc::new(Envelope {
        metadata: Metadata {
            id,
            kind: MessageKind::Event,
            message_type: MessageType::new(&Arc::from(DOMAIN), event.name),
            stream,
            time: VirtualClock::START,
            correlation: CorrelationId::from(id),
            causation: None,
            priority: Priority::NORMAL,
            initiated_by: None,
            caused_in_category: None,
            deadline: None,
            processing: Processing::Sync,
            upcast_from: None,
        },
        message: event.payload.clone(),
    }))
}

fn recorded(envelope: Arc<Envelope>, number: u64) -> Recorded {
    Recorded {
        envelope,
        version: Version::new(number),
        position: Position::new(number),
    }
}

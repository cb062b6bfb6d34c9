use std::{mem, sync::Arc};

use crate::{
    error::Error,
    message::{MessageName, MessageType, Payload, StreamName},
    model::{
        Aggregate, Message,
        equality::{check_equal, check_round_trip},
    },
    record::{Invariant, InvariantSet, InvariantViolation},
};

/// A message that was written down to be handed over later, without its Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SerializedMessage {
    /// The name of the message.
    pub name: MessageName,
    /// The category that it belongs to.
    pub category: &'static str,
    /// The id of the aggregate that it is for; empty if it names none.
    pub id: Arc<str>,
    /// Its content.
    pub payload: Payload,
}

impl SerializedMessage {
    /// Writes a message down.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it has no JSON form.
    pub fn new<M: Message>(message: &M) -> Result<Self, Error> {
        Ok(Self {
            name: message.message_name(),
            category: M::CATEGORY,
            id: Arc::from(&*message.aggregate_id()),
            payload: Payload::encode(M::NAME, message)?,
        })
    }

    /// Returns true if the other has the same name and the same content, in whatever order the fields
    /// and the entries of maps are written.
    pub fn has_same_content(&self, other: &Self) -> bool {
        self.name == other.name
            && (self.payload == other.payload
                || self.payload.to_value() == other.payload.to_value())
    }

    /// The stream of the aggregate that the message is for.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the message names no id.
    pub fn stream(&self) -> Result<StreamName, Error> {
        StreamName::new(self.category, Arc::clone(&self.id))
            .map_err(|err| Error::setup(format!("`{}` names no stream: {err}", self.name)))
    }
}

/// An aggregate that was written down, with the events that it raised, without its Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SerializedAggregate {
    /// The name of the aggregate.
    pub name: &'static str,
    /// The category of its streams.
    pub category: &'static str,
    /// Its id.
    pub id: Arc<str>,
    /// Its state; `None` if it is event-sourced.
    pub state: Option<Payload>,
    /// The events that it raised.
    pub raised: Vec<SerializedMessage>,
}

impl SerializedAggregate {
    /// Writes an aggregate down.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it, or one of its events, has no JSON
    /// form; one for which [`Error::is_setup`] is true if it is event-sourced and raised nothing, for
    /// then there is nothing to store.
    pub fn new<A: Aggregate>(aggregate: &A) -> Result<Self, Error> {
        let written = Self::from_aggregate(aggregate)?;
        if A::EVENT_SOURCED && written.raised.is_empty() {
            return Err(Error::setup(format!(
                "`{}` is event-sourced and this one raised no events, so there is nothing to store",
                A::NAME
            )));
        }

        Ok(written)
    }

    fn from_aggregate<A: Aggregate>(aggregate: &A) -> Result<Self, Error> {
        let raised = aggregate.raised().to_serialized()?;
        let state = if A::EVENT_SOURCED {
            None
        } else {
            Some(Payload::encode(A::NAME, aggregate)?)
        };

        Ok(Self {
            name: A::NAME,
            category: A::CATEGORY,
            id: Arc::from(&*aggregate.id()),
            state,
            raised,
        })
    }

    /// Tells which laws `aggregate` breaks, of which this was written: its state and its events come
    /// back equal, and what its events make of it is what it is.
    pub fn invariant_violations<A: Aggregate>(
        &mut self,
        mut aggregate: A,
    ) -> Vec<InvariantViolation> {
        self.violations_after(&mut aggregate, Some(&[]), InvariantSet::all())
    }

    /// The same, if `history` happened before; without one nothing is folded.
    fn violations_after<A: Aggregate>(
        &mut self,
        aggregate: &mut A,
        history: Option<&[SerializedMessage]>,
        laws: InvariantSet,
    ) -> Vec<InvariantViolation> {
        let mut broken = Vec::new();
        if laws.has(Invariant::RoundTrip) {
            broken = aggregate.raised().check_round_trips(&mut self.raised);
        }

        // They are no part of the state, and would show in the text.
        let raised = mem::take(aggregate.pending_events_mut());
        let name = (A::NAME, Some(&*self.id));

        if laws.has(Invariant::RoundTrip)
            && let Some(state) = &mut self.state
        {
            broken.extend(check_round_trip(name, aggregate, state, A::try_eq));
        }

        if laws.has(Invariant::Fold)
            && let Some(history) = history
            && let Some(folded) = fold(history.iter().chain(&self.raised))
        {
            broken.extend(check_equal(
                Invariant::Fold,
                name,
                aggregate,
                folded,
                A::try_eq,
            ));
        }

        *aggregate.pending_events_mut() = raised;
        broken
    }
}

/// Tells which of `laws` an aggregate breaks that has just decided something: what it raised and, if it is
/// kept as state, its state come back equal; and an event-sourced one is what `history` and what it
/// raised make of it. Without a history nothing is folded.
///
/// # Errors
///
/// Returns an error for which [`Error::is_codec`] is true if it, or one of its events, has no JSON form.
pub fn invariant_violations<A: Aggregate>(
    aggregate: &mut A,
    history: Option<&[SerializedMessage]>,
    laws: InvariantSet,
) -> Result<Vec<InvariantViolation>, Error> {
    let mut written = SerializedAggregate::from_aggregate(aggregate)?;
    Ok(written.violations_after(aggregate, history, laws))
}

/// What events make of an aggregate; nothing if it is kept as state.
fn fold<'w, A: Aggregate>(
    events: impl Iterator<Item = &'w SerializedMessage>,
) -> Option<Result<A, Error>> {
    let mut folded = A::initial()?;
    // The name of the domain does not matter to a fold.
    let domain = Arc::from("");
    let mut events = events;
    let folding = events.try_for_each(|event| {
        folded.replay(&MessageType::new(&domain, event.name), &event.payload)
    });

    Some(folding.map(|()| folded))
}

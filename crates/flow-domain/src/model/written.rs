use std::{mem, sync::Arc};

use crate::{
    error::Error,
    message::{MessageName, MessageType, Payload, StreamName},
    model::{
        Aggregate, Message,
        same::{compare, read_back},
    },
    record::{BrokenLaw, Law, Laws},
};

/// A message that was written down to be handed over later, without its Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The name of the message.
    pub name: MessageName,
    /// The category that it belongs to.
    pub category: &'static str,
    /// The id of the aggregate that it is for; empty if it names none.
    pub id: Arc<str>,
    /// Its content.
    pub payload: Payload,
}

impl Written {
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
    pub fn equals(&self, other: &Self) -> bool {
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
pub struct WrittenAggregate {
    /// The name of the aggregate.
    pub name: &'static str,
    /// The category of its streams.
    pub category: &'static str,
    /// Its id.
    pub id: Arc<str>,
    /// Its state; `None` if it is event-sourced.
    pub state: Option<Payload>,
    /// The events that it raised.
    pub raised: Vec<Written>,
}

impl WrittenAggregate {
    /// Writes an aggregate down.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it, or one of its events, has no JSON
    /// form; one for which [`Error::is_setup`] is true if it is event-sourced and raised nothing, for
    /// then there is nothing to store.
    pub fn new<A: Aggregate>(aggregate: &A) -> Result<Self, Error> {
        let written = Self::of(aggregate)?;
        if A::EVENT_SOURCED && written.raised.is_empty() {
            return Err(Error::setup(format!(
                "`{}` is event-sourced and this one raised no events, so there is nothing to store",
                A::NAME
            )));
        }
        Ok(written)
    }

    fn of<A: Aggregate>(aggregate: &A) -> Result<Self, Error> {
        let raised = aggregate.raised().written()?;
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
    pub fn broken_laws<A: Aggregate>(&mut self, mut aggregate: A) -> Vec<BrokenLaw> {
        self.broken_after(&mut aggregate, Some(&[]), Laws::all())
    }

    /// The same, if `history` happened before; without one nothing is folded.
    fn broken_after<A: Aggregate>(
        &mut self,
        aggregate: &mut A,
        history: Option<&[Written]>,
        laws: Laws,
    ) -> Vec<BrokenLaw> {
        let mut broken = Vec::new();
        if laws.has(Law::RoundTrip) {
            broken = aggregate.raised().read_back(&mut self.raised);
        }
        // They are no part of the state, and would show in the text.
        let raised = mem::take(aggregate.raised_mut());
        let name = (A::NAME, Some(&*self.id));
        if laws.has(Law::RoundTrip)
            && let Some(state) = &mut self.state
        {
            broken.extend(read_back(name, aggregate, state, A::is_same_as));
        }
        if laws.has(Law::Fold)
            && let Some(history) = history
            && let Some(folded) = fold(history.iter().chain(&self.raised))
        {
            broken.extend(compare(Law::Fold, name, aggregate, folded, A::is_same_as));
        }
        *aggregate.raised_mut() = raised;
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
pub fn broken_laws<A: Aggregate>(
    aggregate: &mut A,
    history: Option<&[Written]>,
    laws: Laws,
) -> Result<Vec<BrokenLaw>, Error> {
    let mut written = WrittenAggregate::of(aggregate)?;
    Ok(written.broken_after(aggregate, history, laws))
}

/// What events make of an aggregate; nothing if it is kept as state.
fn fold<'w, A: Aggregate>(events: impl Iterator<Item = &'w Written>) -> Option<Result<A, Error>> {
    let mut folded = A::initial()?;
    // The name of the domain does not matter to a fold.
    let domain = Arc::from("");
    let mut events = events;
    let folding = events.try_for_each(|event| {
        folded.replay(&MessageType::new(&domain, event.name), &event.payload)
    });
    Some(folding.map(|()| folded))
}

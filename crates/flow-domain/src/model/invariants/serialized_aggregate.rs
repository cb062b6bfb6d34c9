use std::{mem, sync::Arc};

use crate::{
    error::Error,
    message::{MessageType, Payload, require_key},
    model::{
        Aggregate, SerializedMessage,
        invariants::{check_fold, check_round_trip, check_round_trips},
    },
    record::{Invariant, InvariantSet, InvariantViolation},
};

/// A serialized aggregate with the events that it raised, without its Rust type.
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
    /// Serializes an aggregate.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if the aggregate, or one of its
    /// events, has no JSON form. Returns an error for which [`Error::is_setup`] is true if its key is
    /// invalid, or if it is event-sourced and raised no events. Then there is nothing to store.
    pub fn new<A: Aggregate>(aggregate: &A) -> Result<Self, Error> {
        let serialized = Self::from_aggregate(aggregate)?;
        require_key(A::NAME, A::ID_FIELD, &serialized.id)?;
        if A::EVENT_SOURCED && serialized.raised.is_empty() {
            return Err(Error::setup(format!(
                "`{}` is event-sourced and raised no events, so there is nothing to store",
                A::NAME
            )));
        }

        Ok(serialized)
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

    /// Returns the invariants that `aggregate` violates.
    ///
    /// `aggregate` must be the one from which this value was serialized.
    /// Its state and its events must be equal after a round trip. An event-sourced aggregate must
    /// equal the fold of its events.
    pub fn invariant_violations<A: Aggregate>(
        &mut self,
        mut aggregate: A,
    ) -> Vec<InvariantViolation> {
        self.violations_after(&mut aggregate, Some(&[]), InvariantSet::all())
    }

    /// Returns the invariants of the set that `aggregate` violates.
    ///
    /// `history` has the events that were stored before. If it is `None`, nothing is folded.
    fn violations_after<A: Aggregate>(
        &mut self,
        aggregate: &mut A,
        history: Option<&[SerializedMessage]>,
        invariants: InvariantSet,
    ) -> Vec<InvariantViolation> {
        let mut violations = Vec::new();
        if invariants.has(Invariant::RoundTrip) {
            violations = check_round_trips(aggregate.raised(), &mut self.raised);
        }

        // The raised events are not part of the state, but would appear in its `Debug` text. The
        // last lines put them back.
        let raised = mem::take(aggregate.pending_events_mut());
        let name_and_id = (A::NAME, Some(&*self.id));

        if invariants.has(Invariant::RoundTrip)
            && let Some(state) = &mut self.state
        {
            violations.extend(check_round_trip(name_and_id, aggregate, state, A::try_eq));
        }

        if invariants.has(Invariant::Fold)
            && let Some(history) = history
        {
            let folded = fold(history.iter().chain(&self.raised));
            let is_new = history.is_empty();
            violations.extend(check_fold(&self.id, aggregate, folded, is_new));
        }

        *aggregate.pending_events_mut() = raised;
        violations
    }
}

/// Returns the invariants of the set that an aggregate violates after it has decided something.
///
/// Its new events must be equal after a round trip. So must its state, if it is stored as state. An
/// event-sourced aggregate must equal the fold of `history` and its new events. Without a history
/// nothing is folded.
///
/// # Errors
///
/// Returns an error for which [`Error::is_codec`] is true if the aggregate, or one of its events,
/// has no JSON form.
pub fn invariant_violations<A: Aggregate>(
    aggregate: &mut A,
    history: Option<&[SerializedMessage]>,
    invariants: InvariantSet,
) -> Result<Vec<InvariantViolation>, Error> {
    let mut serialized = SerializedAggregate::from_aggregate(aggregate)?;
    Ok(serialized.violations_after(aggregate, history, invariants))
}

/// Folds events into an aggregate. Returns `None` if there are none, or if it is stored as state.
fn fold<'e, A: Aggregate>(
    events: impl Iterator<Item = &'e SerializedMessage>,
) -> Option<Result<A, Error>> {
    let mut events = events.peekable();
    events.peek()?;
    let mut aggregate = A::initial()?;
    // `replay` ignores the domain of the message type.
    let domain = Arc::from("");

    let replayed = events.try_for_each(|event| {
        aggregate.replay(&MessageType::new(&domain, event.name), &event.payload)
    });

    Some(replayed.map(|()| aggregate))
}

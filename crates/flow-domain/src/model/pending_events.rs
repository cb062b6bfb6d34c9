use std::{fmt, sync::Arc};

use crate::{
    error::Error,
    model::{AnyEvent, DynMessage, Event, IntoMessages, SerializedMessage},
    record::InvariantViolation,
};

/// The events that an aggregate raised, until the unit of work takes them.
///
/// It is no part of the aggregate's state: two buffers are always equal, and it belongs behind
/// `#[serde(skip)]`. It also remembers which copy of the aggregate this is, so that of two copies that
/// were loaded the older cannot be written over the newer.
#[derive(Clone, Default)]
pub struct PendingEvents {
    events: Vec<Arc<dyn PendingEvent>>,
    load_token: Option<LoadToken>,
}

/// Which copy of a stored aggregate it is.
#[derive(Clone, Debug)]
pub(crate) struct LoadToken {
    /// The id that it was loaded by.
    pub(crate) id: Arc<str>,
    /// How often the aggregate had been added in its unit of work before.
    pub(crate) revision: u32,
}

trait PendingEvent: DynMessage + Send + Sync {}

impl<E: Event> PendingEvent for E {}

impl PendingEvents {
    pub(crate) fn push(&mut self, event: impl Event) {
        self.events.push(Arc::new(event));
    }

    /// Marks the aggregate as this copy of what is stored.
    pub(crate) fn set_load_token(&mut self, copy: LoadToken) {
        self.load_token = Some(copy);
    }

    pub(crate) fn load_token(&self) -> Option<&LoadToken> {
        self.load_token.as_ref()
    }

    /// Returns the events for reading and comparing.
    pub fn events(&self) -> RaisedEvents<'_> {
        RaisedEvents { pending: self }
    }
}

impl fmt::Debug for PendingEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.events).finish()
    }
}

impl PartialEq for PendingEvents {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for PendingEvents {}

/// The events that an aggregate raised, to be compared with what was expected.
///
/// It equals one event, or a tuple, an array or a `Vec` of events, if they are the same in the same
/// order; `()` if there are none.
#[derive(Clone, Copy)]
pub struct RaisedEvents<'a> {
    pending: &'a PendingEvents,
}

impl RaisedEvents<'_> {
    /// How many were raised.
    pub fn len(&self) -> usize {
        self.pending.events.len()
    }

    /// Returns true if nothing was raised.
    pub fn is_empty(&self) -> bool {
        self.pending.events.is_empty()
    }

    /// Writes the events down, in order.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if one has no JSON form.
    pub fn to_serialized(&self) -> Result<Vec<SerializedMessage>, Error> {
        let mut written = Vec::with_capacity(self.len());
        for event in &self.pending.events {
            written.push(event.to_serialized()?);
        }
        Ok(written)
    }

    /// Reads back what the events were written as, and tells which are something else.
    pub(crate) fn check_round_trips(
        self,
        written: &mut [SerializedMessage],
    ) -> Vec<InvariantViolation> {
        let events = self.pending.events.iter().zip(written);
        events
            .filter_map(|(event, written)| event.check_round_trip(written))
            .collect()
    }
}

impl fmt::Debug for RaisedEvents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.pending, f)
    }
}

impl<L: IntoMessages<AnyEvent>> PartialEq<L> for RaisedEvents<'_> {
    fn eq(&self, expected: &L) -> bool {
        let mut events = self.pending.events.iter();
        let same = expected.try_for_each(&mut |expected| match events.next() {
            Some(found)
                if found
                    .to_serialized()?
                    .has_same_content(&expected.to_serialized()?) =>
            {
                Ok(())
            }
            _ => Err(Error::setup("differs")),
        });

        same.is_ok() && events.next().is_none()
    }
}

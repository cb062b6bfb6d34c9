use std::{fmt, sync::Arc};

use crate::{
    error::Error,
    model::{AnyEvent, DynMessage, Event, IntoMessages, SerializedMessage},
};

/// How many events an aggregate may raise in a test before they are taken. More would exhaust the memory.
#[cfg(feature = "testing")]
const MAX_EVENTS: usize = 1_000_000;

/// The events that an aggregate raised, until the unit of work takes them.
///
/// It is not part of the aggregate's state: two buffers are always equal, and the field needs
/// `#[serde(skip)]`. It also has a token of the loaded copy. With the token, a unit of work refuses
/// to write an older copy over a newer one.
#[derive(Clone, Default)]
pub struct PendingEvents {
    events: Vec<Arc<dyn PendingEvent>>,
    load_token: Option<LoadToken>,
}

/// Identifies one loaded copy of a stored aggregate.
#[derive(Clone, Debug)]
pub(crate) struct LoadToken {
    /// The id by which the aggregate was loaded.
    pub(crate) id: Arc<str>,
    /// How often the unit of work had added the aggregate before this copy was loaded.
    pub(crate) revision: u32,
}

trait PendingEvent: DynMessage + Send + Sync {}

impl<E: Event> PendingEvent for E {}

impl PendingEvents {
    pub(crate) fn push(&mut self, event: impl Event) {
        #[cfg(feature = "testing")]
        assert!(
            self.events.len() < MAX_EVENTS,
            "an aggregate raised {MAX_EVENTS} events in one call, so it probably never ends: end the loop that raises"
        );

        self.events.push(Arc::new(event));
    }

    /// Marks the aggregate as the loaded copy with this token.
    pub(crate) fn set_load_token(&mut self, token: LoadToken) {
        self.load_token = Some(token);
    }

    pub(crate) fn load_token(&self) -> Option<&LoadToken> {
        self.load_token.as_ref()
    }

    /// Returns the events, to read and compare them.
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

/// The events that an aggregate raised, for comparison with expected events.
///
/// They equal one event, or a tuple, an array or a `Vec` with the same events in the same order. If
/// there are no events, they equal `()`.
#[derive(Clone, Copy)]
pub struct RaisedEvents<'a> {
    pending: &'a PendingEvents,
}

impl RaisedEvents<'_> {
    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.pending.events.len()
    }

    /// Returns true if there are no events.
    pub fn is_empty(&self) -> bool {
        self.pending.events.is_empty()
    }

    /// Serializes the events, in order.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if an event has no JSON form.
    #[doc(hidden)]
    pub fn to_serialized(&self) -> Result<Vec<SerializedMessage>, Error> {
        let mut serialized = Vec::with_capacity(self.len());
        for event in self.iter() {
            serialized.push(event.to_serialized()?);
        }
        Ok(serialized)
    }

    /// Returns the events, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn DynMessage> {
        self.pending
            .events
            .iter()
            .map(|event| &**event as &dyn DynMessage)
    }
}

impl fmt::Debug for RaisedEvents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.pending, f)
    }
}

/// Returns true if two events are of the same kind and have the same content.
fn is_equal(raised: &dyn DynMessage, expected: &dyn DynMessage) -> Result<bool, Error> {
    let same_content = expected.same_content();
    let (raised, expected) = (raised.to_serialized()?, expected.to_serialized()?);

    Ok(raised.has_same_name(&expected) && same_content(&raised.payload, &expected.payload))
}

impl<L: IntoMessages<AnyEvent>> PartialEq<L> for RaisedEvents<'_> {
    fn eq(&self, expected: &L) -> bool {
        let mut raised_events = self.iter();
        let comparison = expected.try_for_each(&mut |expected| match raised_events.next() {
            Some(raised) if is_equal(raised, expected)? => Ok(()),
            // The error only ends the iteration.
            _ => Err(Error::setup("differs")),
        });

        comparison.is_ok() && raised_events.next().is_none()
    }
}

use std::{fmt, sync::Arc};

use crate::{
    error::Error,
    model::{AnyEvent, Event, ListedMessage, MessageList, Written},
    record::BrokenLaw,
};

/// The events that an aggregate raised, until the unit of work takes them.
///
/// It is no part of the aggregate's state: two buffers are always equal, and it belongs behind
/// `#[serde(skip)]`. It also remembers which copy of the aggregate this is, so that of two copies that
/// were loaded the older cannot be written over the newer.
#[derive(Clone, Default)]
pub struct Raised {
    events: Vec<Arc<dyn RaisedEvent>>,
    copy: Option<LoadedCopy>,
}

/// Which copy of a stored aggregate it is.
#[derive(Clone, Debug)]
pub(crate) struct LoadedCopy {
    /// The id that it was loaded by.
    pub(crate) id: Arc<str>,
    /// How often the aggregate had been added in its unit of work before.
    pub(crate) n_adds: u32,
}

trait RaisedEvent: ListedMessage + Send + Sync {}

impl<E: Event> RaisedEvent for E {}

impl Raised {
    pub(crate) fn push(&mut self, event: impl Event) {
        self.events.push(Arc::new(event));
    }

    /// Marks the aggregate as this copy of what is stored.
    pub(crate) fn mark(&mut self, copy: LoadedCopy) {
        self.copy = Some(copy);
    }

    pub(crate) fn copy(&self) -> Option<&LoadedCopy> {
        self.copy.as_ref()
    }

    /// Returns the events for reading and comparing.
    pub fn events(&self) -> RaisedEvents<'_> {
        RaisedEvents { raised: self }
    }
}

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.events).finish()
    }
}

impl PartialEq for Raised {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Raised {}

/// The events that an aggregate raised, to be compared with what was expected.
///
/// It equals one event, or a tuple, an array or a `Vec` of events, if they are the same in the same
/// order; `()` if there are none.
#[derive(Clone, Copy)]
pub struct RaisedEvents<'a> {
    raised: &'a Raised,
}

impl RaisedEvents<'_> {
    /// How many were raised.
    pub fn len(&self) -> usize {
        self.raised.events.len()
    }

    /// Returns true if nothing was raised.
    pub fn is_empty(&self) -> bool {
        self.raised.events.is_empty()
    }

    /// Writes the events down, in order.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if one has no JSON form.
    pub fn written(&self) -> Result<Vec<Written>, Error> {
        let mut written = Vec::with_capacity(self.len());
        for event in &self.raised.events {
            written.push(event.write()?);
        }
        Ok(written)
    }

    /// Reads back what the events were written as, and tells which are something else.
    pub(crate) fn read_back(self, written: &mut [Written]) -> Vec<BrokenLaw> {
        let events = self.raised.events.iter().zip(written);
        events
            .filter_map(|(event, written)| event.read_back(written))
            .collect()
    }
}

impl fmt::Debug for RaisedEvents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.raised, f)
    }
}

impl<L: MessageList<AnyEvent>> PartialEq<L> for RaisedEvents<'_> {
    fn eq(&self, expected: &L) -> bool {
        let mut events = self.raised.events.iter();
        let same = expected.try_for_each(&mut |expected| match events.next() {
            Some(found) if found.write()?.equals(&expected.write()?) => Ok(()),
            _ => Err(Error::setup("differs")),
        });
        same.is_ok() && events.next().is_none()
    }
}

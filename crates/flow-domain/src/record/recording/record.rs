use std::{collections::BTreeSet, fmt, num::NonZeroU32};

use crate::{
    clock::Timestamp,
    message::MessageLabels,
    record::{EntryId, EntryKind, HandlerOutcome, recording::effect_links::LazyEffectLinks},
};

/// One entry of a record.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Its id, which is also its index in the record.
    pub id: EntryId,
    /// The entry that caused it; `None` for an entry that came from outside.
    pub cause: Option<EntryId>,
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    pub kind: EntryKind,
}

/// The causal record of a run: everything that happened, each entry with its cause.
///
/// Two records of the same test flow are equal, entry by entry. Their texts are equal, too.
///
/// The entries are numbered in the order in which they happened. Each entry names its cause:
///
/// | entry | cause |
/// |---|---|
/// | a command was received | the start of the handler that issued it; none for a command from outside |
/// | a handler started, or nobody handles the message | the command, or the appended event |
/// | an event was raised, a state was changed or not found, a handler ended | the start of the handler |
/// | an event was appended | the entry that raised it; none for an event from outside |
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{PlaceOrder, shop};
/// use std::sync::Arc;
/// use flow_domain::{
///     App,
///     adapter::memory::MemoryStore,
///     record::{EntryKind, Record, Recorder},
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let recorder = Arc::new(Recorder::default());
/// let app = App::builder(shop()?)
///     .store(MemoryStore::default())
///     .recorder(Arc::clone(&recorder))
///     .start();
/// app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
///
/// let mut record = Record::default();
/// recorder.drain_into(&mut record);
/// let last = record.entries().last().expect("something happened");
/// let first = record.causes(last.id).last().expect("it has a cause");
/// assert!(matches!(first.kind, EntryKind::CommandReceived(_)));
/// # Ok::<(), flow_domain::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    entries: Vec<Entry>,
    /// Which entry caused which, so that [`effects`](Self::effects) searches nothing.
    effects: LazyEffectLinks,
    labels: MessageLabels,
    pub(super) compared_by_json: BTreeSet<&'static str>,
}

impl Record {
    /// Sets how texts name the messages of the domain.
    #[doc(hidden)]
    pub fn set_labels(&mut self, labels: MessageLabels) {
        self.labels = labels;
    }

    /// Returns how texts name the messages of the domain.
    #[doc(hidden)]
    pub fn labels(&self) -> &MessageLabels {
        &self.labels
    }

    /// Moves all of `entries` to the end of the record.
    pub(super) fn append(&mut self, entries: &mut Vec<Entry>) {
        self.effects.extend(entries);
        self.entries.append(entries);
    }

    /// Returns all entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the types without `PartialEq`, whose values were compared by their JSON only.
    ///
    /// Process managers are not among them: nothing shows whether their types implement `PartialEq`.
    pub fn compared_by_json(&self) -> &BTreeSet<&'static str> {
        &self.compared_by_json
    }

    /// Returns the entry with this id.
    ///
    /// # Panics
    ///
    /// Panics if the id is from another, longer record.
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.index()]
    }

    /// Returns the entries that `id` directly caused, in order.
    pub fn effects(&self, id: EntryId) -> impl Iterator<Item = &Entry> {
        let links = self.effects.get(&self.entries);
        links.of(id).map(|effect| self.entry(effect))
    }

    /// Returns true if the handler call that began at `start` lost a race and was repeated.
    pub fn has_lost_race(&self, start: EntryId) -> bool {
        matches!(self.call_outcome(start), Some(HandlerOutcome::LostRace(_)))
    }

    /// Returns how the handler call that began at `start` ended; `None` if it has not ended.
    pub fn call_outcome(&self, start: EntryId) -> Option<&HandlerOutcome> {
        match &self
            .entry(self.effects.get(&self.entries).end_of(start)?)
            .kind
        {
            EntryKind::HandlerEnded(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Returns the entries that caused `id`, nearest first.
    pub fn causes(&self, id: EntryId) -> impl Iterator<Item = &Entry> {
        std::iter::successors(self.entry(id).cause, |id| self.entry(*id).cause)
            .map(|id| self.entry(id))
    }
}

/// One line for each entry: its number, its cause, the time, and what happened with all ids and
/// values.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in self.entries() {
            writeln!(f, "{entry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.id.index())?;
        if let Some(cause) = self.cause {
            write!(f, " <- #{}", cause.index())?;
        }
        write!(f, " {} {}", self.time, self.kind)
    }
}

impl EntryId {
    pub(super) fn from_index(idx: usize) -> Self {
        let number = u32::try_from(idx)
            .ok()
            .and_then(|idx| NonZeroU32::new(idx.wrapping_add(1)));
        number.map_or(Self::UNRECORDED, Self)
    }

    /// Returns the index of the entry in its record.
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

use std::{fmt, sync::Arc};

use flow_domain::{
    Aggregate, Event, ProcessManager, Projection,
    engine::Remaining,
    message::{Envelope, MessageKind, Payload, Recorded},
    record::{Entry, EntryId, EntryKind, Invariant, InvariantSet, Record, TableKind},
};
use serde::de::DeserializeOwned;

use crate::{
    flow::{DisabledInvariant, Plan, Resources, Setup},
    report::{RenderOptions, Story, chain_text, mermaid_text, rolled_back_by},
    run::{ActOutcome, Log, Warning, invariants::silent_changes, logs::Logs},
    system::System,
};

/// What a run left behind, for ordinary asserts.
///
/// What is read here is read from the record of the run: it is what was stored last. Lists of events
/// are of the acts; what was given is not among them.
pub struct Outcome {
    system: Box<dyn System>,
    resources: Resources,
    record: Record,
    /// How many entries of the record are older than the first act.
    n_given_entries: usize,
    acts: Vec<ActOutcome>,
    story: Story,
    logs: Arc<Logs>,
    setup: Arc<Setup>,
    invariants: InvariantSet,
    /// The laws that are not looked after, besides those of the harness.
    disabled_invariants: Vec<DisabledInvariant>,
    warnings: Vec<Warning>,
}

impl Outcome {
    pub(super) fn new(system: Box<dyn System>, resources: Resources, plan: &Plan<'_>) -> Self {
        Self {
            system,
            resources,
            record: Record::default(),
            n_given_entries: 0,
            acts: Vec::new(),
            story: Story::default(),
            logs: Arc::default(),
            setup: Arc::clone(&plan.setup),
            invariants: plan.invariants,
            disabled_invariants: plan.disabled_invariants.clone(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn update_record(&mut self) -> std::ops::Range<usize> {
        let before = self.record.entries().len();
        self.system.update_record(&mut self.record);
        before..self.record.entries().len()
    }

    pub(super) fn mark_end_of_given(&mut self) {
        self.n_given_entries = self.record.entries().len();
    }

    pub(super) fn add_act(&mut self, act: ActOutcome) {
        self.acts.push(act);
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    pub(super) fn set_story(&mut self, story: Story) {
        self.story = story;
    }

    pub(crate) fn step(&self, idx: usize) -> String {
        self.story.describe_step(idx)
    }

    pub(crate) fn n_skipped(&self) -> usize {
        self.story.n_skipped()
    }

    pub(crate) fn system(&self) -> &dyn System {
        &*self.system
    }

    pub(super) fn system_mut(&mut self) -> &mut dyn System {
        &mut *self.system
    }

    /// What waits for an engine after the last act: nothing, unless the harness is
    /// [`paused`](crate::FlowHarness::paused).
    pub fn remaining(&self) -> &Remaining {
        self.system.remaining()
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.system.is_paused()
    }

    /// Whether events were handled inline, without an engine.
    pub(crate) fn is_inline(&self) -> bool {
        self.system.is_inline()
    }

    pub(super) fn shared_logs(&self) -> &Arc<Logs> {
        &self.logs
    }

    /// What handlers wrote through `tracing`, from `DEBUG` up and in order: the first thousand lines. What
    /// a task that a handler spawned writes is not among them.
    ///
    /// It is no part of the record, for it may have addresses and times in it.
    pub fn logs(&self) -> Vec<Log> {
        self.logs.all()
    }

    /// The acts of the sentence, in order.
    pub fn acts(&self) -> &[ActOutcome] {
        &self.acts
    }

    /// The last act, and the commands that were handed over at the same time.
    pub(crate) fn overlapping_acts(&self) -> &[ActOutcome] {
        let n = self.acts.last().map_or(0, ActOutcome::n_overlapping);
        &self.acts[self.acts.len() - n..]
    }

    /// The last act.
    ///
    /// # Panics
    ///
    /// Panics if there was none yet, which a closure in the first act could see.
    #[track_caller]
    pub fn last_act(&self) -> &ActOutcome {
        self.acts.last().expect("nothing has happened yet")
    }

    /// Everything that happened, in order.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What happened since the first act.
    pub(crate) fn act_entries(&self) -> impl Iterator<Item = &Entry> {
        self.record.entries()[self.n_given_entries..].iter()
    }

    /// How many entries of the record are older than the first act.
    pub(crate) fn n_given_entries(&self) -> usize {
        self.n_given_entries
    }

    /// How many entries of the record are older than the last act.
    pub(crate) fn n_before_last_act(&self) -> usize {
        let acts = self.overlapping_acts();
        acts.first().map_or(0, |act| act.entries.start)
    }

    pub(crate) fn last_act_entries(&self) -> &[Entry] {
        match self.acts.last() {
            Some(act) => &self.record.entries()[act.entries.clone()],
            None => &[],
        }
    }

    /// The events that were raised in the acts so far, in the order in which they were stored.
    pub fn events(&self) -> Vec<Recorded> {
        self.act_entries()
            .filter_map(raised_event)
            .cloned()
            .collect()
    }

    /// The events of type `E` that were raised in the acts so far.
    ///
    /// # Panics
    ///
    /// Panics if a stored event cannot be read back as an `E`.
    #[track_caller]
    pub fn events_of<E: Event>(&self) -> Vec<E> {
        let of_type = self
            .event_envelopes()
            .filter(|one| crate::expect::matches_type::<E>(one));
        of_type
            .map(|envelope| decode_stored(&envelope.message, E::NAME))
            .collect()
    }

    pub(crate) fn event_envelopes(&self) -> impl Iterator<Item = &Envelope> {
        self.act_entries()
            .filter_map(raised_event)
            .map(|event| &*event.envelope)
    }

    pub(crate) fn last_act_events(&self) -> impl Iterator<Item = &Envelope> {
        let entries = self.last_act_entries().iter();
        entries
            .filter_map(raised_event)
            .map(|event| &*event.envelope)
    }

    /// The commands that handlers issued because of the last act, each with the handler with whose
    /// work it was rolled back, if it was.
    pub(crate) fn last_act_commands(
        &self,
    ) -> impl Iterator<Item = (&Envelope, Option<&'static str>)> {
        self.last_act_entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::CommandReceived(envelope) if entry.cause.is_some() => {
                    Some((&**envelope, rolled_back_by(entry, &self.record)))
                }
                _ => None,
            })
    }

    /// What the handler of the last command answered, if it answered with an `R`.
    pub fn reply<R: 'static>(&self) -> Option<&R> {
        self.acts.last()?.reply()?.downcast_ref()
    }

    /// The row of a projection with this id, as it was stored last.
    ///
    /// # Panics
    ///
    /// Panics if the stored row cannot be read back as a `P`.
    #[track_caller]
    pub fn projection<P: Projection>(&self, id: impl fmt::Display) -> Option<P> {
        self.read_stored(TableKind::Projection, P::NAME, &id.to_string())
    }

    /// All rows of a projection, by id, as they were stored last.
    ///
    /// # Panics
    ///
    /// Panics if a stored row cannot be read back as a `P`.
    #[track_caller]
    pub fn projections<P: Projection>(&self) -> Vec<P> {
        let mut rows: Vec<(&str, &Payload)> = Vec::new();
        for entry in self.record.entries() {
            let EntryKind::StateChanged(written) = &entry.kind else {
                continue;
            };
            if written.table.kind == TableKind::Projection && written.table.name == P::NAME {
                rows.retain(|(known, _)| *known != &*written.id);
                rows.extend(written.after.as_ref().map(|now| (&*written.id, now)));
            }
        }

        rows.sort_by_key(|(id, _)| *id);
        rows.iter()
            .map(|(_, row)| decode_stored(row, P::NAME))
            .collect()
    }

    /// The process manager with this correlation key, as it was stored last.
    ///
    /// # Panics
    ///
    /// Panics if the stored state cannot be read back as an `M`.
    #[track_caller]
    pub fn process_manager<M: ProcessManager>(&self, key: impl fmt::Display) -> Option<M> {
        self.read_stored(TableKind::ProcessManager, M::name(), &key.to_string())
    }

    /// The aggregate with this id, as it was stored last.
    ///
    /// # Panics
    ///
    /// Panics if the stored state or one of the events cannot be read back.
    #[track_caller]
    pub fn aggregate<A: Aggregate>(&self, id: impl fmt::Display) -> Option<A> {
        let id = id.to_string();
        if !A::EVENT_SOURCED {
            return self.read_stored(TableKind::Aggregate, A::NAME, &id);
        }

        let events = self
            .record
            .entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Appended(event) => Some(event),
                _ => None,
            });
        let own = events
            .filter(|event| event.stream().category() == A::CATEGORY && event.stream().id() == id);

        own.fold(None, |aggregate: Option<A>, event| {
            let mut aggregate = aggregate.or_else(A::initial)?;
            let Envelope { metadata, message } = &*event.envelope;
            if let Err(err) = aggregate.replay(&metadata.message_type, message) {
                panic!("{} `{id}` cannot be folded: {}", A::NAME, err.with_causes());
            }
            Some(aggregate)
        })
    }

    #[track_caller]
    fn read_stored<T: DeserializeOwned + 'static>(
        &self,
        of: TableKind,
        name: &'static str,
        wanted: &str,
    ) -> Option<T> {
        let mut writes = self
            .record
            .entries()
            .iter()
            .rev()
            .filter_map(|entry| match &entry.kind {
                EntryKind::StateChanged(written) => Some(written),
                _ => None,
            });

        let last = writes.find(|written| {
            let table = written.table;
            table.kind == of && table.name == name && *written.id == *wanted
        })?;
        last.after.as_ref().map(|value| decode_stored(value, name))
    }

    /// What is no failure and may well be a mistake: an expectation that is always met, an aggregate that
    /// changed without an event ([`Invariant::SilentChange`](crate::Invariant::SilentChange)).
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.warnings.clone();
        if self.invariants.has(Invariant::SilentChange) {
            let category_of = |aggregate: &str| self.system.category_of(aggregate);
            warnings.extend(silent_changes(&self.record, category_of));
        }
        warnings
    }

    /// Those of which nobody hears who does not ask.
    pub(super) fn warnings_to_print(&self) -> &[Warning] {
        &self.warnings
    }

    /// The laws that are not looked after.
    pub(crate) fn disabled_invariants(&self) -> impl Iterator<Item = &DisabledInvariant> {
        self.setup
            .disabled_invariants
            .iter()
            .chain(&self.disabled_invariants)
    }

    pub(super) fn resources(&self) -> &Resources {
        &self.resources
    }

    /// The fake of type `T` that the handlers of this run used.
    ///
    /// # Panics
    ///
    /// Panics if the harness was not told how to make one.
    #[track_caller]
    pub fn resource<T: Send + Sync + 'static>(&self) -> Arc<T> {
        self.resources.get()
    }

    pub(crate) fn find_resource<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.resources.find()
    }

    /// The sentence as prose, a line for each step.
    pub fn story(&self) -> String {
        self.render_story(&RenderOptions::UNLIMITED)
    }

    pub(crate) fn render_story(&self, page: &RenderOptions) -> String {
        self.story.render(&self.acts, page)
    }

    /// What the acts caused, as a tree.
    pub fn chain(&self) -> String {
        self.render_chain(
            None,
            &RenderOptions {
                n_lines: RenderOptions::PLAIN.n_lines,
                ..RenderOptions::UNLIMITED
            },
        )
    }

    /// What the acts caused, as a sequence diagram of [Mermaid](https://mermaid.js.org): who handed which
    /// message to whom, in order. For documentation and reviews; the same for the same sentence.
    pub fn mermaid(&self) -> String {
        mermaid_text(&self.record, self.n_given_entries)
    }

    /// The chain with a mark at the line that tells of `here`.
    pub(crate) fn render_chain(&self, here: Option<EntryId>, page: &RenderOptions) -> String {
        // What was given is drawn if the cause lies there.
        let is_given = here.is_some_and(|here| here.index() < self.n_given_entries);
        let start = if is_given { 0 } else { self.n_given_entries };
        let part = start..self.record.entries().len();
        chain_text(&self.record, part, here, &self.logs(), page)
    }
}

/// The event that a handler raised and that was stored, if that is what happened.
fn raised_event(entry: &Entry) -> Option<&Recorded> {
    match &entry.kind {
        // What came from outside was not raised by anybody here.
        EntryKind::Appended(event) if entry.cause.is_some() => {
            debug_assert_eq!(event.metadata().kind, MessageKind::Event);
            Some(event)
        }
        _ => None,
    }
}

#[track_caller]
fn decode_stored<T: DeserializeOwned + 'static>(payload: &Payload, name: &'static str) -> T {
    match payload.decode(name) {
        Ok(value) => value,
        Err(err) => panic!("{} (from {})", err.with_causes(), payload.as_json()),
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("acts", &self.acts)
            .field("resources", &self.resources)
            .finish_non_exhaustive()
    }
}

use std::{fmt, sync::Arc};

use flow_domain::{
    Aggregate, Event, ProcessManager, Projection,
    message::{Envelope, MessageKind, Payload, Recorded},
    record::{Entry, EntryId, EntryKind, Invariant, InvariantSet, Record, TableKind},
    testing::Remaining,
};
use serde::de::DeserializeOwned;

use crate::{
    expect::matches_type,
    flow::{DisabledInvariant, Plan, Resources, Setup},
    report::{RenderOptions, Story, chain_text, mermaid_text, rolled_back_by},
    run::{ActOutcome, Log, Warning, invariants::silent_changes, logs::Logs},
    system::System,
};

/// The outcome of a flow, for ordinary asserts.
///
/// States are read from the record of the run, as they were stored last. Lists of events hold the
/// events of the acts, without the given events.
pub struct Outcome {
    system: Box<dyn System>,
    resources: Resources,
    record: Record,
    /// The number of entries in the record before the first act.
    n_given_entries: usize,
    acts: Vec<ActOutcome>,
    story: Story,
    logs: Arc<Logs>,
    setup: Arc<Setup>,
    invariants: InvariantSet,
    /// The invariants that this flow disables, besides those that the harness disables.
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

    /// Adds to the record what happened since the last update, and returns the new range.
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

    /// Describes the step with this index as text.
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

    /// Returns the messages that are pending after the last act.
    ///
    /// There are none unless the harness is [`paused`](crate::FlowHarness::paused).
    pub fn remaining(&self) -> &Remaining {
        self.system.remaining()
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.system.is_paused()
    }

    /// Returns true if events were handled inline, without an engine.
    pub(crate) fn is_inline(&self) -> bool {
        self.system.is_inline()
    }

    pub(super) fn shared_logs(&self) -> &Arc<Logs> {
        &self.logs
    }

    /// Returns what handlers wrote through `tracing`, oldest first, from level `DEBUG` up.
    ///
    /// Only the first thousand lines are stored. Lines of spawned tasks are not included. The lines
    /// are not part of the record, because they may contain addresses and times.
    pub fn logs(&self) -> Vec<Log> {
        self.logs.all()
    }

    /// Returns the acts of the flow, in the order of its steps.
    pub fn acts(&self) -> &[ActOutcome] {
        &self.acts
    }

    /// Returns the last act, together with the commands that ran concurrently with it.
    pub(crate) fn overlapping_acts(&self) -> &[ActOutcome] {
        let n = self.acts.last().map_or(0, ActOutcome::n_overlapping);
        &self.acts[self.acts.len() - n..]
    }

    /// Returns the last act.
    ///
    /// # Panics
    ///
    /// Panics if no act has run yet. This can happen only in a closure of the first act.
    #[track_caller]
    pub fn last_act(&self) -> &ActOutcome {
        self.acts.last().expect("the flow has run no act yet")
    }

    /// Returns the record: everything that happened, oldest first.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Returns the entries of the record since the first act.
    pub(crate) fn act_entries(&self) -> impl Iterator<Item = &Entry> {
        self.record.entries()[self.n_given_entries..].iter()
    }

    /// Returns the number of entries in the record before the first act.
    pub(crate) fn n_given_entries(&self) -> usize {
        self.n_given_entries
    }

    /// Returns the number of entries in the record before the last act.
    pub(crate) fn n_before_last_act(&self) -> usize {
        self.overlapping_acts()
            .first()
            .map_or(0, |act| act.entries.start)
    }

    pub(crate) fn last_act_entries(&self) -> &[Entry] {
        match self.acts.last() {
            Some(act) => &self.record.entries()[act.entries.clone()],
            None => &[],
        }
    }

    /// Returns the events that the acts raised, in the order in which they were stored.
    pub fn events(&self) -> Vec<Recorded> {
        self.act_entries()
            .filter_map(raised_event)
            .cloned()
            .collect()
    }

    /// Returns the events of type `E` that the acts raised.
    ///
    /// # Panics
    ///
    /// Panics if a stored event cannot be read back as an `E`.
    #[track_caller]
    pub fn events_of<E: Event>(&self) -> Vec<E> {
        self.event_envelopes()
            .filter(|envelope| matches_type::<E>(envelope))
            .map(|envelope| decode_stored(&envelope.message, E::NAME))
            .collect()
    }

    pub(crate) fn event_envelopes(&self) -> impl Iterator<Item = &Envelope> {
        self.act_entries()
            .filter_map(raised_event)
            .map(|event| &*event.envelope)
    }

    pub(crate) fn last_act_events(&self) -> impl Iterator<Item = &Envelope> {
        self.last_act_entries()
            .iter()
            .filter_map(raised_event)
            .map(|event| &*event.envelope)
    }

    /// Returns the commands that handlers issued because of the last act.
    ///
    /// The second part is the handler whose failure rolled the command back, if one did.
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

    /// Returns the reply of the last command, if it is an `R`.
    pub fn reply<R: 'static>(&self) -> Option<&R> {
        self.acts.last()?.reply()?.downcast_ref()
    }

    /// Returns the row of a projection with this id, as it was stored last.
    ///
    /// # Panics
    ///
    /// Panics if the stored row cannot be read back as a `P`.
    #[track_caller]
    pub fn projection<P: Projection>(&self, id: impl fmt::Display) -> Option<P> {
        self.read_stored(TableKind::Projection, P::NAME, &id.to_string())
    }

    /// Returns all rows of a projection, ordered by id, as they were stored last.
    ///
    /// # Panics
    ///
    /// Panics if a stored row cannot be read back as a `P`.
    #[track_caller]
    pub fn projections<P: Projection>(&self) -> Vec<P> {
        let mut rows: Vec<(&str, &Payload)> = Vec::new();
        for entry in self.record.entries() {
            let EntryKind::StateChanged(change) = &entry.kind else {
                continue;
            };
            if change.table.kind == TableKind::Projection && change.table.name == P::NAME {
                rows.retain(|(id, _)| *id != &*change.id);
                rows.extend(change.after.as_ref().map(|after| (&*change.id, after)));
            }
        }

        rows.sort_by_key(|(id, _)| *id);
        rows.iter()
            .map(|(_, row)| decode_stored(row, P::NAME))
            .collect()
    }

    /// Returns the process manager with this correlation key, as it was stored last.
    ///
    /// # Panics
    ///
    /// Panics if the stored state cannot be read back as an `M`.
    #[track_caller]
    pub fn process_manager<M: ProcessManager>(&self, key: impl fmt::Display) -> Option<M> {
        self.read_stored(TableKind::ProcessManager, M::name(), &key.to_string())
    }

    /// Returns the aggregate with this id, as it was stored last.
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

        let own_events = self
            .record
            .entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Appended(event) => Some(event),
                _ => None,
            })
            .filter(|event| event.stream().category() == A::CATEGORY && event.stream().id() == id);

        own_events.fold(None, |aggregate: Option<A>, event| {
            let mut aggregate = aggregate.or_else(A::initial)?;
            let Envelope { metadata, message } = &*event.envelope;
            if let Err(err) = aggregate.replay(&metadata.message_type, message) {
                panic!("{} `{id}` cannot be folded: {}", A::NAME, err.with_causes());
            }
            Some(aggregate)
        })
    }

    /// Reads the value that was stored last in this table under this id.
    #[track_caller]
    fn read_stored<T: DeserializeOwned + 'static>(
        &self,
        kind: TableKind,
        name: &'static str,
        id: &str,
    ) -> Option<T> {
        let last = self
            .record
            .entries()
            .iter()
            .rev()
            .filter_map(|entry| match &entry.kind {
                EntryKind::StateChanged(change) => Some(change),
                _ => None,
            })
            .find(|change| {
                let table = change.table;
                table.kind == kind && table.name == name && *change.id == *id
            })?;

        last.after.as_ref().map(|value| decode_stored(value, name))
    }

    /// Returns likely mistakes that do not fail the flow.
    ///
    /// Examples are an expectation that always passes, and an aggregate that changes without an
    /// event ([`Invariant::SilentChange`](crate::Invariant::SilentChange)).
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.warnings.clone();
        if self.invariants.has(Invariant::SilentChange) {
            let category_of = |aggregate: &str| self.system.category_of(aggregate);
            warnings.extend(silent_changes(&self.record, category_of));
        }
        warnings
    }

    /// Returns the warnings that are printed when the flow passes: not those about an invariant.
    pub(super) fn warnings_to_print(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns the invariants that are disabled, by the harness or by this flow.
    pub(crate) fn disabled_invariants(&self) -> impl Iterator<Item = &DisabledInvariant> {
        self.setup
            .disabled_invariants
            .iter()
            .chain(&self.disabled_invariants)
    }

    pub(super) fn resources(&self) -> &Resources {
        &self.resources
    }

    /// Returns the resource of type `T` that the handlers of this run used.
    ///
    /// # Panics
    ///
    /// Panics if the harness has no such resource.
    #[track_caller]
    pub fn resource<T: Send + Sync + 'static>(&self) -> Arc<T> {
        self.resources.get()
    }

    pub(crate) fn find_resource<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.resources.find()
    }

    /// Returns the flow as text, with a line for each step.
    pub fn story(&self) -> String {
        self.render_story(&RenderOptions::UNLIMITED)
    }

    pub(crate) fn render_story(&self, options: &RenderOptions) -> String {
        self.story.render(&self.acts, options)
    }

    /// Returns what the acts caused, as a tree.
    pub fn chain(&self) -> String {
        self.render_chain(
            None,
            &RenderOptions {
                n_lines: RenderOptions::PLAIN.n_lines,
                ..RenderOptions::UNLIMITED
            },
        )
    }

    /// Returns what the acts caused, as a sequence diagram for [Mermaid](https://mermaid.js.org).
    ///
    /// It shows who sent which message to whom, in order. It is meant for documentation and
    /// reviews. The same flow always gives the same diagram.
    pub fn mermaid(&self) -> String {
        mermaid_text(&self.record, self.n_given_entries)
    }

    /// Returns the chain as a tree, with a mark at the line of the entry `here`.
    pub(crate) fn render_chain(&self, here: Option<EntryId>, options: &RenderOptions) -> String {
        // Given entries are left out, unless the marked one is among them.
        let is_given = here.is_some_and(|here| here.index() < self.n_given_entries);
        let start = if is_given { 0 } else { self.n_given_entries };
        let range = start..self.record.entries().len();
        chain_text(&self.record, range, here, &self.logs(), options)
    }
}

/// Returns the stored event of this entry, if a handler raised it.
fn raised_event(entry: &Entry) -> Option<&Recorded> {
    match &entry.kind {
        // An event without a cause came from outside.
        EntryKind::Appended(event) if entry.cause.is_some() => {
            debug_assert_eq!(event.metadata().kind, MessageKind::Event);
            Some(event)
        }
        _ => None,
    }
}

/// Decodes a stored state or event.
///
/// # Panics
///
/// Panics if the payload cannot be read back as a `T`.
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

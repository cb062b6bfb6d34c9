use std::{
    collections::BTreeSet,
    fmt,
    ops::Range,
    sync::{Arc, Mutex, OnceLock},
};

use flow_domain::{
    Event,
    message::{Envelope, MessageKind, Recorded},
    record::{Entry, EntryId, EntryKind, Invariant, InvariantSet, Record},
    testing::Remaining,
};

use crate::{
    chain::{chain_text, mermaid_text, rolled_back_by},
    logs::Logs,
    outcome::{
        ActOutcome, DisabledInvariant, Log, Story, Warning, act_writes::ActWrites,
        new_acts::NewActs, read_states::StateReads, silent_change::silent_changes,
        stored_values::decode_stored,
    },
    system::{Resources, System},
    value::{RenderOptions, matches_type},
    watchdog::{DropBegin, DropEnd, WatchedFlow},
};

/// The outcome of a flow, for ordinary asserts.
///
/// States are read from the record of the run, as they were stored last. Lists of events hold the
/// events of the acts, without the given events.
pub struct Outcome {
    // The first field, because its drop begins to watch the drop of the others.
    drop_begin: DropBegin,
    system: Box<dyn System>,
    resources: Resources,
    pub(super) record: Record,
    /// Whether it is the outcome of a unit test, which has no handlers.
    pub(crate) is_unit_test: bool,
    /// The number of entries in the record before the first act.
    pub(crate) n_given_entries: usize,
    pub(super) acts: Vec<ActOutcome>,
    /// Whether the test has chosen the mode, which it does to run in several.
    pub(crate) is_mode_chosen: bool,
    /// Where the acts since the last `then` step began.
    pub(super) new_acts: NewActs,
    /// The handlers whose messages became dead letters in the last act, once somebody asks for them.
    dead_lettered: OnceLock<BTreeSet<Option<&'static str>>>,
    /// The given step that failed. It is no act, and the flow ends there.
    pub(crate) failed_given: Option<ActOutcome>,
    pub(crate) story: Story,
    pub(crate) logs: Arc<Logs>,
    invariants: InvariantSet,
    /// The invariants that the harness or this flow disables.
    pub(crate) disabled_invariants: Arc<Vec<DisabledInvariant>>,
    warnings: Vec<Warning>,
    /// The warnings about the wiring of the domain.
    pub(crate) wiring_warnings: Arc<[Warning]>,
    /// The warnings that only a report shows: those about commands that changed nothing.
    warnings_of_report: Vec<Warning>,
    /// The types of messages of the test that do not implement `PartialEq`.
    pub(crate) compared_by_json: BTreeSet<&'static str>,
    /// The categories and ids of the aggregates that `then` steps read since the last act.
    pub(super) read_aggregates: Mutex<BTreeSet<(&'static str, String)>>,
    /// The states that were read for the present `then` step.
    pub(super) state_reads: Mutex<StateReads>,
    pub(super) act_writes: Mutex<ActWrites>,
    // The last field.
    drop_end: DropEnd,
}

impl Outcome {
    pub(crate) fn new(
        system: Box<dyn System>,
        resources: Resources,
        invariants: InvariantSet,
        disabled_invariants: Arc<Vec<DisabledInvariant>>,
    ) -> Self {
        let mut record = Record::default();
        record.set_labels(system.labels());

        Self {
            drop_begin: DropBegin::default(),
            system,
            resources,
            record,
            is_unit_test: false,
            n_given_entries: 0,
            acts: Vec::new(),
            is_mode_chosen: false,
            new_acts: NewActs::default(),
            dead_lettered: OnceLock::new(),
            failed_given: None,
            story: Story::default(),
            logs: Arc::default(),
            invariants,
            disabled_invariants,
            warnings: Vec::new(),
            wiring_warnings: Arc::default(),
            warnings_of_report: Vec::new(),
            compared_by_json: BTreeSet::new(),
            read_aggregates: Mutex::default(),
            state_reads: Mutex::default(),
            act_writes: Mutex::default(),
            drop_end: DropEnd::default(),
        }
    }

    /// Returns the outcome of a unit test, which has one act and no story.
    pub(crate) fn of_unit_test(
        system: Box<dyn System>,
        mut record: Record,
        n_given_entries: usize,
        act: ActOutcome,
    ) -> Self {
        let outcome = Self::new(
            system,
            Resources::default(),
            InvariantSet::NONE,
            Arc::default(),
        );
        record.set_labels(outcome.system.labels());
        Self {
            record,
            is_unit_test: true,
            n_given_entries,
            acts: vec![act],
            ..outcome
        }
    }

    /// Lets the watchdog check the drop of the fakes and the handlers.
    pub(crate) fn watch_drop(&mut self, flow: &Arc<WatchedFlow>) {
        (self.drop_begin, self.drop_end) = flow.drop_fields();
    }

    /// Adds to the record what happened since the last update, and returns the new range.
    pub(crate) fn update_record(&mut self) -> Range<usize> {
        let before = self.record.entries().len();
        self.system.update_record(&mut self.record);
        before..self.record.entries().len()
    }

    pub(crate) fn mark_end_of_given(&mut self) {
        self.n_given_entries = self.record.entries().len();
    }

    pub(crate) fn add_act(&mut self, act: ActOutcome) {
        self.acts.push(act);
        self.forget_read_aggregates();
        self.dead_lettered = OnceLock::new();
    }

    pub(crate) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// Adds a warning that is printed only if the flow fails.
    pub(crate) fn warn_if_failed(&mut self, warning: Warning) {
        self.warnings_of_report.push(warning);
    }

    pub(crate) fn system(&self) -> &dyn System {
        &*self.system
    }

    pub(crate) fn system_mut(&mut self) -> &mut dyn System {
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

    /// Returns true if the command of the last act was rejected or failed, so that it changed nothing.
    ///
    /// Then a test may expect that everything is as before. Of concurrent commands, all must be refused.
    pub(crate) fn is_last_act_refused(&self) -> bool {
        let acts = self.overlapping_acts();
        !acts.is_empty() && acts.iter().all(ActOutcome::is_refused)
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

    /// Returns the number of entries in the record before the last act.
    pub(crate) fn n_before_last_act(&self) -> usize {
        self.overlapping_acts()
            .first()
            .map_or(0, |act| act.entries.start)
    }

    pub(crate) fn last_act_range(&self) -> Range<usize> {
        self.acts.last().map_or(0..0, |act| act.entries.clone())
    }

    pub(crate) fn last_act_entries(&self) -> &[Entry] {
        &self.record.entries()[self.last_act_range()]
    }

    /// Returns true if the last act stored a dead letter for this handler.
    ///
    /// There may be many dead letters, and a problem for each. So the entries are searched once.
    pub(crate) fn is_dead_lettered(&self, handler: Option<&'static str>) -> bool {
        let find = || {
            let entries = self.last_act_entries().iter();
            let handlers = entries.filter_map(|entry| match entry.kind {
                EntryKind::RetriesExhausted {
                    handler,
                    is_dead_lettered: true,
                    ..
                } => Some(handler),
                _ => None,
            });
            handlers.collect()
        };
        self.dead_lettered.get_or_init(find).contains(&handler)
    }

    /// Returns true if nothing happened in the last act, except that time may have passed.
    pub(crate) fn is_last_act_idle(&self) -> bool {
        self.last_act_entries()
            .iter()
            .all(|entry| matches!(entry.kind, EntryKind::ClockAdvanced { .. }))
    }

    /// Returns true if a command was ever scheduled. It may have been cancelled or delivered since.
    pub(crate) fn has_scheduled(&self) -> bool {
        let is_scheduled = |entry: &Entry| matches!(entry.kind, EntryKind::Scheduled { .. });
        self.record.entries().iter().any(is_scheduled)
    }

    /// Returns the events that the acts raised, in the order in which they were stored.
    pub fn events(&self) -> Vec<Recorded> {
        self.raised_events()
            .map(|(_, event)| event.clone())
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
        self.raised_events().map(|(_, event)| &*event.envelope)
    }

    /// Returns the events that the acts raised, each with its entry.
    pub(crate) fn raised_events(&self) -> impl Iterator<Item = (&Entry, &Recorded)> {
        self.act_entries()
            .filter_map(|entry| Some((entry, raised_event(entry)?)))
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

    /// Returns likely mistakes that do not fail the flow.
    ///
    /// Examples are an expectation that always passes, a setting without an effect, a warning of
    /// [`Domain::check`](flow_domain::Domain::check), a type without `PartialEq`, a command that changed
    /// nothing, and an aggregate that changes without an event
    /// ([`Invariant::SilentChange`](crate::Invariant::SilentChange)).
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.warnings_to_print();
        warnings.extend(self.warnings_of_report.iter().cloned());
        if self.invariants.has(Invariant::SilentChange) {
            let category_of = |aggregate: &str| self.system.category_of(aggregate);
            warnings.extend(silent_changes(&self.record, category_of));
        }
        warnings
    }

    /// Returns the warnings that are printed when the flow passes: not those about silent changes and
    /// about commands that changed nothing.
    pub(crate) fn warnings_to_print(&self) -> Vec<Warning> {
        let mut warnings = self.warnings.clone();
        warnings.extend(self.wiring_warnings.iter().cloned());
        if self.invariants.has(Invariant::RoundTrip) {
            let of_handlers = self.record.compared_by_json();
            let types = self.compared_by_json.union(of_handlers);
            warnings.extend(types.map(|name| Warning::compared_by_json(name)));
        }
        warnings
    }

    pub(crate) fn resources(&self) -> &Resources {
        &self.resources
    }

    /// Returns the resource of type `T` that the handlers of this run used.
    ///
    /// # Panics
    ///
    /// Panics if the harness has no such resource.
    #[track_caller]
    pub fn resource<T: Send + Sync + 'static>(&self) -> Arc<T> {
        self.resources.get_for_test()
    }

    pub(crate) fn find_resource<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.resources.find()
    }

    /// Returns the flow as text, with a line for each step.
    pub fn story(&self) -> String {
        self.render_story(&RenderOptions::UNLIMITED)
    }

    pub(crate) fn render_story(&self, options: &RenderOptions) -> String {
        self.story.render(&self.acts, &self.record, options)
    }

    /// Returns a step with its keyword: `then OrderDashboard "ord-1" is`.
    pub(crate) fn describe_step(&self, idx: usize) -> String {
        self.story.describe_step(idx, self.record.labels())
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

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("acts", &self.acts)
            .field("resources", &self.resources)
            .finish_non_exhaustive()
    }
}

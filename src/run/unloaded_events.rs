use flow_domain::{
    model::SerializedMessage,
    record::{EntryKind, TableKind},
};

use crate::{outcome::Warning, plan::StepKind, run::runner::Runner};

impl Runner<'_, '_> {
    /// Warns of given events whose aggregate is stored as state, if the act sends it a command.
    ///
    /// The handler does not load the events. Without the state, it finds nothing.
    pub(super) fn warn_of_unloaded_events(&mut self, idx: usize, command: &SerializedMessage) {
        let is_same_stream = |event: &SerializedMessage| {
            event.category == command.category && event.id == command.id
        };
        let given = self.plan.steps[..idx].iter().find(|step| match &step.kind {
            StepKind::GivenEvents(Ok(events)) => events.iter().any(is_same_stream),
            _ => false,
        });
        let Some(given) = given else { return };

        let aggregates = &self.outcome.system().wiring().aggregates;
        let stored = aggregates
            .iter()
            .find(|aggregate| aggregate.category == command.category && !aggregate.event_sourced);
        let Some(name) = stored.map(|aggregate| aggregate.name) else {
            return;
        };

        let mut entries = self.outcome.record().entries().iter();
        let is_stored = entries.any(|entry| match &entry.kind {
            EntryKind::StateChanged(change) => {
                change.table.kind == TableKind::Aggregate
                    && change.table.name == name
                    && *change.id == *command.id
            }
            _ => false,
        });
        if is_stored {
            return;
        }

        let text = format!(
            "{name} is stored as state, so the given events do not create {name} {:?} for {}. \
             Give the state with `.given_aggregate(..)` or `.given_command(..)`",
            command.id,
            self.label_of(command)
        );
        self.outcome.warn(Warning::at_step(given.location, text));
    }
}

use flow_domain::record::{EntryKind, Invariant};

use crate::{
    outcome::{DisabledInvariant, Warning, silent_changes},
    run::runner::Runner,
};

/// Invariants that a flow disables, although it does not violate them.
impl Runner<'_, '_> {
    /// Warns of each invariant that this flow disables without need.
    ///
    /// A harness disables an invariant for many flows, so it gives no warning.
    pub(super) async fn warn_of_idle_disabling(&mut self) {
        let n_of_harness = self.plan.setup.disabled_invariants.len();
        for disabled in &self.plan.disabled_invariants[n_of_harness..] {
            if self.may_be_violated(disabled.invariant).await {
                continue;
            }

            let DisabledInvariant {
                invariant,
                location,
                ..
            } = disabled;
            let text = format!(
                "the flow does not violate the invariant `{invariant}`: remove `.disable_invariant(..)`"
            );
            self.outcome.warn(Warning::at_step(location, text));
        }
    }

    /// Returns true if the flow violates the invariant, or if nobody can tell.
    async fn may_be_violated(&self, invariant: Invariant) -> bool {
        let record = self.outcome.record();
        match invariant {
            Invariant::SilentChange => {
                let category_of = |aggregate: &str| self.outcome.system().category_of(aggregate);
                !silent_changes(record, category_of).is_empty()
            }
            Invariant::Rebuild => {
                !self.failures.is_empty()
                    || !self.outcome.remaining().is_quiet()
                    || !self.stale_projection_failures().await.is_empty()
            }
            _ => {
                let of_test = self
                    .plan
                    .invariant_violations
                    .iter()
                    .chain(&self.invariant_violations);
                let of_handlers = record
                    .entries()
                    .iter()
                    .filter_map(|entry| match &entry.kind {
                        EntryKind::InvariantViolated(violation) => Some(&**violation),
                        _ => None,
                    });
                of_test
                    .map(|(_, violation)| violation)
                    .chain(of_handlers)
                    .any(|violation| violation.invariant == invariant)
            }
        }
    }
}

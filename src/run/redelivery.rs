use std::collections::BTreeSet;

use flow_domain::{
    Headers,
    message::Recorded,
    record::{EntryId, EntryKind},
    runtime::ProcessResult,
};

use crate::{
    expect::Mismatch,
    outcome::ActKind,
    run::runner::{Runner, Stop},
    system::Act,
};

/// The step `when_redelivered`.
impl Runner<'_, '_> {
    /// Delivers the events of the last act again, `times` times.
    pub(super) async fn redeliver(&mut self, idx: usize, times: u32) -> Result<(), Stop> {
        let events: Vec<(Recorded, EntryId)> = self
            .outcome
            .last_act_entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Appended(event) => Some((event.clone(), entry.id)),
                _ => None,
            })
            .collect();
        if events.is_empty() {
            let expected = "events of the last act, to be redelivered";
            let mismatch = Mismatch::new(expected, "the last act stored no events");
            return Err(self.fail_step(idx, mismatch));
        }

        let n_redelivered = events
            .len()
            .saturating_mul(times.try_into().unwrap_or(usize::MAX));
        let budget = self.plan.setup.budget;
        if budget < n_redelivered {
            let expected = format!("at most {budget} redeliveries");
            let found = format!(
                "{n_redelivered} redeliveries\nRedeliver fewer times, or allow more with `.budget(..)`"
            );
            return Err(self.fail_step(idx, Mismatch::new(expected, found)));
        }

        let headers = Headers::default();
        let mut result = ProcessResult::empty();
        for nth in 1..=times {
            let act = Act::Redeliver(&events, nth);
            let redelivery = self.outcome.system_mut().act(act, &headers).await;
            result = result.merge(Ok(redelivery));
        }

        let act = (ActKind::Other, None);
        self.finish_act(idx, "the redelivery".into(), result, act)?;

        let labels = self.outcome.record().labels();
        let names: BTreeSet<String> = events
            .iter()
            .map(|(event, _)| labels.label_of_envelope(&event.envelope))
            .collect();
        self.note_unreceived_redelivery(idx, &names);
        Ok(())
    }
}

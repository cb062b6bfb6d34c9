//! Checks invariants while handlers write.

use std::{fmt, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    handler::{
        ProcessManager, UnitOfWork,
        work::{history::History, load::aggregate_table, tracked_state::PendingChange},
    },
    message::{Payload, StreamName},
    model::{
        Aggregate, DynMessage, Message, PendingEvents, Projection, SerializedMessage,
        invariants::{
            EqFn, check_fold as find_fold_violation, check_round_trip, check_round_trips,
            check_snapshot as find_snapshot_violation, without_partial_eq,
        },
    },
    record::{EntryKind, Invariant, InvariantSet, InvariantViolation, Table},
};

impl UnitOfWork {
    /// Returns true if this invariant is checked.
    fn checks_invariant(&self, invariant: Invariant) -> bool {
        self.ports.hooks.invariants.has(invariant)
    }

    fn record_violations(&self, violations: impl IntoIterator<Item = InvariantViolation>) {
        for violation in violations {
            self.record_violation(violation);
        }
    }

    #[cold]
    fn record_violation(&self, violation: InvariantViolation) {
        self.ports.record(Some(self.context.start_entry), || {
            EntryKind::InvariantViolated(Box::new(violation))
        });
    }

    /// Records that values of a type are compared by their JSON, if it has no `PartialEq`.
    fn record_type_without_eq(&self, type_without_eq: Option<&'static str>) {
        if let (Some(name), Some(recorder)) = (type_without_eq, &self.ports.hooks.recorder) {
            recorder.add_compared_by_json(name);
        }
    }

    /// Records a violation if a message differs after it was serialized and deserialized.
    pub(in crate::handler::work) fn check_message_round_trip<M: Message>(
        &self,
        message: &M,
        serialized: &mut SerializedMessage,
    ) {
        if self.checks_invariant(Invariant::RoundTrip) {
            self.record_type_without_eq(message.type_without_eq());
            let name_and_id = (M::NAME, None);
            self.record_violations(check_round_trip(
                name_and_id,
                message,
                &mut serialized.payload,
                M::try_eq,
            ));
        }
    }

    /// Records a violation if the state of a process manager differs after deserialization.
    pub(in crate::handler) fn check_process_manager<M: ProcessManager>(
        &mut self,
        key: (Table, &Arc<str>),
        manager: &M,
    ) {
        self.check_state_round_trip(key, manager, without_partial_eq);
    }

    /// Records a violation if a row differs after deserialization.
    pub(in crate::handler) fn check_row<P: Projection>(
        &mut self,
        key: (Table, &Arc<str>),
        row: &P,
    ) {
        self.record_state_without_eq(P::NAME, row, P::try_eq);
        self.check_state_round_trip(key, row, P::try_eq);
    }

    /// Records that states of this type are compared by their JSON, if it has no `PartialEq`.
    fn record_state_without_eq<T>(&self, name: &'static str, state: &T, try_eq: EqFn<T>) {
        if self.ports.hooks.invariants != InvariantSet::NONE {
            self.record_type_without_eq(try_eq(state, state).is_none().then_some(name));
        }
    }

    /// Records a violation if a written state or row differs after deserialization.
    ///
    /// `original` is the value that was just written.
    fn check_state_round_trip<T: Serialize + DeserializeOwned + fmt::Debug + Send + 'static>(
        &mut self,
        (table, id): (Table, &Arc<str>),
        original: &T,
        try_eq: EqFn<T>,
    ) {
        if self.checks_invariant(Invariant::RoundTrip)
            && let Some(payload) = self.current_mut(table, id)
        {
            let name_and_id = (table.name, Some(&**id));
            let violation = check_round_trip(name_and_id, original, payload, try_eq);
            self.record_violations(violation);
        }
    }

    /// Returns a value after its pending change, to change it in place.
    fn current_mut(&mut self, table: Table, id: &str) -> Option<&mut Payload> {
        let values = &mut self.session.values;
        let place = values.position(id, |value| value.table == table)?;
        let value = values.get_mut(place)?;

        match &mut value.change {
            PendingChange::Unchanged => value.before.as_mut(),
            PendingChange::Put(value, _) => Some(value),
            PendingChange::Delete => None,
        }
    }

    /// Records a violation for each event of an aggregate that differs after deserialization.
    pub(in crate::handler::work) fn check_event_round_trips<A: Aggregate>(
        &self,
        aggregate: &A,
        events: &mut [SerializedMessage],
    ) {
        if self.checks_invariant(Invariant::RoundTrip) {
            for event in aggregate.raised().iter() {
                self.record_type_without_eq(event.type_without_eq());
            }
            self.record_violations(check_round_trips(aggregate.raised(), events));
        }
    }

    /// Checks the invariants of an aggregate that was just added.
    #[inline]
    pub(in crate::handler::work) fn check_aggregate<A: Aggregate>(
        &mut self,
        aggregate: A,
        stream: &StreamName,
    ) {
        if self.ports.hooks.invariants != InvariantSet::NONE {
            self.check_aggregate_invariants(aggregate, stream);
        }
    }

    #[inline(never)]
    fn check_aggregate_invariants<A: Aggregate>(&mut self, mut aggregate: A, stream: &StreamName) {
        // Pending events are not part of the state. A report would show them as a difference.
        *aggregate.pending_events_mut() = PendingEvents::default();
        self.record_state_without_eq(A::NAME, &aggregate, A::try_eq);

        if A::EVENT_SOURCED {
            self.check_fold(&aggregate, stream);
            self.check_snapshot::<A>(stream);
        } else {
            let key = (aggregate_table::<A>(), stream.shared_id());
            self.check_state_round_trip(key, &aggregate, A::try_eq);
        }
    }

    /// Checks an event-sourced aggregate that raised no events. Nothing of it is stored.
    #[inline(never)]
    pub(in crate::handler::work) fn check_aggregate_without_events<A: Aggregate>(
        &mut self,
        mut aggregate: A,
        stream: &StreamName,
    ) {
        if !self.checks_invariant(Invariant::Fold) {
            return;
        }

        let load_token = aggregate.pending_events_mut().load_token().cloned();
        let newest_check =
            self.session
                .require_newest_stream(stream, load_token.as_ref(), self.context.handler);
        // An outdated copy may differ from the newest one. That is no violation.
        if newest_check.is_ok() {
            self.check_aggregate(aggregate, stream);
        }
    }

    /// Records a violation if the fold of its events is not equal to the aggregate.
    fn check_fold<A: Aggregate>(&self, aggregate: &A, stream: &StreamName) {
        if !self.checks_invariant(Invariant::Fold) {
            return;
        }

        let history = self.session.stream(stream).map(|tracked| &tracked.history);
        let is_new = history.is_none_or(History::is_empty);
        let folded = self.fold_current::<A>(stream).transpose();
        self.record_violations(find_fold_violation(stream.id(), aggregate, folded, is_new));
    }

    /// Records a violation if a snapshot of the aggregate would change its state.
    ///
    /// This does not wait until a snapshot is due, because few flows have that many events.
    fn check_snapshot<A: Aggregate>(&self, stream: &StreamName) {
        if !self.checks_invariant(Invariant::Snapshot)
            || self.ports.catalog.snapshot_rule::<A>().is_none()
        {
            return;
        }

        if let Ok(Some(folded)) = self.fold_current::<A>(stream) {
            self.record_violations(find_snapshot_violation(stream.id(), &folded));
        }
    }
}

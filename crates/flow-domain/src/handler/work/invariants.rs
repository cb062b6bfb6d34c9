//! The laws that are looked after while handlers write, for tests that ask for them. All of it is out of
//! line: the way without them stays as short as it would be.

use std::{fmt, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    handler::{UnitOfWork, work::load::aggregate_table},
    message::StreamName,
    model::{
        Aggregate, Message, PendingEvents, SerializedMessage,
        equality::{EqFn, check_equal, check_round_trip},
    },
    record::{EntryKind, Invariant, InvariantSet, InvariantViolation, Table},
};

impl UnitOfWork {
    /// Returns true if this law is looked after.
    pub(crate) fn checks_invariant(&self, law: Invariant) -> bool {
        self.ports.invariants.has(law)
    }

    fn record_violations(&self, broken: impl IntoIterator<Item = InvariantViolation>) {
        for broken in broken {
            self.record_violation(broken);
        }
    }

    #[cold]
    fn record_violation(&self, broken: InvariantViolation) {
        self.ports.record(Some(self.context.entry), || {
            EntryKind::InvariantViolated(Box::new(broken))
        });
    }

    /// Tells if a message does not come back as what it was.
    pub(super) fn check_message_round_trip<M: Message>(
        &self,
        message: &M,
        written: &mut SerializedMessage,
    ) {
        if self.checks_invariant(Invariant::RoundTrip) {
            let name = (M::NAME, None);
            self.record_violations(check_round_trip(
                name,
                message,
                &mut written.payload,
                M::try_eq,
            ));
        }
    }

    /// Tells if a state or row that was just written does not come back as what it was.
    pub(crate) fn check_state_round_trip<
        T: Serialize + DeserializeOwned + fmt::Debug + Send + 'static,
    >(
        &mut self,
        (table, id): (Table, &Arc<str>),
        live: &T,
        is_same: EqFn<T>,
    ) {
        if self.checks_invariant(Invariant::RoundTrip)
            && let Some(written) = self.session.current_mut(table, id)
        {
            let name = (table.name, Some(&**id));
            let broken = check_round_trip(name, live, written, is_same);
            self.record_violations(broken);
        }
    }

    /// Tells which events of an aggregate do not come back as what they were.
    pub(super) fn check_event_round_trips<A: Aggregate>(
        &self,
        live: &A,
        events: &mut [SerializedMessage],
    ) {
        if self.checks_invariant(Invariant::RoundTrip) {
            self.record_violations(live.raised().check_round_trips(events));
        }
    }

    /// Looks after the laws of an aggregate that was just added.
    #[inline]
    pub(super) fn check_aggregate<A: Aggregate>(&mut self, live: A, stream: &StreamName) {
        if self.ports.invariants != InvariantSet::NONE {
            self.compare_aggregate(live, stream);
        }
    }

    #[inline(never)]
    fn compare_aggregate<A: Aggregate>(&mut self, mut live: A, stream: &StreamName) {
        // They are no part of the state, and would show in the text.
        *live.pending_events_mut() = PendingEvents::default();
        if A::EVENT_SOURCED {
            self.check_fold(&live, stream);
        } else {
            let at = (aggregate_table::<A>(), stream.shared_id());
            self.check_state_round_trip(at, &live, A::try_eq);
        }
    }

    /// Looks after an event-sourced aggregate that raised nothing: of it, nothing is kept.
    #[inline(never)]
    pub(super) fn check_aggregate_without_events<A: Aggregate>(
        &mut self,
        mut live: A,
        stream: &StreamName,
    ) {
        if !self.checks_invariant(Invariant::Fold) {
            return;
        }

        let copy = live.pending_events_mut().load_token().cloned();
        let session = &self.session;
        let newest = session.require_newest_stream(stream, copy.as_ref(), self.context.handler);

        // An older copy may well be something else than the newest.
        if newest.is_ok() {
            self.check_aggregate(live, stream);
        }
    }

    /// Tells if the events of an aggregate make something else of it than what it is.
    fn check_fold<A: Aggregate>(&self, live: &A, stream: &StreamName) {
        if !self.checks_invariant(Invariant::Fold) {
            return;
        }

        let folded = match self.fold_current::<A>(stream) {
            // Without an event it is what it was at first.
            Ok(folded) => folded.or_else(A::initial).map(Ok),
            Err(err) => Some(Err(err)),
        };

        if let Some(folded) = folded {
            let name = (A::NAME, Some(stream.id()));
            self.record_violations(check_equal(Invariant::Fold, name, live, folded, A::try_eq));
        }
    }
}

//! The laws that are looked after while handlers write, for tests that ask for them. All of it is out of
//! line: the way without them stays as short as it would be.

use std::{fmt, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    handler::{UnitOfWork, work::load::table_of},
    message::StreamName,
    model::{
        Aggregate, Message, Raised, Written,
        same::{IsSame, compare, read_back},
    },
    record::{BrokenLaw, Happening, Law, Laws, Table},
};

impl UnitOfWork {
    /// Returns true if this law is looked after.
    pub(crate) fn looks_after(&self, law: Law) -> bool {
        self.ports.laws.has(law)
    }

    fn record_broken(&self, broken: impl IntoIterator<Item = BrokenLaw>) {
        for broken in broken {
            self.record_one(broken);
        }
    }

    #[cold]
    fn record_one(&self, broken: BrokenLaw) {
        self.ports.record(Some(self.context.entry), || {
            Happening::LawBroken(Box::new(broken))
        });
    }

    /// Tells if a message does not come back as what it was.
    pub(super) fn read_message_back<M: Message>(&self, message: &M, written: &mut Written) {
        if self.looks_after(Law::RoundTrip) {
            let name = (M::NAME, None);
            self.record_broken(read_back(
                name,
                message,
                &mut written.payload,
                M::is_same_as,
            ));
        }
    }

    /// Tells if a state or row that was just written does not come back as what it was.
    pub(crate) fn read_state_back<T: Serialize + DeserializeOwned + fmt::Debug + Send + 'static>(
        &mut self,
        (table, id): (Table, &Arc<str>),
        live: &T,
        is_same: IsSame<T>,
    ) {
        if self.looks_after(Law::RoundTrip)
            && let Some(written) = self.session.written_mut(table, id)
        {
            let name = (table.name, Some(&**id));
            let broken = read_back(name, live, written, is_same);
            self.record_broken(broken);
        }
    }

    /// Tells which events of an aggregate do not come back as what they were.
    pub(super) fn read_events_back<A: Aggregate>(&self, live: &A, events: &mut [Written]) {
        if self.looks_after(Law::RoundTrip) {
            self.record_broken(live.raised().read_back(events));
        }
    }

    /// Looks after the laws of an aggregate that was just added.
    #[inline]
    pub(super) fn look_after<A: Aggregate>(&mut self, live: A, stream: &StreamName) {
        if self.ports.laws != Laws::NONE {
            self.compare_aggregate(live, stream);
        }
    }

    #[inline(never)]
    fn compare_aggregate<A: Aggregate>(&mut self, mut live: A, stream: &StreamName) {
        // They are no part of the state, and would show in the text.
        *live.raised_mut() = Raised::default();
        if A::EVENT_SOURCED {
            self.fold_again(&live, stream);
        } else {
            let at = (table_of::<A>(), stream.shared_id());
            self.read_state_back(at, &live, A::is_same_as);
        }
    }

    /// Looks after an event-sourced aggregate that raised nothing: of it, nothing is kept.
    #[inline(never)]
    pub(super) fn look_after_unraised<A: Aggregate>(&mut self, mut live: A, stream: &StreamName) {
        if !self.looks_after(Law::Fold) {
            return;
        }
        let copy = live.raised_mut().copy().cloned();
        let session = &self.session;
        let newest = session.require_newest_stream(stream, copy.as_ref(), self.context.handler);
        // An older copy may well be something else than the newest.
        if newest.is_ok() {
            self.look_after(live, stream);
        }
    }

    /// Tells if the events of an aggregate make something else of it than what it is.
    fn fold_again<A: Aggregate>(&self, live: &A, stream: &StreamName) {
        if !self.looks_after(Law::Fold) {
            return;
        }
        let folded = match self.folded::<A>(stream) {
            // Without an event it is what it was at first.
            Ok(folded) => folded.or_else(A::initial).map(Ok),
            Err(err) => Some(Err(err)),
        };
        if let Some(folded) = folded {
            let name = (A::NAME, Some(stream.id()));
            self.record_broken(compare(Law::Fold, name, live, folded, A::is_same_as));
        }
    }
}

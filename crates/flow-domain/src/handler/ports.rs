use std::sync::Arc;

use crate::{
    clock::{Clock, IdSource},
    handler::{Catalog, trace},
    port::Store,
    record::{EntryId, Happening, Recorder},
};

/// What a handling reaches: the domain it is part of and the ports of the app that runs it.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) recorder: Option<Arc<Recorder>>,
}

impl Ports {
    /// Returns true if anybody wants to know what happens.
    pub(crate) fn is_listened_to(&self) -> bool {
        self.recorder.is_some() || trace::is_wanted()
    }

    /// Records and traces what happened, if anybody listens; only then is `what` made.
    pub(crate) fn record(
        &self,
        cause: Option<EntryId>,
        what: impl FnOnce() -> Happening,
    ) -> EntryId {
        let is_traced = trace::is_wanted();
        if !is_traced && self.recorder.is_none() {
            return EntryId::UNRECORDED;
        }
        let what = what();
        if is_traced {
            trace::tell(&what);
        }
        match &self.recorder {
            Some(recorder) => recorder.add(cause, self.clock.now(), what),
            None => EntryId::UNRECORDED,
        }
    }
}

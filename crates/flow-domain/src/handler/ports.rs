use std::sync::Arc;

use crate::{
    clock::{Clock, IdSource},
    handler::Catalog,
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
    /// Records what happened, if anybody listens; only then is `what` made.
    pub(crate) fn record(
        &self,
        cause: Option<EntryId>,
        what: impl FnOnce() -> Happening,
    ) -> EntryId {
        match &self.recorder {
            Some(recorder) => recorder.add(cause, self.clock.now(), what()),
            None => EntryId::UNRECORDED,
        }
    }
}

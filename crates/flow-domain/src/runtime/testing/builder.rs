use std::sync::Arc;

use crate::{
    handler::hooks::Interceptor,
    record::{InvariantSet, Recorder},
    runtime::AppBuilder,
};

impl<S> AppBuilder<S> {
    /// Sets the recorder of everything that happens. By default there is none.
    pub fn recorder(mut self, recorder: Arc<Recorder>) -> Self {
        self.hooks.recorder = Some(recorder);
        self
    }

    /// Sets an interceptor between the runtime and the handlers.
    pub fn interceptor(mut self, interceptor: Arc<dyn Interceptor>) -> Self {
        self.hooks.interceptor = Some(interceptor);
        self
    }

    /// Sets which invariants are checked while handlers write. By default none are.
    ///
    /// A check is costly, because it reads back everything that is written. Violations are recorded.
    pub fn invariants(mut self, invariants: InvariantSet) -> Self {
        self.hooks.invariants = invariants;
        self
    }
}

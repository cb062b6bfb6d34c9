use std::sync::Arc;

use crate::{
    handler::hooks::{CallLimits, Interceptor},
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

    /// Sets the limits of handler calls beside their time limits. By default there are none.
    pub fn call_limits(mut self, limits: Arc<CallLimits>) -> Self {
        self.hooks.call_limits = Some(limits);
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

use crate::{
    error::{Error, FailureOrigin, HandlerFailure},
    handler::UnitOfWork,
};

/// The failures of nested commands so far. They are ignored if the handler that sent them goes on.
#[derive(Debug, Default)]
pub(crate) struct IgnoredFailures(Vec<HandlerFailure>);

impl IgnoredFailures {
    /// Adds the failures with which a nested handler went on.
    pub(in crate::handler::work) fn append(&mut self, mut nested: Self) {
        self.0.append(&mut nested.0);
    }
}

impl UnitOfWork {
    /// Notes that a command failed that the current handler processes. A rejection is no failure.
    ///
    /// `handler` is `None` if the command did not reach a handler.
    pub(in crate::handler::work) fn note_nested_failure(
        &mut self,
        handler: Option<&'static str>,
        command: impl FnOnce() -> String,
        err: &Error,
    ) {
        if err.is_rejection() {
            return;
        }

        let origin = FailureOrigin::Ignored(self.context.handler);
        let failure = HandlerFailure::new(handler, command(), err.clone()).with_origin(origin);
        self.context.ignored_failures.0.push(failure);
    }

    /// Reports the failures of nested commands, because the handler went on.
    pub(crate) fn report_ignored_failures(&mut self) {
        for failure in self.context.ignored_failures.0.drain(..) {
            self.ports.hooks.report_failure(|| failure);
        }
    }
}

use crate::{
    error::{Error, FailureOrigin, HandlerFailure},
    handler::UnitOfWork,
};

/// The number of errors of one handling that are noted. A handler may ignore errors in a loop.
const MAX_NOTED: usize = 100;

/// The errors that a handler got from its unit of work so far. They are ignored if the handler goes on.
#[derive(Debug, Default)]
pub(crate) struct IgnoredFailures(Vec<HandlerFailure>);

impl IgnoredFailures {
    fn push(&mut self, failure: HandlerFailure) {
        if self.0.len() < MAX_NOTED {
            self.0.push(failure);
        }
    }

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
        self.context.ignored_failures.push(failure);
    }

    /// Notes an error of a method of this unit of work, and returns the result.
    ///
    /// A state that does not exist is an answer, and no error.
    pub(in crate::handler) fn note_own_error<T>(
        &mut self,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(err) = &result
            && !err.is_not_found()
        {
            let context = &self.context;
            let message = self
                .ports
                .catalog
                .labels
                .label_of_envelope(&context.message);
            let origin = FailureOrigin::Ignored(context.handler);
            let failure = HandlerFailure::new(Some(context.handler), message, err.clone())
                .with_origin(origin);
            self.context.ignored_failures.push(failure);
        }

        result
    }

    /// Forgets the errors of the current handler, because it fails as well: its own failure counts.
    pub(in crate::handler::work) fn forget_ignored_failures(&mut self) {
        self.context.ignored_failures.0.clear();
    }

    /// Reports the errors of the current handler, because it went on.
    pub(crate) fn report_ignored_failures(&mut self) {
        for failure in self.context.ignored_failures.0.drain(..) {
            self.ports.hooks.report_failure(|| failure);
        }
    }
}

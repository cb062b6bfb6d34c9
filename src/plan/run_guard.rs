use std::{panic::Location, thread};

/// Panics on drop if the flow was never run.
///
/// Without the panic, a test without a run would pass and check nothing.
#[derive(Debug)]
pub(crate) struct RunGuard {
    start_location: &'static Location<'static>,
    is_armed: bool,
}

impl RunGuard {
    pub(crate) fn new(start_location: &'static Location<'static>) -> Self {
        Self {
            start_location,
            is_armed: true,
        }
    }

    pub(crate) fn disarm(&mut self) {
        self.is_armed = false;
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        // A second panic while unwinding aborts the test binary and hides the first.
        assert!(
            !self.is_armed || thread::panicking(),
            "the flow that begins at {} was never run to its end, so it checked nothing\n\
             end it with `.run()` in a plain test or `.await` in an async test",
            self.start_location
        );
    }
}

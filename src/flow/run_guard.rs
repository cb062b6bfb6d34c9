use std::{panic::Location, thread};

/// Panics when it is dropped before the sentence was run to its end: such a test would show nothing.
#[derive(Debug)]
pub(crate) struct RunGuard {
    start_location: &'static Location<'static>,
    is_armed: bool,
}

impl RunGuard {
    pub(super) fn new(began_at: &'static Location<'static>) -> Self {
        Self {
            start_location: began_at,
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
            "the flow that begins at {} was never run to its end, so it shows nothing\n\
             end it with `.run()` in a plain test or `.await` in an async one",
            self.start_location
        );
    }
}

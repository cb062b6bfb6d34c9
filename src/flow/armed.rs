use std::{panic::Location, thread};

/// Panics when it is dropped before the sentence was run to its end: such a test would show nothing.
#[derive(Debug)]
pub(crate) struct Armed {
    began_at: &'static Location<'static>,
    armed: bool,
}

impl Armed {
    pub(super) fn new(began_at: &'static Location<'static>) -> Self {
        Self {
            began_at,
            armed: true,
        }
    }

    pub(crate) fn disarm(&mut self) {
        self.armed = false;
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        // A second panic while unwinding aborts the test binary and hides the first.
        assert!(
            !self.armed || thread::panicking(),
            "the flow that begins at {} was never run to its end, so it shows nothing\n\
             end it with `.run()` in a plain test or `.await` in an async one",
            self.began_at
        );
    }
}

use std::{panic::Location, thread};

/// Panics when it is dropped before the sentence was run: such a test would show nothing.
#[derive(Debug)]
pub(super) struct Armed {
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

    pub(super) fn disarm(&mut self) {
        self.armed = false;
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        // A second panic while unwinding aborts the test binary and hides the first.
        if self.armed && !thread::panicking() {
            panic!(
                "the flow that begins at {} was never run, so it shows nothing\n\
                 end it with `.run()` in a plain test or `.await` in an async one",
                self.began_at
            );
        }
    }
}

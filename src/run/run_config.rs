use crate::system::{BackendChoice, Mode};

/// How a flow runs once.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunConfig<'p> {
    /// The level. It is never [`Mode::Differential`], which is two runs.
    pub(super) mode: Mode,
    /// What opens the store of the run.
    pub(super) backend: &'p BackendChoice,
}

impl RunConfig<'_> {
    /// Returns the same run at another level.
    pub(super) fn in_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }
}

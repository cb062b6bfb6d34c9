/// How often the watchdog found a flow where it was.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The number of steps and of entries.
    position: (usize, usize),
    n_polls: usize,
    /// The number of checks at this position.
    pub(super) n_checks: u32,
    /// The number of checks at this position in this poll, or after it.
    pub(super) n_checks_of_poll: u32,
    /// How often the flow was woken after this poll.
    pub(super) n_wakes: u32,
}

impl Progress {
    /// Counts a check.
    pub(super) fn check(&mut self, position: (usize, usize), n_polls: usize) {
        if self.position != position {
            *self = Self {
                position,
                n_polls,
                ..Self::default()
            };
            return;
        }

        self.n_checks += 1;
        self.n_checks_of_poll += 1;
        if self.n_polls != n_polls {
            self.n_polls = n_polls;
            (self.n_checks_of_poll, self.n_wakes) = (0, 0);
        }
    }
}

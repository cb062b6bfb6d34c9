use crate::{
    clock::Timestamp,
    error::Error,
    record::{ClockReason, EntryKind},
    runtime::{App, ProcessResult},
};

impl App {
    /// Advances the clock to `time`, and processes inline the commands that become due on the way.
    ///
    /// It is for apps without an engine, with a clock that can be moved.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`process_due`](Self::process_due), or an error for which
    /// [`Error::is_setup`] is true if the clock cannot be moved.
    pub async fn pass_time(&self, time: Timestamp) -> Result<ProcessResult, Error> {
        let mut act = ProcessResult::empty();

        loop {
            // One step for each due time, so that each command sees its own time.
            let now = self.ports.clock.now();
            let next_scheduled = self.ports.store.next_due(now).await?.next_scheduled;
            let next = next_scheduled.map_or(time, |scheduled| scheduled.min(time));
            self.advance_to(next)?;

            self.process_due_in(&mut act).await?;
            if act.stall.is_some() || time <= self.ports.clock.now() {
                return Ok(act);
            }
        }
    }

    /// Processes the due commands that an act left, as a part of that act.
    pub async fn settle_inline(&self, mut act: ProcessResult) -> ProcessResult {
        match self.process_due_in(&mut act).await {
            Ok(()) => act,
            Err(err) => act.merge(Err(err)),
        }
    }

    /// Advances the clock, and does nothing else. A time in the past has no effect.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the clock cannot be moved.
    pub fn advance_to(&self, time: Timestamp) -> Result<(), Error> {
        let now = self.ports.clock.now();
        if time <= now {
            return Ok(());
        }

        if !self.ports.clock.advance_to(time) {
            return Err(Error::setup(
                "the clock of the app cannot be advanced: give the app a `VirtualClock`",
            ));
        }

        let reason = ClockReason::TimePassed;
        self.ports
            .record(None, || EntryKind::ClockAdvanced { from: now, reason });

        Ok(())
    }
}

use flow_domain::clock::Timestamp;

use crate::expect::{Mismatch, Requirement};

/// What a method of the API takes, if it can ask for nothing: an empty list, no time, the number 0.
///
/// A step that asks for nothing passes for ever, because nothing can happen in it. So each of these
/// fails with a text of its own. A number that may be 0, because it counts what was found, is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmptyInput {
    GivenEvents,
    StoredEvents,
    Commands,
    OtherCommands,
    Duration,
    Deadline,
    Cycles,
    Redeliveries,
    FaultTimes,
    FaultOccurrence,
    FaultAttempts,
    DeliveriesBeforeRestart,
    DisabledReason,
    AllowedDifference,
    ExpectedEvents,
    ExpectedCommands,
    ScheduledCommands,
    ChainNames,
    Text,
    Fields,
    Samples,
    RaisedSamples,
}

impl EmptyInput {
    /// Requires that the input is not empty.
    ///
    /// # Errors
    ///
    /// Returns a mismatch that says what to write instead.
    pub(crate) fn require(self, is_empty: bool) -> Result<(), Mismatch> {
        if is_empty {
            return Err(self.mismatch());
        }

        Ok(())
    }

    /// Returns the mismatch of a step that advances the clock from `now` to `time`, which is no advance.
    pub(crate) fn time_mismatch(time: Timestamp, now: Timestamp) -> Mismatch {
        let expected = format!("a time after {now}, the time of the flow");
        let found = format!("{time}, so no time passes\nPass a later time, or remove the step");
        Mismatch::new(expected, found).with_requirement(Requirement::Impossible)
    }

    fn mismatch(self) -> Mismatch {
        let [expected, found] = self.texts();
        Mismatch::new(expected, found).with_requirement(Requirement::Impossible)
    }

    /// Returns what was expected, and what was found and what to write instead.
    pub(crate) fn texts(self) -> [&'static str; 2] {
        match self {
            Self::GivenEvents => [
                "at least one event",
                "none\nIf nothing happened before, write `.given_nothing()`",
            ],
            Self::StoredEvents => [
                "at least one stored event",
                "none\nIf nothing happened before, write `.given_nothing()`",
            ],
            Self::Commands => [
                "at least one command",
                "none\nPass the commands, or remove the step",
            ],
            Self::OtherCommands => [
                "at least two commands, which may get in each other's way",
                "one\nPass more commands, or use `.when(..)`",
            ],
            Self::Duration => [
                "at least one microsecond",
                "no time\n\
                 What is due now happened in the step before. Pass a longer duration, or remove the step",
            ],
            Self::Deadline => [
                "a deadline after the act",
                "a deadline at the time of the act\nPass a longer duration",
            ],
            Self::Cycles => [
                "at least one cycle",
                "0 cycles\nTo leave messages pending, remove the step",
            ],
            Self::Redeliveries => [
                "at least one redelivery",
                "0 times\nPass 1 or more, or remove the step",
            ],
            Self::FaultTimes => [
                "a fault that happens at least once",
                "0 times\nPass 1 or more to `.times(..)`, or remove the fault",
            ],
            Self::FaultOccurrence => [
                "the number of an occurrence, counted from 1",
                "0\nThe first occurrence has the number 1",
            ],
            Self::FaultAttempts => [
                "at least one attempt, counted from 1",
                "no attempt\nThe first attempt has the number 1: `.on_attempts(1..=1)`",
            ],
            Self::DeliveriesBeforeRestart => [
                "at least one delivery before the restart",
                "0 deliveries\nPass 1 to restart the engine after its first delivery",
            ],
            Self::DisabledReason => [
                "a reason why the invariant is disabled",
                "no reason; a later reader cannot tell whether the invariant must stay disabled",
            ],
            Self::AllowedDifference => [
                "the name of a difference: a type, a field or a title",
                "an empty text\nCopy the title from the report, or remove the call",
            ],
            Self::ExpectedEvents => [
                "at least one event",
                "none\nTo expect no events, write `expect::no_events()`",
            ],
            Self::ExpectedCommands => [
                "at least one command",
                "none\nTo expect no commands, write `expect::no_commands()`",
            ],
            Self::ScheduledCommands => [
                "at least one scheduled command",
                "0\nTo expect none, write `expect::not_scheduled::<..>()`",
            ],
            Self::ChainNames => [
                "the names of at least two messages, beginning with the last act",
                "fewer than two, so nothing is expected of what the act causes",
            ],
            Self::Text => [
                "a text that is not empty",
                "an empty text, which every message contains",
            ],
            Self::Fields => [
                "at least one field to compare",
                "an empty object, which every state is like",
            ],
            Self::Samples => ["at least one message as a sample", "none"],
            Self::RaisedSamples => ["a flow that raised an event", "no event"],
        }
    }
}

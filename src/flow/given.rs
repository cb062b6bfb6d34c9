use std::panic::Location;

use flow_domain::{
    Aggregate, Command, Error,
    model::{AnyEvent, IntoMessages, SerializedAggregate, SerializedMessage},
};

use crate::{
    flow::{Flow, Given, StepKind},
    system::fault::Fault,
};

impl Flow<'_, Given> {
    /// Adds events that happened before: one, or a tuple, an array or a `Vec` of them, of any streams.
    ///
    /// They are written to the real store with real metadata and handed to every handler that names
    /// them, so that projections and process managers know them. A handler that fails on one of them
    /// fails the sentence. The state of an aggregate that is kept as state is not changed by its
    /// events: [`given_aggregate`](Self::given_aggregate) or [`given_command`](Self::given_command)
    /// is the word for that.
    #[track_caller]
    pub fn given_events(mut self, events: impl IntoMessages<AnyEvent>) -> Self {
        let written = self.serialize_each(&events);
        self.step(Location::caller(), StepKind::GivenEvents(written))
    }

    /// Adds an aggregate that was there before, as if a handler had added it: its state is stored, and
    /// the events that it raised are too.
    #[track_caller]
    pub fn given_aggregate<A: Aggregate>(mut self, aggregate: A) -> Self {
        let mut written = SerializedAggregate::new(&aggregate)
            .map_err(|err| (format!("{} {:?}", A::NAME, aggregate.id()), err));
        if let Ok(written) = &mut written {
            self.plan
                .add_violations(written.invariant_violations(aggregate));
        }
        self.step(Location::caller(), StepKind::GivenAggregate(written))
    }

    /// Adds a command that was processed before, by its real handler. A refusal or a failure here is
    /// an error of the sentence.
    #[track_caller]
    pub fn given_command<C: Command>(mut self, command: C) -> Self {
        let written = self.serialize(&command);
        self.step(Location::caller(), StepKind::GivenCommand(written))
    }

    /// Has something go wrong from here on; see [`fault`](crate::fault).
    #[track_caller]
    pub fn with_fault(self, fault: Fault) -> Self {
        let location = fault.location;
        self.step(location, StepKind::Fault(fault))
    }

    /// Says that nothing happened before, where that is the point.
    #[track_caller]
    pub fn given_nothing(self) -> Self {
        self.step(Location::caller(), StepKind::GivenNothing)
    }
}

/// Writes down every message of a list that is expected.
pub(super) fn serialize_all<Kind>(
    messages: &impl IntoMessages<Kind>,
) -> Result<Vec<SerializedMessage>, Error> {
    let mut written = Vec::new();
    messages.try_for_each(&mut |message| {
        written.push(message.to_serialized()?);
        Ok(())
    })?;
    Ok(written)
}

impl<S> Flow<'_, S> {
    /// Writes down every message of a list that happens, and reads it back.
    pub(super) fn serialize_each<Kind>(
        &mut self,
        messages: &impl IntoMessages<Kind>,
    ) -> Result<Vec<SerializedMessage>, Error> {
        let mut written = Vec::new();
        messages.try_for_each(&mut |message| {
            written.push(self.serialize(message)?);
            Ok(())
        })?;
        Ok(written)
    }
}

use std::panic::Location;

use flow_domain::{
    Aggregate, Command,
    model::{AnyEvent, IntoMessages},
    testing::SerializedAggregate,
};

use crate::{
    flow::{Flow, Given},
    plan::StepKind,
    system::fault::Fault,
};

impl Flow<'_, Given> {
    /// Adds events that happened before: one event, or a tuple, an array or a `Vec` of events.
    ///
    /// They may belong to different streams. The run appends them to the store, and delivers them
    /// to every handler that subscribes to them. So projections and process managers know them. A
    /// handler that fails here fails the flow.
    ///
    /// Events do not change an aggregate that is stored as state. Use
    /// [`given_aggregate`](Self::given_aggregate) or [`given_command`](Self::given_command) for that.
    #[track_caller]
    pub fn given_events(mut self, events: impl IntoMessages<AnyEvent>) -> Self {
        let serialized = self.plan.serialize_each(&events);
        self.given(StepKind::GivenEvents(serialized))
    }

    /// Adds an aggregate that existed before, as if a handler had added it.
    ///
    /// The run stores the state of the aggregate, and the events that it raised.
    #[track_caller]
    pub fn given_aggregate<A: Aggregate>(mut self, aggregate: A) -> Self {
        let mut serialized = SerializedAggregate::new(&aggregate)
            .map_err(|err| (format!("{} {:?}", A::NAME, aggregate.id()), err));

        if let Ok(serialized) = &mut serialized {
            let violations = serialized.invariant_violations(aggregate);
            self.plan.add_violations(violations);
        }

        self.given(StepKind::GivenAggregate(serialized))
    }

    /// Adds a command that its real handler processed before.
    ///
    /// A rejection or a failure here fails the flow.
    #[track_caller]
    pub fn given_command<C: Command>(mut self, command: C) -> Self {
        let serialized = self.plan.serialize(&command);
        self.given(StepKind::GivenCommand(serialized))
    }

    /// Activates a fault from here on; see [`fault`](crate::fault).
    #[track_caller]
    pub fn with_fault(self, fault: Fault) -> Self {
        self.add_fault(fault, Given)
    }

    /// States that nothing happened before. It only adds a line to the story.
    #[track_caller]
    pub fn given_nothing(self) -> Self {
        self.given(StepKind::GivenNothing)
    }

    #[track_caller]
    fn given(mut self, kind: StepKind<'static>) -> Self {
        self.plan.push(Location::caller(), kind);
        self
    }
}

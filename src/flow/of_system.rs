use std::fmt;

use flow_domain::{
    Error,
    message::short_type_name,
    model::{AnyCommand, AnyEvent, IntoMessages},
    record::TableKind,
};

use crate::{
    expect::{self, State},
    flow::{Acted, AfterAct, Expecting, Flow, Given, OfSystem, phase::Phase},
    outcome::Outcome,
    plan::{MessageResult, Plan, Sending, StepKind},
    system::{fault::ComponentFault, under_test::At},
};

impl Flow<'_, Given, OfSystem> {
    /// Adds a command that the system executed before.
    ///
    /// A rejection or a failure here fails the flow.
    #[track_caller]
    pub fn given_command<C: fmt::Debug + Send + 'static>(mut self, command: At<C>) -> Self {
        let serialized = serialize_one::<AnyCommand>(&mut self.plan, &command);
        self.given(StepKind::GivenCommand(serialized))
    }

    /// Activates a fault at a component or a worker from here on; see [`fault::component`](crate::fault::component).
    pub fn with_fault(self, fault: ComponentFault) -> Self {
        self.add_fault(fault.0, Given)
    }
}

impl<'t, S: AfterAct + 't> Flow<'t, S, OfSystem> {
    /// Activates a fault at a component or a worker from here on; see [`fault::component`](crate::fault::component).
    pub fn with_fault(self, fault: ComponentFault) -> Flow<'t, Acted, OfSystem> {
        self.add_fault(fault.0, Acted::new())
    }
}

impl<'t, S: Phase + 't> Flow<'t, S, OfSystem> {
    /// Executes a command, and then lets the workers run until all are idle.
    #[track_caller]
    pub fn when<C>(self, command: At<C>) -> Flow<'t, Acted, OfSystem>
    where
        C: fmt::Debug + Send + 'static,
    {
        self.send_with(Sending::Command(short_type_name::<()>), |plan| {
            serialize_one::<AnyCommand>(plan, &command)
        })
    }

    /// Executes a command that is built from the outcome so far, for example from a reply.
    #[track_caller]
    pub fn when_with<C>(
        self,
        command: impl Fn(&Outcome) -> At<C> + Send + Sync + 't,
    ) -> Flow<'t, Acted, OfSystem>
    where
        C: fmt::Debug + Send + 'static,
    {
        let build = move |outcome: &Outcome| {
            let mut built = Err(Error::setup("there is no message"));
            let visited = command(outcome).try_for_each(&mut |message| {
                built = message.to_serialized();
                Ok(())
            });
            (visited.and(built), None)
        };

        self.step(StepKind::WhenWith(Box::new(build), short_type_name::<()>))
    }

    /// Brings an event into the system from outside, and then lets the workers run until all are idle.
    #[track_caller]
    pub fn when_event<E>(self, event: At<E>) -> Flow<'t, Acted, OfSystem>
    where
        E: fmt::Debug + PartialEq + Send + 'static,
    {
        self.send_with(Sending::Event, |plan| {
            serialize_one::<AnyEvent>(plan, &event)
        })
    }

    /// Expects that an event equal to this one was committed in the acts so far.
    #[track_caller]
    pub fn then_event<E>(self, expected: At<E>) -> Flow<'t, Acted, OfSystem>
    where
        S: AfterAct,
        E: fmt::Debug + PartialEq + Send + 'static,
    {
        self.then(expect::event_of_list(&expected))
    }

    /// Expects that the component refused the last command with this error.
    #[track_caller]
    pub fn then_rejected<X>(self, expected: X) -> Flow<'t, Acted, OfSystem>
    where
        S: AfterAct,
        X: fmt::Debug + PartialEq + Send + Sync + 'static,
    {
        self.then(expect::rejected_by_system(expected))
    }

    /// Expects that the aggregate with this id exists. The methods that follow check it.
    #[track_caller]
    pub fn then_aggregate<A>(
        self,
        id: impl fmt::Display,
    ) -> Flow<'t, Expecting<State<'t, A>>, OfSystem>
    where
        S: AfterAct,
        A: fmt::Debug + PartialEq + Send + 'static,
    {
        self.expecting(expect::state_of_system(TableKind::Aggregate, id))
    }

    /// Expects that the row with this id exists. The methods that follow check it.
    #[track_caller]
    pub fn then_projection<P>(
        self,
        id: impl fmt::Display,
    ) -> Flow<'t, Expecting<State<'t, P>>, OfSystem>
    where
        S: AfterAct,
        P: fmt::Debug + PartialEq + Send + 'static,
    {
        self.expecting(expect::state_of_system(TableKind::Projection, id))
    }
}

fn serialize_one<Kind>(plan: &mut Plan<'_>, message: &impl IntoMessages<Kind>) -> MessageResult {
    let mut messages = plan.serialize_each(message)?;
    messages
        .pop()
        .ok_or_else(|| Error::setup("there is no message"))
}

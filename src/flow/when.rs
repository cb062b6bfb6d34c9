use std::{panic::Location, time::Duration};

use flow_domain::{
    Headers,
    clock::Timestamp,
    message::{Priority, short_type_name},
    model::{AnyCommand, DynMessage, IntoMessages, SerializedMessage},
};

use crate::{
    expect::{EmptyInput, Mismatch},
    flow::{Acted, AfterAct, Flow, WhenCommand, WhenEvent, phase::Phase},
    outcome::Outcome,
    plan::{MessageAct, MessageResult, Plan, Sending, StepKind},
    system::{ClockAdvance, fault::Fault},
};

impl<'t, S: Phase + 't> Flow<'t, S> {
    /// Dispatches a command to the domain, and runs everything that it causes.
    #[track_caller]
    pub fn when<C: WhenCommand>(self, command: C) -> Flow<'t, Acted> {
        self.send(&command, Sending::Command(short_type_name::<C::Reply>))
    }

    /// Submits a command to be processed later, as [`App::submit`](flow_domain::App::submit) does.
    ///
    /// Nobody receives its reply. A rejection counts as a failure of its handler, which
    /// [`expect::handler_failed`](crate::expect::handler_failed) covers.
    #[track_caller]
    pub fn when_submitted<C: WhenCommand>(self, command: C) -> Flow<'t, Acted> {
        self.send(&command, Sending::Submitted)
    }

    /// Publishes an event from outside the domain, and runs everything that it causes.
    ///
    /// The flow fails if no handler subscribes to the event and no aggregate is folded from it.
    #[track_caller]
    pub fn when_event<E: WhenEvent>(self, event: E) -> Flow<'t, Acted> {
        self.send(&event, Sending::Event)
    }

    /// Moves on to a step that sends a message.
    #[track_caller]
    fn send(self, message: &dyn DynMessage, sending: Sending) -> Flow<'t, Acted> {
        self.send_with(sending, |plan| plan.serialize(message))
    }

    /// Dispatches commands concurrently: all of them decide on the same state before one commits.
    ///
    /// The step fails if there are none. If two of them change the same aggregate, the second fails with a conflict.
    /// [`expect::accepted_count`](crate::expect::accepted_count) expects how many were accepted.
    #[track_caller]
    pub fn when_all(self, commands: impl IntoMessages<AnyCommand>) -> Flow<'t, Acted> {
        let mut flow = self.into_phase(Acted::new());
        let serialized = flow.plan.serialize_each(&commands);
        let n_commands = serialized.as_ref().map_or(2, Vec::len);

        flow.plan
            .require_not_empty(Location::caller(), EmptyInput::Commands, n_commands == 0);
        flow.plan.require_not_empty(
            Location::caller(),
            EmptyInput::OtherCommands,
            n_commands == 1,
        );
        flow.step(StepKind::WhenAll(serialized))
    }

    /// Runs the engine of a [`paused`](crate::FlowHarness::paused) harness until nothing is left to do.
    #[track_caller]
    pub fn when_engine_runs(self) -> Flow<'t, Acted> {
        self.step(StepKind::WhenEngine(None))
    }

    /// Runs the engine of a [`paused`](crate::FlowHarness::paused) harness for `n_cycles` cycles.
    ///
    /// A cycle publishes, reads and delivers what is available. Time does not pass. The step ends early
    /// after a cycle with nothing to do, and fails if `n_cycles` is 0.
    #[track_caller]
    pub fn when_engine_cycles(self, n_cycles: usize) -> Flow<'t, Acted> {
        self.step_with(
            EmptyInput::Cycles,
            n_cycles == 0,
            StepKind::WhenEngine(Some(n_cycles)),
        )
    }

    /// Delivers the events of the last act again, `times` times, each with the same id.
    ///
    /// A production engine does this if it crashed before it acknowledged the delivery. The step fails
    /// if `times` is 0, and the flow fails if no handler subscribes to any of the events.
    #[track_caller]
    pub fn when_redelivered(self, times: u32) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.step_with(
            EmptyInput::Redeliveries,
            times == 0,
            StepKind::WhenRedelivered(times),
        )
    }

    /// Dispatches a command that is built from the outcome so far, for example from an id in an event.
    ///
    /// # Examples
    ///
    /// ```
    /// # use shop::{ConfirmOrder, Order, OrderPlaced, OrderStatus, PlaceOrder};
    /// # fn place() -> PlaceOrder {
    /// #     PlaceOrder { order_id: "o".into(), customer_id: "c".into(), product_id: "p".into(), quantity: 1, total_cents: 5 }
    /// # }
    /// # use flow_harness::prelude::*;
    /// # use shop::{StockReceived};
    /// # let shop = FlowHarness::new(shop::domain);
    /// shop.given_events(StockReceived { product_id: "p".into(), quantity: 1 })
    ///     .when(place())
    ///     .when_with(|outcome| {
    ///         let placed = outcome.events_of::<OrderPlaced>();
    ///         ConfirmOrder { order_id: placed[0].order_id.clone() }
    ///     })
    ///     .then_aggregate::<Order>("o")
    ///     .has(|order| order.status == OrderStatus::Confirmed)
    ///     .run();
    /// ```
    #[track_caller]
    pub fn when_with<C: WhenCommand>(
        self,
        command: impl Fn(&Outcome) -> C + Send + Sync + 't,
    ) -> Flow<'t, Acted> {
        let build = move |outcome: &Outcome| {
            let command = command(outcome);

            match SerializedMessage::new(&command) {
                Ok(mut serialized) => {
                    let violation = command.check_round_trip(&mut serialized);
                    (Ok(serialized), violation)
                }
                Err(err) => (Err(err), None),
            }
        };
        let kind = StepKind::WhenWith(Box::new(build), short_type_name::<C::Reply>);

        self.step(kind)
    }
}

impl<'t, S: Phase + 't, K> Flow<'t, S, K> {
    /// Advances the virtual clock by `duration`, and runs what becomes due: schedules and retries.
    ///
    /// The step takes no real time. It fails if no time passes. If nothing was due and no step
    /// scheduled anything, a `then` after it gives a warning.
    #[track_caller]
    pub fn when_time_passes(self, duration: Duration) -> Flow<'t, Acted, K> {
        let is_empty = duration.as_micros() == 0;
        self.step_with(
            EmptyInput::Duration,
            is_empty,
            StepKind::WhenTime(ClockAdvance::By(duration)),
        )
    }

    /// Advances the virtual clock to `time`; see [`when_time_passes`](Self::when_time_passes).
    ///
    /// A run begins at [`VirtualClock::START`](flow_domain::clock::VirtualClock::START). The step fails
    /// if `time` is not in the future.
    #[track_caller]
    pub fn when_time_reaches(self, time: Timestamp) -> Flow<'t, Acted, K> {
        self.step(StepKind::WhenTime(ClockAdvance::To(time)))
    }

    /// Moves on to a step that sends the message which `serialize` returns.
    #[track_caller]
    pub(super) fn send_with(
        self,
        sending: Sending,
        serialize: impl FnOnce(&mut Plan<'t>) -> MessageResult,
    ) -> Flow<'t, Acted, K> {
        // The step before joins the plan first: violations are counted for the step that comes next.
        let mut flow = self.into_phase(Acted::new());
        let act = MessageAct {
            message: serialize(&mut flow.plan),
            sending,
            headers: Headers::default(),
            priority: None,
            deadline: None,
        };

        flow.phase.message = Some((Location::caller(), act));
        flow
    }
}

impl<'t, S: AfterAct + 't> Flow<'t, S> {
    /// Activates a fault from here on; see [`fault`](crate::fault).
    pub fn with_fault(self, fault: Fault) -> Flow<'t, Acted> {
        self.add_fault(fault, Acted::new())
    }
}

impl Flow<'_, Acted> {
    /// Sets the priority of the act just before, and of everything that it causes.
    ///
    /// The priority decides on the lane of a message. A [warning](crate::Outcome::warnings) says if it
    /// cannot, because the domain has no [lanes](flow_domain::wiring::DomainBuilder::lanes_below).
    #[track_caller]
    pub fn with_priority(self, priority: Priority) -> Self {
        let location = Location::caller();
        self.with_header("a priority", |act| {
            act.headers = std::mem::take(&mut act.headers).priority(priority);
            act.priority = Some((location, priority));
        })
    }

    /// Sets a deadline on the submitted command just before: it expires when `duration` has passed.
    ///
    /// A command of [`when`](Self::when) is handled at once, and an event has no deadline. So the flow
    /// fails if the act just before is one of these.
    #[track_caller]
    pub fn with_deadline(mut self, duration: Duration) -> Self {
        let is_empty = duration.as_micros() == 0;
        self.plan
            .require_not_empty(Location::caller(), EmptyInput::Deadline, is_empty);
        if let Some(found) = self
            .phase
            .message
            .as_ref()
            .and_then(|(_, act)| deadline_problem(act))
        {
            let mismatch = Mismatch::new("an act whose deadline can pass", found);
            self.plan.reject_call(Location::caller(), mismatch);
        }

        let location = Location::caller();
        self.with_header("a deadline", |act| {
            act.deadline = Some(location);
            act.headers = std::mem::take(&mut act.headers).expires_after(duration);
        })
    }

    #[track_caller]
    fn with_header(mut self, header: &str, set: impl FnOnce(&mut MessageAct)) -> Self {
        if let Some((_, act)) = &mut self.phase.message {
            set(act);
        } else {
            let expected = format!("an act that can have {header}, just before");
            let found = "the last step is not a `when`, `when_event` or `when_submitted`";
            let mismatch = Mismatch::new(expected, found);
            self.plan.reject_call(Location::caller(), mismatch);
        }

        self
    }
}

/// Returns why the deadline of an act can never pass, and what to do.
fn deadline_problem(act: &MessageAct) -> Option<&'static str> {
    match act.sending {
        Sending::Submitted => None,
        Sending::Command(_) => Some(
            "a command that is handled at once\n\
             Use `.when_submitted(..)`, or remove the deadline",
        ),
        Sending::Event => Some("an event, which never expires\nRemove the deadline"),
    }
}

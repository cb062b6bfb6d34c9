use std::{panic::Location, time::Duration};

use flow_domain::{
    Command, Event, Headers,
    clock::Timestamp,
    handler::short_type_name,
    message::Priority,
    model::{AnyCommand, DynMessage as _, IntoMessages, SerializedMessage},
};

use crate::{
    flow::{Acted, AfterAct, Flow, Mismatch, StepKind},
    run::Outcome,
    system::ClockAdvance,
    system::fault::Fault,
};

impl<'t, S> Flow<'t, S> {
    /// Dispatches a command to the domain, and runs everything that it causes.
    #[track_caller]
    pub fn when<C: Command>(mut self, command: C) -> Flow<'t, Acted> {
        let serialized = self.serialize(&command);
        self.step(
            Location::caller(),
            StepKind::When(serialized, short_type_name::<C::Reply>, Headers::default()),
        )
    }

    /// Submits a command to be processed later, as [`App::submit`](flow_domain::App::submit) does.
    ///
    /// Nobody receives its reply. A rejection counts as a failure of its handler, which
    /// [`then_handler_failed`](Flow::then_handler_failed) covers.
    #[track_caller]
    pub fn when_submitted<C: Command>(mut self, command: C) -> Flow<'t, Acted> {
        let serialized = self.serialize(&command);
        let kind = StepKind::WhenSubmitted(serialized, Headers::default());
        self.step(Location::caller(), kind)
    }

    /// Publishes an event from outside the domain, and runs everything that it causes.
    #[track_caller]
    pub fn when_event<E: Event>(mut self, event: E) -> Flow<'t, Acted> {
        let serialized = self.serialize(&event);
        self.step(
            Location::caller(),
            StepKind::WhenEvent(serialized, Headers::default()),
        )
    }

    /// Dispatches commands concurrently: all of them decide on the same state before one commits.
    ///
    /// If two of them change the same aggregate, the second fails with a conflict.
    /// [`then_accepted_of`](Flow::then_accepted_of) expects how many were accepted.
    #[track_caller]
    pub fn when_all(mut self, commands: impl IntoMessages<AnyCommand>) -> Flow<'t, Acted> {
        let serialized = self.serialize_each(&commands);
        self.step(Location::caller(), StepKind::WhenAll(serialized))
    }

    /// Advances the virtual clock by `duration`, and runs what becomes due: schedules and retries.
    ///
    /// The step takes no real time.
    #[track_caller]
    pub fn when_time_passes(self, duration: Duration) -> Flow<'t, Acted> {
        let advance = ClockAdvance::By(duration);
        self.step(Location::caller(), StepKind::WhenTime(advance))
    }

    /// Advances the virtual clock to `time`; see [`when_time_passes`](Self::when_time_passes).
    ///
    /// A run begins at [`VirtualClock::START`](flow_domain::clock::VirtualClock::START).
    #[track_caller]
    pub fn when_time_reaches(self, time: Timestamp) -> Flow<'t, Acted> {
        let advance = ClockAdvance::To(time);
        self.step(Location::caller(), StepKind::WhenTime(advance))
    }

    /// Runs the engine of a [`paused`](crate::FlowHarness::paused) harness until nothing is left to do.
    #[track_caller]
    pub fn when_engine_runs(self) -> Flow<'t, Acted> {
        self.step(Location::caller(), StepKind::WhenEngine(None))
    }

    /// Runs the engine of a [`paused`](crate::FlowHarness::paused) harness for `n_cycles` cycles.
    ///
    /// A cycle publishes, reads and delivers what is available. Time does not pass.
    #[track_caller]
    pub fn when_engine_cycles(self, n_cycles: usize) -> Flow<'t, Acted> {
        self.step(Location::caller(), StepKind::WhenEngine(Some(n_cycles)))
    }

    /// Delivers the events of the last act again, `times` times, each with the same id.
    ///
    /// A production engine does this if it crashed before it acknowledged the delivery.
    #[track_caller]
    pub fn when_redelivered(mut self, times: u32) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        if times == 0 {
            let mismatch = Mismatch::new("at least one redelivery", "0 times");
            self.plan.invalid_call = Some((Location::caller(), mismatch));
        }

        self.step(Location::caller(), StepKind::WhenRedelivered(times))
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
    pub fn when_with<C: Command>(
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

        self.step(Location::caller(), kind)
    }
}

impl Flow<'_, Acted> {
    /// Activates a fault from here on; see [`fault`](crate::fault).
    pub fn with_fault(self, fault: Fault) -> Self {
        let location = fault.location;
        self.step(location, StepKind::Fault(fault))
    }

    /// Sets the priority of the last act, and of everything that it causes.
    #[track_caller]
    pub fn with_priority(self, priority: Priority) -> Self {
        let location = Location::caller();
        self.with_header(location, "a priority", |headers| headers.priority(priority))
    }

    /// Sets a deadline on the last act: its message expires when `duration` has passed.
    #[track_caller]
    pub fn with_deadline(self, duration: Duration) -> Self {
        let location = Location::caller();
        self.with_header(location, "a deadline", |headers| {
            headers.expires_after(duration)
        })
    }

    fn with_header(
        mut self,
        location: &'static Location<'static>,
        header: &str,
        set: impl FnOnce(Headers) -> Headers,
    ) -> Self {
        let act = self
            .plan
            .steps
            .iter_mut()
            .rev()
            .find(|step| step.kind.is_act());

        if let Some(
            StepKind::When(_, _, headers)
            | StepKind::WhenEvent(_, headers)
            | StepKind::WhenSubmitted(_, headers),
        ) = act.map(|step| &mut step.kind)
        {
            *headers = set(std::mem::take(headers));
        } else {
            let expected = format!("an act that can have {header}");
            let found = "the last act is not a `when`, `when_event` or `when_submitted`";
            self.plan.invalid_call = Some((location, Mismatch::new(expected, found)));
        }

        self
    }
}

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
    /// Hands a command to the domain, and lets everything that it causes happen.
    #[track_caller]
    pub fn when<C: Command>(mut self, command: C) -> Flow<'t, Acted> {
        let written = self.serialize(&command);
        self.step(
            Location::caller(),
            StepKind::When(written, short_type_name::<C::Reply>, Headers::default()),
        )
    }

    /// Hands a command over to be processed later, as [`App::submit`](flow_domain::App::submit) does.
    ///
    /// Its reply reaches nobody. A rejection is told among the failures of its handler, and
    /// [`then_handler_failed`](Flow::then_handler_failed) is the word for it.
    #[track_caller]
    pub fn when_submitted<C: Command>(mut self, command: C) -> Flow<'t, Acted> {
        let written = self.serialize(&command);
        let kind = StepKind::WhenSubmitted(written, Headers::default());
        self.step(Location::caller(), kind)
    }

    /// Tells the domain of an event that happens outside, and lets everything that it causes happen.
    #[track_caller]
    pub fn when_event<E: Event>(mut self, event: E) -> Flow<'t, Acted> {
        let written = self.serialize(&event);
        self.step(
            Location::caller(),
            StepKind::WhenEvent(written, Headers::default()),
        )
    }

    /// Hands over commands at the same time: all of them decide on what is there now, before one of them
    /// is committed. Of two that change the same thing, the second is refused with a conflict.
    ///
    /// [`then_accepted_of`](Flow::then_accepted_of) says how many went through.
    #[track_caller]
    pub fn when_all(mut self, commands: impl IntoMessages<AnyCommand>) -> Flow<'t, Acted> {
        let written = self.serialize_each(&commands);
        self.step(Location::caller(), StepKind::WhenAll(written))
    }

    /// Lets so much time pass, and everything happen that becomes due in it: what is scheduled, and what
    /// is tried again. It costs no real time.
    #[track_caller]
    pub fn when_time_passes(self, time: Duration) -> Flow<'t, Acted> {
        let pass = StepKind::WhenTime(ClockAdvance::Ready(time));
        self.step(Location::caller(), pass)
    }

    /// Lets time pass until `time`; see [`when_time_passes`](Self::when_time_passes). A run begins at
    /// [`VirtualClock::START`](flow_domain::clock::VirtualClock::START).
    #[track_caller]
    pub fn when_time_reaches(self, time: Timestamp) -> Flow<'t, Acted> {
        let pass = StepKind::WhenTime(ClockAdvance::To(time));
        self.step(Location::caller(), pass)
    }

    /// Lets the engine of a [`paused`](crate::FlowHarness::paused) harness run until nothing is left to
    /// do.
    #[track_caller]
    pub fn when_engine_runs(self) -> Flow<'t, Acted> {
        self.step(Location::caller(), StepKind::WhenEngine(None))
    }

    /// Lets the engine of a [`paused`](crate::FlowHarness::paused) harness publish, read and deliver what
    /// is there so many times, without time passing.
    #[track_caller]
    pub fn when_engine_cycles(self, n: usize) -> Flow<'t, Acted> {
        self.step(Location::caller(), StepKind::WhenEngine(Some(n)))
    }

    /// Has the events of the last act delivered again, so many times, each with the same id: what an
    /// engine does that died before it could say that it was done.
    #[track_caller]
    pub fn when_redelivered(mut self, times: u32) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        if times == 0 {
            let mismatch = Mismatch::new("a redelivery", "0 times is none");
            self.plan.invalid_call = Some((Location::caller(), mismatch));
        }
        self.step(Location::caller(), StepKind::WhenRedelivered(times))
    }

    /// Hands over a command that is made from what was seen so far, for example from an id in an event.
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
        let make = move |outcome: &Outcome| {
            let command = command(outcome);
            match SerializedMessage::new(&command) {
                Ok(mut written) => {
                    let broken = command.check_round_trip(&mut written);
                    (Ok(written), broken)
                }
                Err(err) => (Err(err), None),
            }
        };
        let kind = StepKind::WhenWith(Box::new(make), short_type_name::<C::Reply>);

        self.step(Location::caller(), kind)
    }
}

impl Flow<'_, Acted> {
    /// Has something go wrong from here on; see [`fault`](crate::fault).
    pub fn with_fault(self, fault: Fault) -> Self {
        let location = fault.location;
        self.step(location, StepKind::Fault(fault))
    }

    /// Says how urgent the last act is, and with it everything that it causes.
    #[track_caller]
    pub fn with_priority(self, priority: Priority) -> Self {
        let location = Location::caller();
        self.with_header(location, "a priority", |headers| headers.priority(priority))
    }

    /// Says that the command of the last act is worth nothing any more after so much time.
    #[track_caller]
    pub fn with_deadline(self, time: Duration) -> Self {
        let location = Location::caller();
        self.with_header(location, "a deadline", |headers| {
            headers.expires_after(time)
        })
    }

    fn with_header(
        mut self,
        location: &'static Location<'static>,
        what: &str,
        say: impl FnOnce(Headers) -> Headers,
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
            *headers = say(std::mem::take(headers));
        } else {
            let expected = format!("an act that can have {what}");
            let found = "the last act is no `when`, `when_event` or `when_submitted`";
            self.plan.invalid_call = Some((location, Mismatch::new(expected, found)));
        }

        self
    }
}

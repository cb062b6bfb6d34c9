use std::panic::Location;

use flow_domain::{Command, Event, handler::short_type_name, model::Written};

use crate::{
    flow::{Acted, Flow, StepKind},
    run::Outcome,
};

impl<'t, S> Flow<'t, S> {
    /// Hands a command to the domain, and lets everything that it causes happen.
    #[track_caller]
    pub fn when<C: Command>(self, command: C) -> Flow<'t, Acted> {
        let written = Written::new(&command);
        self.step(
            Location::caller(),
            StepKind::When(written, short_type_name::<C::Reply>),
        )
    }

    /// Tells the domain of an event that happens outside, and lets everything that it causes happen.
    #[track_caller]
    pub fn when_event<E: Event>(self, event: E) -> Flow<'t, Acted> {
        let written = Written::new(&event);
        self.step(Location::caller(), StepKind::WhenEvent(written))
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
        let make = move |outcome: &Outcome| Written::new(&command(outcome));
        let kind = StepKind::WhenWith(Box::new(make), short_type_name::<C::Reply>);
        self.step(Location::caller(), kind)
    }
}

use std::{fmt, panic::Location};

use flow_domain::{
    Aggregate, Error,
    model::{AnyEvent, IntoMessages},
    testing::{SerializedAggregate, StoredEvent},
};

use crate::{
    expect::EmptyInput,
    flow::{Flow, Given, GivenCommand},
    plan::StepKind,
    system::fault::Fault,
};

impl<K> Flow<'_, Given, K> {
    /// Adds events that happened before: one event, or a tuple, an array or a `Vec` of events.
    ///
    /// The list must not be empty: [`given_nothing`](Self::given_nothing) says that nothing happened.
    /// They may belong to different streams. The run appends them to the store, and delivers them
    /// to every handler that subscribes to them. So projections and process managers know them. A
    /// handler that fails here fails the flow.
    ///
    /// Events do not change an aggregate that is stored as state. Use
    /// [`given_aggregate`](Self::given_aggregate) or [`given_command`](Self::given_command) for that.
    #[track_caller]
    pub fn given_events(mut self, events: impl IntoMessages<AnyEvent>) -> Self {
        let serialized = self.plan.serialize_each(&events);
        let is_empty = serialized.as_ref().is_ok_and(Vec::is_empty);

        self.plan
            .require_not_empty(Location::caller(), EmptyInput::GivenEvents, is_empty);
        self.given(StepKind::GivenEvents(serialized))
    }

    /// States that nothing happened before. It only adds a line to the story.
    #[track_caller]
    pub fn given_nothing(self) -> Self {
        self.given(StepKind::GivenNothing)
    }

    #[track_caller]
    pub(super) fn given(mut self, kind: StepKind<'static>) -> Self {
        self.plan.push(Location::caller(), kind);
        self
    }
}

impl Flow<'_, Given> {
    /// Adds events to a stream, exactly as a program of yesterday stored them.
    ///
    /// Each event is its stored type and its JSON. An [`Upcast`](flow_domain::Upcast) of the domain changes
    /// it when it is read. The run appends and delivers the events, as
    /// [`given_events`](Self::given_events) does.
    ///
    /// The step fails if there are no events, or if the domain cannot read one. Only a newer version is
    /// allowed: the engine pauses its stream, and the messages of the stream are pending at the end of
    /// the flow.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_domain::{Domain, Event, Upcast, WiringErrors};
    /// use flow_harness::prelude::*;
    /// # use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
    /// # use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Debug, Serialize, Deserialize, Event)]
    /// #[event(category = "order", id = order_id, version = 2)]
    /// struct OrderPlaced {
    ///     order_id: String,
    ///     currency: String,
    /// }
    ///
    /// #[derive(Debug, Clone, Serialize, Deserialize, Event)]
    /// #[event(category = "order", id = order_id)]
    /// struct OrderShipped {
    ///     order_id: String,
    /// }
    /// #
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
    /// # #[projection(id = order_id)]
    /// # struct OrderList { order_id: String, currency: String, is_shipped: bool }
    /// #
    /// # struct OrderListProjector;
    /// #
    /// # impl Projector for OrderListProjector {
    /// #     type Projection = OrderList;
    /// #     fn routes(on: &mut ProjectorRoutes<Self>) {
    /// #         on.event(Self::on_placed);
    /// #         on.event(Self::on_shipped);
    /// #     }
    /// # }
    /// #
    /// # impl OrderListProjector {
    /// #     async fn on_placed(&self, e: OrderPlaced, rows: &mut Rows<'_, OrderList>) -> Result<(), Error> {
    /// #         let OrderPlaced { order_id, currency } = e;
    /// #         let row = OrderList { order_id: order_id.clone(), currency, is_shipped: false };
    /// #         rows.change_or_insert(order_id, || row.clone(), |_| {}).await
    /// #     }
    /// #     async fn on_shipped(&self, e: OrderShipped, rows: &mut Rows<'_, OrderList>) -> Result<(), Error> {
    /// #         rows.change(e.order_id, |row| row.is_shipped = true).await
    /// #     }
    /// # }
    ///
    /// fn shop() -> Result<Domain, WiringErrors> {
    ///     Domain::builder("shop")
    ///         .event_from_outside::<OrderPlaced>()
    ///         .event_from_outside::<OrderShipped>()
    ///         .upcast(Upcast::to::<OrderPlaced>().from(1, |json| json.set("currency", "EUR")))
    ///         # .projection::<OrderList>()
    ///         # .projector(OrderListProjector)
    ///         .build()
    /// }
    ///
    /// FlowHarness::new(|_: &Resources| shop())
    ///     .given_stored("order-1", [("Shop.OrderPlaced.v1", r#"{"order_id":"1"}"#)])
    ///     .when_event(OrderShipped { order_id: "1".into() })
    ///     .then_projection::<OrderList>("1")
    ///     .has(|row| row.currency == "EUR" && row.is_shipped)
    ///     .run();
    /// ```
    #[track_caller]
    pub fn given_stored<T, J>(
        mut self,
        stream: impl AsRef<str>,
        events: impl IntoIterator<Item = (T, J)>,
    ) -> Self
    where
        T: AsRef<str>,
        J: fmt::Display,
    {
        let parse = |(message_type, content): (T, J)| {
            StoredEvent::parse(stream.as_ref(), message_type.as_ref(), &content.to_string())
        };
        let stored: Result<Vec<StoredEvent>, Error> = events.into_iter().map(parse).collect();
        let is_empty = stored.as_ref().is_ok_and(Vec::is_empty);

        self.plan
            .require_not_empty(Location::caller(), EmptyInput::StoredEvents, is_empty);
        self.given(StepKind::GivenStored(stored))
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
    /// A rejection or a failure here fails the flow. If the command changes nothing, a report of a later
    /// failure says so.
    #[track_caller]
    pub fn given_command<C: GivenCommand>(mut self, command: C) -> Self {
        let serialized = self.plan.serialize(&command);
        self.given(StepKind::GivenCommand(serialized))
    }

    /// Activates a fault from here on; see [`fault`](crate::fault).
    #[track_caller]
    pub fn with_fault(self, fault: Fault) -> Self {
        self.add_fault(fault, Given)
    }
}

use std::{borrow::Cow, fmt};

use serde::{Serialize, de::DeserializeOwned};

use crate::message::{MessageName, MessageSchema};

/// A command or an event, when it does not matter which.
///
/// `#[derive(Command)]` and `#[derive(Event)]` implement it. A struct is one message. An enum has
/// one message for each variant.
pub trait Message: Serialize + DeserializeOwned + fmt::Debug + Send + Sync + 'static {
    /// The name of the Rust type.
    const NAME: &'static str;

    /// The category of the aggregate that the message is for.
    const CATEGORY: &'static str;

    /// The messages of this type: one for a struct, one for each variant of an enum.
    #[doc(hidden)]
    const SCHEMAS: &'static [MessageSchema];

    /// Returns the name of this message.
    fn message_name(&self) -> MessageName;

    /// Returns the key of the aggregate that the message is for; empty if it names none.
    fn aggregate_id(&self) -> Cow<'_, str>;

    /// Returns the key in the field with this name. Returns `None` if there is no such field, if its
    /// type is not an [`Id`](crate::Id), or if it is an `Option` without a value.
    ///
    /// An event finds its process manager by the key in one of its fields.
    #[doc(hidden)]
    fn field_key(&self, name: &str) -> Option<Cow<'_, str>>;

    /// Compares two messages by `PartialEq`. Returns `None` if the type does not implement it.
    ///
    /// The derives implement this. Tests use it to check that a message is equal after a round
    /// trip.
    #[doc(hidden)]
    fn try_eq(&self, other: &Self) -> Option<bool> {
        let _ = other;
        None
    }
}

/// A request to change something, in the imperative: `PlaceOrder`. It may be refused.
///
/// # Examples
///
/// ```
/// # use flow_domain::{Aggregate, PendingEvents};
/// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Aggregate)]
/// # #[aggregate(id = order_id, commands(PlaceOrder))]
/// # struct Order { order_id: String, #[serde(skip)] raised: PendingEvents }
/// use flow_domain::{Command, Message};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize, Command)]
/// #[command(part_of = Order, id = order_id)]
/// struct PlaceOrder {
///     order_id: String,
/// }
///
/// let command = PlaceOrder { order_id: "ord-1".into() };
/// assert_eq!(command.message_name().to_string(), "PlaceOrder");
/// assert_eq!(command.aggregate_id(), "ord-1");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command",
    note = "add `#[derive(Command)]` and `#[command(part_of = TheAggregate, id = the_field)]` to it"
)]
pub trait Command: Message {
    /// The value that the handler returns if it accepts the command.
    type Reply: fmt::Debug + Send + Sync + 'static;

    /// Compares two replies by `PartialEq`. Returns `None` if their type does not implement it.
    ///
    /// The derive implements this. Tests use it to compare the replies of two runs.
    #[doc(hidden)]
    fn try_eq_replies(left: &Self::Reply, right: &Self::Reply) -> Option<bool> {
        let _ = (left, right);
        None
    }
}

/// A fact that happened, in the past tense: `OrderPlaced`. It is never refused.
///
/// # Examples
///
/// ```
/// # use flow_domain::{Aggregate, PendingEvents};
/// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Aggregate)]
/// # #[aggregate(id = order_id, events(OrderPlaced))]
/// # struct Order { order_id: String, #[serde(skip)] raised: PendingEvents }
/// use flow_domain::{Event, Message};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize, Event)]
/// #[event(part_of = Order, id = order_id, version = 2)]
/// struct OrderPlaced {
///     order_id: String,
/// }
///
/// let event = OrderPlaced { order_id: "ord-1".into() };
/// assert_eq!(event.message_name().to_string(), "OrderPlaced.v2");
/// assert_eq!(OrderPlaced::CATEGORY, "order");
/// ```
///
/// Each variant of an enum is an event of its own. A handler need not know all of them. It can take
/// a smaller enum whose variants have the same names. Then it receives only the events of that
/// enum.
///
/// ```
/// use flow_domain::{
///     Aggregate, Domain, Error, Event, EventHandler, EventRoutes, Message, PendingEvents, UnitOfWork,
/// };
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize, Aggregate)]
/// #[aggregate(id = order_id, events(OrderEvent))]
/// struct Order {
///     order_id: String,
///     #[serde(skip)]
///     raised: PendingEvents,
/// }
///
/// #[derive(Debug, Serialize, Deserialize, Event)]
/// #[event(part_of = Order, id = order_id)]
/// enum OrderEvent {
///     OrderPlaced { order_id: String },
///     OrderShipped { order_id: String, parcel: String },
///     OrderClosed { order_id: String },
/// }
///
/// #[derive(Debug, Serialize, Deserialize, Event)]
/// #[event(part_of = Order, id = order_id)]
/// enum Delivery {
///     OrderShipped { order_id: String, parcel: String },
///     OrderClosed { order_id: String },
/// }
///
/// struct Courier;
///
/// impl EventHandler for Courier {
///     fn routes(on: &mut EventRoutes<Self>) {
///         on.event(Self::on_delivery);
///     }
/// }
///
/// impl Courier {
///     async fn on_delivery(&self, event: Delivery, _work: &mut UnitOfWork) -> Result<(), Error> {
///         match event {
///             Delivery::OrderShipped { parcel, .. } => println!("{parcel} is on its way"),
///             Delivery::OrderClosed { order_id } => println!("{order_id} has arrived"),
///         }
///         Ok(())
///     }
/// }
///
/// let event = OrderEvent::OrderClosed { order_id: "ord-1".into() };
/// assert_eq!(event.message_name().to_string(), "OrderClosed");
///
/// let domain = Domain::builder("shop")
///     .aggregate::<Order>()
///     .event_handler(Courier)
///     .build()?;
/// assert_eq!(domain.wiring().subscriptions.len(), 2);
/// # Ok::<(), flow_domain::WiringErrors>(())
/// ```
///
/// An event from outside the domain has no aggregate. Its attribute names the `category`, and the
/// domain registers the event. [`App::publish`](crate::App::publish) passes it to the domain.
///
/// ```
/// # use flow_domain::{Domain, Event, Message};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Debug, Serialize, Deserialize, Event)]
/// #[event(category = "payment", id = payment_id)]
/// struct PaymentReceived {
///     payment_id: String,
/// }
///
/// let domain = Domain::builder("shop")
///     .event_from_outside::<PaymentReceived>()
///     .build()?;
/// assert_eq!(domain.wiring().events_from_outside, ["PaymentReceived"]);
/// assert_eq!(PaymentReceived::CATEGORY, "payment");
/// # Ok::<(), flow_domain::WiringErrors>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "add `#[derive(Event)]` and `#[event(part_of = TheAggregate, id = the_field)]` to it"
)]
pub trait Event: Message {}

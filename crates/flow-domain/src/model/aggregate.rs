use std::{borrow::Cow, fmt};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::Error,
    message::{MessageType, Payload, SchemaLists},
    model::{Event, PendingEvents, RaisedEvents},
};

/// State that decides: its methods check rules, change the state and raise events.
///
/// `#[derive(Aggregate)]` implements it. Some aggregates are stored as state: the store has the
/// struct itself. Others are event-sourced: the store has the events, and [`Apply`] folds them into
/// the state. [`Apply`] has an example. The derive takes
///
/// | attribute | meaning |
/// |---|---|
/// | `id = field` | the field that identifies it, an [`Id`](crate::Id) |
/// | `commands(A, B)` | the commands that it accepts |
/// | `events(A, B)` | the events that it raises |
/// | `event_sourced` | its state is folded from its events; needs `Default` |
/// | `category = "order"` | the category of its streams, if not its name in snake case |
/// | `name = "Order"` | its name, if not the name of the struct |
///
/// and needs one field of type [`PendingEvents`] with `#[serde(skip)]`.
///
/// # Examples
///
/// ```
/// use flow_domain::{Aggregate, Event, PendingEvents};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
/// #[aggregate(id = order_id, events(OrderPlaced))]
/// struct Order {
///     order_id: String,
///     placed: bool,
///     #[serde(skip)]
///     raised: PendingEvents,
/// }
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
/// #[event(part_of = Order, id = order_id)]
/// struct OrderPlaced {
///     order_id: String,
/// }
///
/// impl Order {
///     fn place(&mut self) {
///         self.placed = true;
///         self.raise(OrderPlaced { order_id: self.order_id.clone() });
///     }
/// }
///
/// let mut order = Order { order_id: "ord-1".into(), placed: false, raised: PendingEvents::default() };
/// order.place();
/// assert!(order.placed);
/// assert_eq!(order.raised(), OrderPlaced { order_id: "ord-1".into() });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    note = "add `#[derive(Aggregate)]` and `#[aggregate(id = the_field, events(..))]` to it"
)]
pub trait Aggregate: Serialize + DeserializeOwned + fmt::Debug + Send + Sync + 'static {
    /// The name of the aggregate: `Order`.
    const NAME: &'static str;

    /// The category of its streams: `order`.
    const CATEGORY: &'static str;

    /// The commands that it accepts.
    #[doc(hidden)]
    const COMMANDS: SchemaLists;

    /// The events that it raises.
    #[doc(hidden)]
    const EVENTS: SchemaLists;

    /// The field with its id.
    #[doc(hidden)]
    const ID_FIELD: &'static str;

    /// Whether its state is folded from its events.
    #[doc(hidden)]
    const EVENT_SOURCED: bool;

    /// The names and types of the serialized fields, as one text. A snapshot of another shape is outdated.
    #[doc(hidden)]
    const SHAPE: &'static str;

    /// Returns the key of this aggregate, unique within its category. See [`Id`](crate::Id).
    fn id(&self) -> Cow<'_, str>;

    /// Returns the state before the first event. Returns `None` if the aggregate is stored as
    /// state.
    #[doc(hidden)]
    fn initial() -> Option<Self>
    where
        Self: Sized;

    /// Folds one stored event into the state. Event-sourced aggregates only.
    ///
    /// # Errors
    ///
    /// Returns an error if the event cannot be decoded, or is none of [`EVENTS`](Self::EVENTS).
    #[doc(hidden)]
    fn replay(&mut self, message_type: &MessageType, content: &Payload) -> Result<(), Error>;

    /// Compares two aggregates by `PartialEq`. Returns `None` if the type does not implement it.
    ///
    /// The derive implements this. Tests use it to check that an aggregate is equal after a round
    /// trip or a fold.
    #[doc(hidden)]
    fn try_eq(&self, other: &Self) -> Option<bool> {
        let _ = other;
        None
    }

    /// Returns the buffer of raised events, from which the unit of work takes them.
    #[doc(hidden)]
    fn pending_events_mut(&mut self) -> &mut PendingEvents;

    /// Returns the events that were raised and not yet taken, in the order of raising.
    fn raised(&self) -> RaisedEvents<'_>;

    /// Raises an event. An event-sourced aggregate applies it to itself at once.
    fn raise<E: Event>(&mut self, event: E)
    where
        Self: Sized + Apply<E>,
    {
        self.apply(&event);
        self.pending_events_mut().push(event);
    }
}

/// Applies an event to an event-sourced aggregate.
///
/// `apply` must not decide and cannot fail, because the event has already happened. For an
/// aggregate that is stored as state, the derive writes an empty impl for each listed event. So
/// such an aggregate can raise only listed events.
///
/// # Examples
///
/// ```
/// use flow_domain::{Aggregate, Apply, Event, PendingEvents};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
/// #[aggregate(id = account_id, event_sourced, events(AccountOpened, MoneyPaidIn))]
/// struct Account {
///     account_id: String,
///     cents: u64,
///     #[serde(skip)]
///     raised: PendingEvents,
/// }
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
/// #[event(part_of = Account, id = account_id)]
/// struct AccountOpened {
///     account_id: String,
/// }
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
/// #[event(part_of = Account, id = account_id)]
/// struct MoneyPaidIn {
///     account_id: String,
///     cents: u64,
/// }
///
/// impl Apply<AccountOpened> for Account {
///     fn apply(&mut self, event: &AccountOpened) {
///         self.account_id.clone_from(&event.account_id);
///     }
/// }
///
/// impl Apply<MoneyPaidIn> for Account {
///     fn apply(&mut self, event: &MoneyPaidIn) {
///         self.cents += event.cents;
///     }
/// }
///
/// impl Account {
///     fn open(account_id: &str) -> Self {
///         let mut account = Self::default();
///         account.raise(AccountOpened { account_id: account_id.to_owned() });
///         account
///     }
///
///     fn pay_in(&mut self, cents: u64) {
///         let account_id = self.account_id.clone();
///         self.raise(MoneyPaidIn { account_id, cents });
///     }
/// }
///
/// let mut account = Account::open("acc-1");
/// account.pay_in(500);
///
/// assert_eq!(account.cents, 500);
/// assert_eq!(
///     account.raised(),
///     (
///         AccountOpened { account_id: "acc-1".into() },
///         MoneyPaidIn { account_id: "acc-1".into(), cents: 500 },
///     )
/// );
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot raise `{E}`",
    label = "`{E}` is not in the `events(..)` of `{Self}`",
    note = "list it in `#[aggregate(.., events({E}))]`",
    note = "if `{Self}` is event-sourced, also say what the event changes: `impl Apply<{E}> for {Self}`"
)]
pub trait Apply<E: Event> {
    /// Changes the state by one event.
    fn apply(&mut self, event: &E);
}

use std::{borrow::Cow, fmt};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::Error,
    message::{MessageType, Payload, SchemaLists},
    model::{Event, PendingEvents, RaisedEvents},
};

/// State that decides: its methods check rules, change it and raise events.
///
/// `#[derive(Aggregate)]` writes it. An aggregate is kept as state (what is stored is the struct
/// itself), or event-sourced (what is stored are its events, and the state is folded from them with
/// [`Apply`], which has an example). The derive takes
///
/// | attribute | meaning |
/// |---|---|
/// | `id = field` | the field that identifies it |
/// | `commands(A, B)` | the commands that it is asked with |
/// | `events(A, B)` | the events that it raises |
/// | `event_sourced` | its state is folded from its events; needs `Default` |
/// | `category = "order"` | the category of its streams, if not its name in snake case |
///
/// and looks for a field of type [`PendingEvents`], which should be `#[serde(skip)]`.
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

    /// The commands that it is asked with.
    const COMMANDS: SchemaLists;

    /// The events that it raises.
    const EVENTS: SchemaLists;

    /// Whether its state is folded from its events.
    const EVENT_SOURCED: bool;

    /// The id of this aggregate, unique within its category.
    fn id(&self) -> Cow<'_, str>;

    /// The state before the first event; `None` if the aggregate is kept as state.
    fn initial() -> Option<Self>
    where
        Self: Sized;

    /// Folds one stored event into the state. Event-sourced aggregates only.
    ///
    /// # Errors
    ///
    /// Returns an error if the event cannot be read, or is none of [`EVENTS`](Self::EVENTS).
    fn replay(&mut self, message_type: &MessageType, content: &Payload) -> Result<(), Error>;

    /// Compares it with another by `PartialEq`; `None` if it has none. The derive writes it, for tests
    /// that ask whether what is serialised or folded comes back equal.
    fn try_eq(&self, other: &Self) -> Option<bool> {
        let _ = other;
        None
    }

    /// Where raised events are kept until the unit of work takes them.
    fn pending_events_mut(&mut self) -> &mut PendingEvents;

    /// The events that were raised and not yet taken, in order.
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

/// What an event changes in an event-sourced aggregate.
///
/// It must not decide and cannot fail: the event happened. For aggregates kept as state the derive
/// writes an empty one for each event that is listed, so that only listed events can be raised.
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
    message = "`{Self}` does not raise `{E}`",
    label = "`{E}` is none of the events of `{Self}`",
    note = "list it: `#[aggregate(.., events({E}))]`",
    note = "if `{Self}` is event-sourced, also say what the event changes: `impl Apply<{E}> for {Self}`"
)]
pub trait Apply<E: Event> {
    /// Changes the state by one event.
    fn apply(&mut self, event: &E);
}

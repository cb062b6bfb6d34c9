use std::{fmt, ops::RangeInclusive};

use crate::{
    error::Error,
    json::Json,
    message::{MessageName, MessageSchema},
    model::Event,
};

/// Changes the JSON of an event by one version.
pub(crate) type Step = Box<dyn Fn(&mut Json) -> Result<(), Error> + Send + Sync>;

/// The steps that change the stored versions of an event into the version of today.
///
/// [`DomainBuilder::upcast`](crate::wiring::DomainBuilder::upcast) registers it. Then everybody who
/// reads the event gets the current type, name and content: loads, handlers, rebuilds and tests. The
/// store keeps what it has. [`Envelope::as_stored`](crate::message::Envelope::as_stored) returns
/// that.
///
/// A step is a pure function of the stored JSON. Its result must not depend on the time, on an id or on
/// other data. One event becomes one event. If a step fails, the event cannot be read: a load is an
/// error, and a delivery becomes a dead letter.
///
/// An upcast needs one step for each version before the current one, from version 1 on. An event
/// without an upcast can have any version, as long as no older version is stored.
///
/// The type of a stored event begins with the name of its domain, which is ignored. So a renamed domain
/// needs no upcast. A category is part of the name of a stream, and no upcast can change it.
///
/// # Examples
///
/// ```
/// use flow_domain::{
///     Aggregate, Apply, Domain, Event, PendingEvents, Upcast, WiringErrors, json::Json,
/// };
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
/// #[aggregate(id = order_id, event_sourced, events(OrderPlaced))]
/// struct Order {
///     order_id: String,
///     #[serde(skip)]
///     raised: PendingEvents,
/// }
///
/// // Version 1 was called `OrderCreated` and had no currency. Version 2 had a `sum`.
/// #[derive(Debug, Serialize, Deserialize, Event)]
/// #[event(part_of = Order, id = order_id, version = 3)]
/// struct OrderPlaced {
///     order_id: String,
///     total: u64,
///     currency: String,
/// }
///
/// impl Apply<OrderPlaced> for Order {
///     fn apply(&mut self, event: &OrderPlaced) {
///         self.order_id.clone_from(&event.order_id);
///     }
/// }
///
/// fn shop() -> Result<Domain, WiringErrors> {
///     Domain::builder("shop")
///         .aggregate::<Order>()
///         .upcast(
///             Upcast::to::<OrderPlaced>()
///                 .was("OrderCreated", 1..=1)
///                 .from(1, |json| json.set("currency", "EUR"))
///                 .from(2, |json| json.rename("sum", "total")),
///         )
///         .retired("OrderNoted")
///         .build()
/// }
///
/// shop()?;
/// # Ok::<(), WiringErrors>(())
/// ```
#[must_use = "an upcast has no effect until `DomainBuilder::upcast` registers it"]
pub struct Upcast {
    /// The name of the Rust type of the event.
    pub(crate) type_name: &'static str,
    pub(crate) category: &'static str,
    pub(crate) schemas: &'static [MessageSchema],
    /// The name of the event, if it is a variant of an enum.
    pub(crate) variant: Option<&'static str>,
    /// The steps, each with the version that it changes.
    pub(crate) steps: Vec<(u32, Step)>,
    pub(crate) former_names: Vec<FormerName>,
}

/// A name that an event had in some of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormerName {
    pub(crate) name: String,
    pub(crate) versions: RangeInclusive<u32>,
}

impl Upcast {
    /// Starts an upcast to the current version of an event that is a struct.
    pub fn to<E: Event>() -> Self {
        Self::new::<E>(None)
    }

    /// Starts an upcast to the current version of one event of an enum.
    ///
    /// `name` is the name of the event: `OrderShipped`. Each variant has versions of its own.
    ///
    /// `serde` writes a variant as `{"OrderShipped":{..}}`. The steps get the inner JSON, and a former
    /// name is replaced in the outer one. If the enum has another form in JSON, the steps get all of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_domain::{Domain, Event, Upcast};
    /// # use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Debug, Serialize, Deserialize, Event)]
    /// #[event(category = "parcel", id = parcel_id)]
    /// enum ParcelEvent {
    ///     #[event(version = 2)]
    ///     ParcelSent { parcel_id: String, grams: u64 },
    ///     ParcelLost { parcel_id: String },
    /// }
    ///
    /// Domain::builder("post")
    ///     .event_from_outside::<ParcelEvent>()
    ///     .upcast(
    ///         Upcast::to_variant::<ParcelEvent>("ParcelSent")
    ///             .from(1, |json| json.rename("weight", "grams")),
    ///     )
    ///     .build()?;
    /// # Ok::<(), flow_domain::WiringErrors>(())
    /// ```
    pub fn to_variant<E: Event>(name: &'static str) -> Self {
        Self::new::<E>(Some(name))
    }

    fn new<E: Event>(variant: Option<&'static str>) -> Self {
        Self {
            type_name: E::NAME,
            category: E::CATEGORY,
            schemas: E::SCHEMAS,
            variant,
            steps: Vec::new(),
            former_names: Vec::new(),
        }
    }

    /// Adds the step that changes the JSON of this version into that of the next version.
    ///
    /// `|json| Ok(())` keeps the content. [`Json::get_mut`] reaches a part further inside.
    pub fn from(
        mut self,
        version: u32,
        step: impl Fn(&mut Json) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        self.steps.push((version, Box::new(step)));
        self
    }

    /// Adds the name that the event had in these versions.
    ///
    /// If only the name has changed and not the version, the range includes the current version.
    pub fn was(mut self, name: impl Into<String>, versions: RangeInclusive<u32>) -> Self {
        let name = name.into();
        self.former_names.push(FormerName { name, versions });
        self
    }

    /// Returns the event that the steps lead to; `None` if the upcast does not name exactly one.
    pub(crate) fn target(&self) -> Option<MessageName> {
        let names = || self.schemas.iter().map(|schema| schema.name);
        match (self.variant, self.schemas) {
            (Some(variant), _) => names()
                .filter(|name| name.as_str() == variant)
                .max_by_key(|name| name.version()),
            (None, [schema]) => Some(schema.name),
            (None, _) => None,
        }
    }

    /// Returns the expression that starts this upcast, for messages.
    pub(crate) fn start_text(&self) -> String {
        match self.variant {
            Some(variant) => format!("Upcast::to_variant::<{}>(\"{variant}\")", self.type_name),
            None => format!("Upcast::to::<{}>()", self.type_name),
        }
    }

    /// Returns the names and versions of the stored events that this upcast changes.
    pub(crate) fn claims(&self, target: MessageName) -> impl Iterator<Item = (&str, u32)> {
        let own_versions = (1..target.version()).map(move |version| (target.as_str(), version));
        let former_versions = self.former_names.iter().flat_map(move |former| {
            let (first, last) = (*former.versions.start(), *former.versions.end());
            (first..=last.min(target.version())).map(move |version| (former.name.as_str(), version))
        });

        own_versions.chain(former_versions)
    }
}

impl fmt::Debug for Upcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.start_text())
    }
}

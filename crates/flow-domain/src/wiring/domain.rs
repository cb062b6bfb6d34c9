use std::{any::TypeId, sync::Arc};

#[cfg(feature = "testing")]
use crate::record::Invariant;
use crate::{
    handler::Catalog,
    message::{MessageLabels, MessageType, Priority},
    record::HandlerKind,
    wiring::{
        DomainBuilder, Wiring, WiringWarning,
        acknowledgement::{Acknowledgement, without_acknowledged},
        graph, warning,
    },
};

/// A domain: its aggregates, handlers and projections, wired and checked. It never changes.
///
/// It holds no data. An [`App`](crate::App) adds the store, the clock and the ids.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{Order, OrderCommandHandler, OrderDashboard, OrderDashboardProjector};
/// use flow_domain::{Domain, WiringErrors};
///
/// fn shop() -> Result<Domain, WiringErrors> {
///     Domain::builder("shop")
///         .aggregate::<Order>()
///         .projection::<OrderDashboard>()
///         .command_handler(OrderCommandHandler)
///         .projector(OrderDashboardProjector)
///         .build()
/// }
///
/// assert_eq!(shop()?.name(), "shop");
/// # Ok::<(), WiringErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct Domain {
    name: Arc<str>,
    catalog: Arc<Catalog>,
    acknowledgements: Arc<[Acknowledgement]>,
}

impl Domain {
    /// Starts to build a domain.
    ///
    /// Its name becomes part of the type of every message, in camel case: `shop` gives
    /// `Shop.OrderPlaced.v1`.
    pub fn builder(name: &str) -> DomainBuilder {
        DomainBuilder::new(name)
    }

    pub(crate) fn new(
        name: String,
        catalog: Catalog,
        acknowledgements: Arc<[Acknowledgement]>,
    ) -> Self {
        Self {
            name: name.into(),
            catalog: Arc::new(catalog),
            acknowledgements,
        }
    }

    /// Returns the name of the domain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how texts name the messages.
    #[doc(hidden)]
    pub fn labels(&self) -> &MessageLabels {
        &self.catalog.labels
    }

    /// Returns the wiring as data: the handlers of all messages and how they are subscribed.
    pub fn wiring(&self) -> Wiring {
        graph::wiring(&self.name, &self.catalog)
    }

    /// Returns a warning for everything that is allowed but may be a mistake.
    ///
    /// [`DomainBuilder::acknowledge`] leaves out the warnings that are known.
    pub fn check(&self) -> Vec<WiringWarning> {
        let warnings = warning::warnings(&self.wiring(), &self.catalog);
        without_acknowledged(warnings, &self.acknowledgements, &self.catalog.labels)
    }

    /// Returns all handlers with their names, kinds and Rust types, command handlers first.
    pub fn handlers(&self) -> Vec<HandlerEntry> {
        let command_handlers = self.catalog.commands.iter().map(|route| HandlerEntry {
            name: route.handler,
            kind: HandlerKind::CommandHandler,
            type_id: route.handler_type,
        });
        let subscribers = self
            .catalog
            .subscriptions
            .iter()
            .map(|subscription| HandlerEntry {
                name: subscription.handler,
                kind: subscription.kind,
                type_id: subscription.handler_type,
            });

        // A command handler has one route for each command, so it appears several times.
        let mut handlers: Vec<HandlerEntry> = Vec::new();
        for handler in command_handlers.chain(subscribers) {
            if !handlers.contains(&handler) {
                handlers.push(handler);
            }
        }

        handlers
    }

    /// Returns the priority below which messages use the backfill lane, if the domain has lanes.
    ///
    /// See [`DomainBuilder::lanes_below`].
    pub fn lanes_below(&self) -> Option<Priority> {
        self.catalog.lane_threshold
    }

    /// Returns true if the domain has something that this invariant is about.
    #[cfg(feature = "testing")]
    pub fn has_subject_of(&self, invariant: Invariant) -> bool {
        let Catalog {
            aggregates,
            projections,
            ..
        } = &*self.catalog;

        match invariant {
            Invariant::RoundTrip => true,
            Invariant::Fold => aggregates.iter().any(|entry| entry.event_sourced),
            Invariant::Snapshot => aggregates.iter().any(|entry| entry.snapshots.is_some()),
            Invariant::SilentChange => aggregates.iter().any(|entry| !entry.event_sourced),
            Invariant::Rebuild => !projections.is_empty(),
        }
    }

    /// Returns true if nobody needs events of this type any more.
    ///
    /// See [`DomainBuilder::retired`].
    pub fn is_retired(&self, event: &MessageType) -> bool {
        self.catalog.upcasts.is_retired(event)
    }

    #[cfg(feature = "testing")]
    pub(crate) fn into_parts(self) -> (Arc<str>, Arc<Catalog>, Arc<[Acknowledgement]>) {
        (self.name, self.catalog, self.acknowledgements)
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }
}

/// A handler of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerEntry {
    /// Its name.
    pub name: &'static str,
    /// What kind of handler it is.
    pub kind: HandlerKind,
    /// Its Rust type.
    pub type_id: TypeId,
}

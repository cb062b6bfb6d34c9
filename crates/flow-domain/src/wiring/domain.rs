use std::{any::TypeId, sync::Arc};

use crate::{
    handler::Catalog,
    record::HandlerKind,
    wiring::{DomainBuilder, Wiring, WiringWarning, graph, warning},
};

/// A domain: its aggregates, handlers and projections, wired and checked. It never changes.
///
/// It holds no data. Stores, clock and ids are given when an [`App`](crate::App) is started from it.
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
}

impl Domain {
    /// Begins to put a domain together.
    ///
    /// Its name becomes part of the type of every message, in camel case: `shop` gives
    /// `Shop.OrderPlaced.v1`.
    pub fn builder(name: &str) -> DomainBuilder {
        DomainBuilder::new(name)
    }

    pub(crate) fn new(name: String, catalog: Catalog) -> Self {
        Self {
            name: name.into(),
            catalog: Arc::new(catalog),
        }
    }

    /// The name of the domain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns who handles what, in which category, and how it is subscribed, as data.
    pub fn wiring(&self) -> Wiring {
        graph::wiring(&self.name, &self.catalog)
    }

    /// Returns what is allowed but may be a mistake.
    pub fn check(&self) -> Vec<WiringWarning> {
        warning::warnings(&self.wiring(), &self.catalog)
    }

    /// Returns all handlers by name, with their kinds and Rust types, command handlers first.
    pub fn handlers(&self) -> Vec<HandlerEntry> {
        let mut handlers: Vec<HandlerEntry> = Vec::new();
        let deciding = self.catalog.commands.iter().map(|route| HandlerEntry {
            name: route.handler,
            kind: HandlerKind::CommandHandler,
            type_id: route.handler_type,
        });

        let reacting = self.catalog.subscriptions.iter().map(|one| HandlerEntry {
            name: one.handler,
            kind: one.kind,
            type_id: one.handler_type,
        });

        for handler in deciding.chain(reacting) {
            if !handlers.contains(&handler) {
                handlers.push(handler);
            }
        }

        handlers
    }

    pub(crate) fn into_parts(self) -> (Arc<str>, Arc<Catalog>) {
        (self.name, self.catalog)
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

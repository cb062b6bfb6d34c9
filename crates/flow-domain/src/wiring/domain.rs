use std::sync::Arc;

use crate::{
    handler::Catalog,
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

    pub(super) fn new(name: String, catalog: Catalog) -> Self {
        Self {
            name: name.into(),
            catalog: Arc::new(catalog),
        }
    }

    /// The name of the domain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns who handles what, in which category, as data.
    pub fn wiring(&self) -> Wiring {
        graph::wiring(&self.name, &self.catalog)
    }

    /// Returns what is allowed but may be a mistake.
    pub fn check(&self) -> Vec<WiringWarning> {
        warning::warnings(&self.wiring())
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }
}

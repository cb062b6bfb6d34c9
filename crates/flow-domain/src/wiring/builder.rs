use std::any::TypeId;

use crate::{
    handler::{
        AggregateEntry, Catalog, CommandHandler, CommandRoutes, EventHandler, EventRoutes,
        ProcessManager, ProcessManagerRoutes, ProjectionEntry, Projector, ProjectorRoutes,
        SnapshotPolicy, SubscriptionOptions, Upcast, Upcasts,
    },
    message::{MessageLabels, Priority, SchemaLists},
    model::{Aggregate, Event, Message, Projection},
    record::HandlerKind,
    wiring::{
        Domain, WarningSelector, WiringErrors, acknowledgement::Acknowledgement, verify::verify,
    },
};

/// Builds a domain from its parts. [`build`](Self::build) checks that the domain can work.
#[derive(Debug)]
#[must_use = "nothing is checked or usable until `build` is called"]
pub struct DomainBuilder {
    // Every method moves the builder. The box makes this cheap.
    pub(super) parts: Box<Parts>,
}

/// Everything that has been registered.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) catalog: Catalog,
    /// The name, the type and the number of routes of each command handler.
    pub(super) command_handlers: Vec<(&'static str, TypeId, usize)>,
    pub(super) acknowledgements: Vec<Acknowledgement>,
}

impl DomainBuilder {
    pub(super) fn new(name: &str) -> Self {
        let catalog = Catalog {
            domain: camel_case(name).into(),
            aggregates: Vec::new(),
            projections: Vec::new(),
            outside_events: Vec::new(),
            upcasts: Upcasts::default(),
            commands: Vec::new(),
            subscriptions: Vec::new(),
            event_index: Vec::new(),
            catch_all_idxs: Vec::new(),
            defaults: SubscriptionOptions::default(),
            lane_threshold: None,
            labels: MessageLabels::default(),
        };

        Self {
            parts: Box::new(Parts {
                name: name.to_owned(),
                catalog,
                command_handlers: Vec::new(),
                acknowledgements: Vec::new(),
            }),
        }
    }

    /// Adds an aggregate with the commands and events that it lists.
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.parts
            .catalog
            .aggregates
            .push(AggregateEntry::of::<A>(None));
        self
    }

    /// Adds an event-sourced aggregate that is loaded from snapshots. See [`SnapshotPolicy`].
    pub fn aggregate_with_snapshots<A: Aggregate>(mut self, policy: SnapshotPolicy) -> Self {
        self.parts
            .catalog
            .aggregates
            .push(AggregateEntry::of::<A>(Some(policy)));
        self
    }

    /// Adds a projection.
    pub fn projection<P: Projection>(mut self) -> Self {
        self.parts
            .catalog
            .projections
            .push(ProjectionEntry::of::<P>());
        self
    }

    /// Adds an event that happens outside this domain.
    pub fn event_from_outside<E: Event>(mut self) -> Self {
        let schemas: SchemaLists = const { &[<E as Message>::SCHEMAS] };
        self.parts
            .catalog
            .outside_events
            .push((E::CATEGORY, schemas));
        self
    }

    /// Changes stored events of older versions into events of today. See [`Upcast`].
    pub fn upcast(mut self, upcast: Upcast) -> Self {
        self.parts.catalog.upcasts.add(upcast);
        self
    }

    /// Names an event that is stored and that nobody needs any more.
    ///
    /// It stays in its stream, and counts for the version of the stream. Loads, handlers and rebuilds skip
    /// it, whatever its version and its category are.
    pub fn retired(mut self, event: impl Into<String>) -> Self {
        self.parts.catalog.upcasts.add_retired(event.into());
        self
    }

    /// Adds a command handler.
    pub fn command_handler<H: CommandHandler>(mut self, handler: H) -> Self {
        let n_routes_before = self.parts.catalog.commands.len();
        let routes = std::mem::take(&mut self.parts.catalog.commands);
        self.parts.catalog.commands = CommandRoutes::collect(handler, routes);

        let n_routes = self.parts.catalog.commands.len() - n_routes_before;
        self.parts
            .command_handlers
            .push((H::name(), TypeId::of::<H>(), n_routes));

        self
    }

    /// Adds an event handler. The handlers of one event are called in the order of registration.
    pub fn event_handler<H: EventHandler>(mut self, handler: H) -> Self {
        self.parts
            .catalog
            .subscriptions
            .push(EventRoutes::collect(handler));
        self
    }

    /// Adds a process manager.
    pub fn process_manager<M: ProcessManager>(mut self) -> Self {
        self.parts
            .catalog
            .subscriptions
            .push(ProcessManagerRoutes::<M>::collect());
        self
    }

    /// Adds a projector.
    pub fn projector<H: Projector>(mut self, projector: H) -> Self {
        self.parts
            .catalog
            .subscriptions
            .push(ProjectorRoutes::collect(projector));
        self
    }

    /// Sets the subscription options of handlers that do not set their own.
    pub fn subscriptions(mut self, configure: impl FnOnce(&mut SubscriptionOptions)) -> Self {
        configure(&mut self.parts.catalog.defaults);
        self
    }

    /// Gives messages below this priority a lane of their own: the backfill lane.
    ///
    /// A consumer reads it only when no more urgent message is pending.
    pub fn lanes_below(mut self, priority: Priority) -> Self {
        self.parts.catalog.lane_threshold = Some(priority);
        self
    }

    /// Says that warnings are known, and why they are no mistake: [`Domain::check`] does not return them.
    ///
    /// If the selector selects no warning, `check` returns one about this. An empty `reason` is a wiring
    /// mistake.
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_domain::doc_fixture::OrderDashboard;
    /// use flow_domain::{Domain, WarningSelector};
    ///
    /// let shop = Domain::builder("shop")
    ///     .projection::<OrderDashboard>()
    ///     .acknowledge(
    ///         WarningSelector::projection_without_projector::<OrderDashboard>(),
    ///         "another program writes its rows",
    ///     )
    ///     .build()?;
    ///
    /// assert_eq!(shop.check(), []);
    /// # Ok::<(), flow_domain::WiringErrors>(())
    /// ```
    pub fn acknowledge(mut self, selector: WarningSelector, reason: impl Into<String>) -> Self {
        self.parts.acknowledgements.push(Acknowledgement {
            selector,
            reason: reason.into(),
        });
        self
    }

    /// Checks the wiring and builds the domain.
    ///
    /// # Errors
    ///
    /// Returns all mistakes together, each with what to write instead.
    pub fn build(mut self) -> Result<Domain, WiringErrors> {
        self.parts.catalog.build_labels();
        self.parts.catalog.build_event_index();
        let mistakes = verify(&self.parts);

        let Parts {
            name,
            mut catalog,
            acknowledgements,
            ..
        } = *self.parts;
        if !mistakes.is_empty() {
            return Err(WiringErrors {
                domain: name,
                mistakes,
            });
        }

        catalog.apply_defaults();
        catalog.upcasts.build_index(&catalog.domain);
        Ok(Domain::new(name, catalog, acknowledgements.into()))
    }
}

impl Parts {
    /// Returns the name, the type, the kind and the number of routes of each handler.
    pub(super) fn handlers(
        &self,
    ) -> impl Iterator<Item = (&'static str, TypeId, HandlerKind, usize)> + '_ {
        let command_handlers = self.command_handlers.iter();
        let subscriptions = self.catalog.subscriptions.iter();

        command_handlers
            .map(|(name, id, n_routes)| (*name, *id, HandlerKind::CommandHandler, *n_routes))
            .chain(subscriptions.map(|subscription| {
                (
                    subscription.handler,
                    subscription.handler_type,
                    subscription.kind,
                    subscription.routes.len() + usize::from(subscription.catch_all.is_some()),
                )
            }))
    }
}

/// Returns the domain name for message types: `web-shop` gives `WebShop`.
fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut starts_word = true;

    for letter in name.chars() {
        match letter {
            '-' | '_' => starts_word = true,
            _ if starts_word => {
                camel.extend(letter.to_uppercase());
                starts_word = false;
            }
            _ => camel.push(letter),
        }
    }

    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_name_becomes_camel_case() {
        assert_eq!(camel_case("shop"), "Shop");
        assert_eq!(camel_case("web-shop_2"), "WebShop2");
    }
}

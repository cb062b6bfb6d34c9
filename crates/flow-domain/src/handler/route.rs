use std::{
    any::{Any, TypeId},
    fmt,
    sync::Arc,
    time::Duration,
};

use crate::{
    error::Error,
    handler::{Delivery, Reply, SubscriptionOptions, SubscriptionSettings, UnitOfWork},
    message::{Envelope, MessageName, MessageSchema, SchemaLists},
    model::MessageTypes,
    port::BoxFuture,
    record::HandlerKind,
};

/// A handler, without its Rust type.
pub(crate) type AnyHandler = Arc<dyn Any + Send + Sync>;

/// Calls one method of a handler, without the Rust types of the method and the handler.
///
/// An implementation stores only the method, not the handler. A method has no size, so its box
/// needs no memory.
pub(crate) trait Call<R>: Send + Sync {
    fn call<'a>(
        &'a self,
        handler: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<R, Error>>;
}

impl<R> dyn Call<R> {
    /// Returns `call` once for each of the `n_messages` that a Rust type stands for.
    ///
    /// Several messages share it behind an `Arc`. A single message gets it without an `Arc`.
    pub(super) fn one_per_message(
        n_messages: usize,
        call: impl Call<R> + 'static,
    ) -> impl Iterator<Item = Box<dyn Call<R>>>
    where
        R: 'static,
    {
        let mut single: Option<Box<dyn Call<R>>> = None;
        let mut shared: Option<Arc<dyn Call<R>>> = None;
        if n_messages == 1 {
            single = Some(Box::new(call));
        } else {
            shared = Some(Arc::new(call));
        }

        let shared = shared.into_iter().flat_map(move |call| {
            (0..n_messages)
                .map(move |_| Box::new(SharedCall(Arc::clone(&call))) as Box<dyn Call<R>>)
        });
        single.into_iter().chain(shared)
    }
}

/// A call that the variants of an enum share.
struct SharedCall<R>(Arc<dyn Call<R>>);

impl<R> Call<R> for SharedCall<R> {
    fn call<'a>(
        &'a self,
        handler: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<R, Error>> {
        self.0.call(handler, message, work)
    }
}

/// Calls `handle_error` of a handler, without its Rust type.
pub(crate) type OnError =
    for<'a> fn(&'a AnyHandler, &'a Error, &'a Delivery) -> BoxFuture<'a, Result<(), Error>>;

/// Returns the handler with its Rust type.
pub(super) fn downcast_handler<H: 'static>(handler: &AnyHandler) -> &H {
    (**handler)
        .downcast_ref()
        .expect("a route is called only with the handler that registered it")
}

/// What an event handler, a projector or a process manager did with an event.
#[derive(Debug)]
pub(crate) enum Disposition {
    /// Its method ran.
    Handled,
    /// It skipped the event, for this reason.
    Filtered(String),
}

/// The route of one command to its handler.
pub(crate) struct CommandRoute {
    pub(crate) command: MessageName,
    /// The name of the command's Rust type. A variant has the name of its enum.
    pub(crate) type_name: &'static str,
    pub(crate) category: &'static str,
    pub(crate) handler: &'static str,
    pub(crate) handler_type: TypeId,
    /// The handler itself.
    pub(crate) instance: AnyHandler,
    pub(crate) call: Box<dyn Call<Reply>>,
    pub(crate) on_error: OnError,
    /// What the handler sets for its subscription, if anything.
    pub(crate) options: Option<Arc<SubscriptionOptions>>,
    pub(crate) declaration: RouteDeclaration,
}

/// The route of one event to one method of a subscription.
pub(crate) struct EventRoute {
    pub(crate) event: &'static MessageSchema,
    /// The name of the event's Rust type. A variant has the name of its enum.
    pub(crate) type_name: &'static str,
    pub(crate) category: &'static str,
    pub(crate) call: Box<dyn Call<Disposition>>,
    pub(crate) declaration: RouteDeclaration,
}

/// What a route declares about its method, for the checks of the wiring.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteDeclaration {
    pub(crate) raises: SchemaLists,
    pub(crate) issues: SchemaLists,
    /// Process managers only: the field of the event that has the key.
    pub(crate) key: Option<&'static str>,
    /// Process managers only: whether the event may start one.
    pub(crate) starts: bool,
}

/// One handler of events, with its routes.
pub(crate) struct Subscription {
    pub(crate) handler: &'static str,
    pub(crate) handler_type: TypeId,
    pub(crate) kind: HandlerKind,
    /// The name and type of the projection that the handler maintains, if it is a projector.
    pub(crate) projection: Option<(&'static str, TypeId)>,
    /// The categories that the handler names itself; `None` if they are derived from its events.
    pub(crate) categories: Option<Vec<&'static str>>,
    /// The handler itself. A process manager is loaded for each event, so it has `()` here.
    pub(crate) instance: AnyHandler,
    pub(crate) routes: Vec<EventRoute>,
    /// The route of every event that has no route of its own.
    pub(crate) catch_all: Option<Box<EventRoute>>,
    pub(crate) on_error: OnError,
    /// What the handler sets for its subscription, if anything.
    pub(crate) options: Option<Box<SubscriptionOptions>>,
}

impl Subscription {
    /// Iterates over all routes, also the one of every other event.
    pub(crate) fn all_routes(&self) -> impl Iterator<Item = &EventRoute> {
        self.routes.iter().chain(self.catch_all.as_deref())
    }

    /// Returns true if events of `category` reach the handler.
    pub(crate) fn reads(&self, category: &str) -> bool {
        self.categories
            .as_ref()
            .is_none_or(|categories| categories.contains(&category))
    }

    /// Returns the time limit of the subscription. `defaults` are the options of the domain.
    pub(crate) fn time_limit(&self, defaults: &SubscriptionOptions) -> Duration {
        match &self.options {
            Some(options) => options.applied_time_limit(defaults),
            None => SubscriptionOptions::default().applied_time_limit(defaults),
        }
    }

    /// Returns the settings of the subscription. `defaults` are the options of the domain.
    pub(crate) fn settings(&self, defaults: &SubscriptionOptions) -> SubscriptionSettings {
        match &self.options {
            Some(options) => options.settings(defaults),
            None => SubscriptionOptions::default().settings(defaults),
        }
    }

    /// Returns why the subscription skips an event, if it does.
    ///
    /// A subscription with an origin skips every event that this category did not cause.
    pub(crate) fn skip_reason(&self, event: &Envelope) -> Option<String> {
        let wanted = self.options.as_ref()?.configured_origin()?;
        let caused_in = event.metadata.caused_in_category.as_deref();

        (caused_in != Some(wanted)).then(|| {
            let found = match caused_in {
                Some(category) => format!("the category `{category}`"),
                None => "outside the domain".to_owned(),
            };
            format!(
                "the event comes from {found}, but the handler accepts only the origin `{wanted}`"
            )
        })
    }

    /// Returns true if the subscription skips messages that it has handled before.
    pub(crate) fn is_once(&self) -> bool {
        self.options
            .as_ref()
            .is_some_and(|options| options.is_once())
    }
}

impl CommandRoute {
    /// Returns the time limit of the handler's subscription. `defaults` are the options of the domain.
    pub(crate) fn time_limit(&self, defaults: &SubscriptionOptions) -> Duration {
        match &self.options {
            Some(options) => options.applied_time_limit(defaults),
            None => SubscriptionOptions::default().applied_time_limit(defaults),
        }
    }

    /// Returns the settings of the handler's subscription. `defaults` are the options of the domain.
    pub(crate) fn settings(&self, defaults: &SubscriptionOptions) -> SubscriptionSettings {
        match &self.options {
            Some(options) => options.settings(defaults),
            None => SubscriptionOptions::default().settings(defaults),
        }
    }

    /// Returns true if the handler skips commands that it has handled before.
    pub(crate) fn is_once(&self) -> bool {
        self.options
            .as_ref()
            .is_some_and(|options| options.is_once())
    }
}

/// Declares what the method of a route raises and issues.
///
/// The library cannot see that from outside the method. A declaration is part of
/// [`Domain::wiring`](crate::Domain::wiring), and [`Domain::check`](crate::Domain::check) uses it to
/// find cycles.
#[derive(Debug)]
pub struct RouteOptions<'a>(Routes<'a>);

/// The routes of one method: one for each message that the type in its signature stands for.
#[derive(Debug)]
enum Routes<'a> {
    Commands(&'a mut [CommandRoute]),
    Events(&'a mut [EventRoute]),
}

impl<'a> RouteOptions<'a> {
    pub(crate) fn of_commands(routes: &'a mut [CommandRoute]) -> Self {
        Self(Routes::Commands(routes))
    }

    pub(crate) fn of_events(routes: &'a mut [EventRoute]) -> Self {
        Self(Routes::Events(routes))
    }

    /// Declares which events the method may raise: one type, or a tuple of several.
    ///
    /// The wiring checks find cycles with it. The harness needs it to explain a missing event.
    /// A second call replaces the first.
    #[allow(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "it declares something; the result is rarely needed"
    )]
    pub fn raises<Events: MessageTypes>(mut self) -> Self {
        self.declare(|declaration| declaration.raises = Events::SCHEMAS);
        self
    }

    /// Declares which commands the method may issue: one type, or a tuple of several.
    ///
    /// A second call replaces the first. Building the domain fails if a command has no handler.
    #[allow(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "it declares something; the result is rarely needed"
    )]
    pub fn issues<Commands: MessageTypes>(mut self) -> Self {
        self.declare(|declaration| declaration.issues = Commands::SCHEMAS);
        self
    }

    /// Changes the declaration of every route of the method.
    pub(crate) fn declare(&mut self, declare: impl Fn(&mut RouteDeclaration)) {
        match &mut self.0 {
            Routes::Commands(routes) => {
                routes
                    .iter_mut()
                    .for_each(|route| declare(&mut route.declaration));
            }
            Routes::Events(routes) => {
                routes
                    .iter_mut()
                    .for_each(|route| declare(&mut route.declaration));
            }
        }
    }
}

impl fmt::Debug for CommandRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.command, self.handler)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.handler, self.routes)
    }
}

impl fmt::Debug for EventRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.event.name)
    }
}

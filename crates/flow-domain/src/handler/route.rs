use std::{
    any::{Any, TypeId},
    fmt,
    sync::Arc,
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

/// Calls one method of a handler, without their Rust types.
///
/// It does not keep the handler, so that it is as large as the method, which is nothing.
pub(crate) trait Call<R>: Send + Sync {
    fn call<'a>(
        &'a self,
        handler: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<R, Error>>;
}

impl<R> dyn Call<R> {
    /// Makes the calls of a type that stands for so many messages.
    pub(super) fn one_per_message(
        n_messages: usize,
        call: impl Call<R> + 'static,
    ) -> impl Iterator<Item = Box<dyn Call<R>>>
    where
        R: 'static,
    {
        let mut one: Option<Box<dyn Call<R>>> = None;
        let mut shared: Option<Arc<dyn Call<R>>> = None;

        if n_messages == 1 {
            one = Some(Box::new(call));
        } else {
            shared = Some(Arc::new(call));
        }

        let shared = shared.into_iter().flat_map(move |call| {
            (0..n_messages)
                .map(move |_| Box::new(SharedCall(Arc::clone(&call))) as Box<dyn Call<R>>)
        });
        one.into_iter().chain(shared)
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

/// Tells a handler that an attempt failed, without its Rust type.
pub(crate) type OnError =
    for<'a> fn(&'a AnyHandler, &'a Error, &'a Delivery) -> BoxFuture<'a, Result<(), Error>>;

/// Returns the handler as what it is.
pub(super) fn downcast_handler<H: 'static>(handler: &AnyHandler) -> &H {
    (**handler)
        .downcast_ref()
        .expect("a route stands beside the handler that it was made for")
}

/// What became of an event that was handed to a handler.
#[derive(Debug)]
pub(crate) enum Disposition {
    Handled,
    Filtered(String),
}

/// The way of one command to its handler.
pub(crate) struct CommandRoute {
    pub(crate) command: MessageName,
    /// The name of its Rust type; for a variant, that of the enum.
    pub(crate) type_name: &'static str,
    pub(crate) category: &'static str,
    pub(crate) handler: &'static str,
    pub(crate) handler_type: TypeId,
    /// The handler itself.
    pub(crate) instance: AnyHandler,
    pub(crate) call: Box<dyn Call<Reply>>,
    pub(crate) on_error: OnError,
    /// What the handler says of its subscription, if anything.
    pub(crate) options: Option<Arc<SubscriptionOptions>>,
    pub(crate) declaration: RouteDeclaration,
}

/// The way of one event to one method of a subscription.
pub(crate) struct EventRoute {
    pub(crate) event: &'static MessageSchema,
    /// The name of its Rust type; for a variant, that of the enum.
    pub(crate) type_name: &'static str,
    pub(crate) category: &'static str,
    pub(crate) call: Box<dyn Call<Disposition>>,
    pub(crate) declaration: RouteDeclaration,
}

/// What a route says of itself beyond its method.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteDeclaration {
    pub(crate) raises: SchemaLists,
    pub(crate) issues: SchemaLists,
    /// Process managers only: the field by which the event finds its state.
    pub(crate) key: Option<&'static str>,
    /// Process managers only: whether the event may start one.
    pub(crate) starts: bool,
}

/// One handler of events, with its routes.
pub(crate) struct Subscription {
    pub(crate) handler: &'static str,
    pub(crate) handler_type: TypeId,
    pub(crate) kind: HandlerKind,
    /// The projection that it keeps, if it is a projector.
    pub(crate) projection: Option<(&'static str, TypeId)>,
    /// The categories that it named itself; `None` if they are derived from its events.
    pub(crate) categories: Option<Vec<&'static str>>,
    /// The handler itself; a process manager is its own state and has none.
    pub(crate) instance: AnyHandler,
    pub(crate) routes: Vec<EventRoute>,
    /// The route of every event that has none of its own.
    pub(crate) catch_all: Option<Box<EventRoute>>,
    pub(crate) on_error: OnError,
    /// What the handler says of its subscription, if anything.
    pub(crate) options: Option<Box<SubscriptionOptions>>,
}

impl Subscription {
    /// Returns true if events of `category` reach the handler.
    pub(crate) fn reads(&self, category: &str) -> bool {
        self.categories
            .as_ref()
            .is_none_or(|categories| categories.contains(&category))
    }

    /// How it is subscribed, where the domain says `defaults` for all.
    pub(crate) fn settings(&self, defaults: &SubscriptionOptions) -> SubscriptionSettings {
        match &self.options {
            Some(options) => options.settings(defaults),
            None => SubscriptionOptions::default().settings(defaults),
        }
    }

    /// Says why an event is not for it, if it wants only what a certain category caused.
    pub(crate) fn skip_reason(&self, event: &Envelope) -> Option<String> {
        let wanted = self.options.as_ref()?.configured_origin()?;
        let origin = event.metadata.caused_in_category.as_deref();
        (origin != Some(wanted)).then(|| {
            let found = origin.unwrap_or("the outside");
            format!("it was caused by {found}, and only what `{wanted}` causes is wanted")
        })
    }

    /// Returns true if it lets a message go that comes again.
    pub(crate) fn is_once(&self) -> bool {
        self.options
            .as_ref()
            .is_some_and(|options| options.is_once())
    }
}

impl CommandRoute {
    /// How the handler is subscribed, where the domain says `defaults` for all.
    pub(crate) fn settings(&self, defaults: &SubscriptionOptions) -> SubscriptionSettings {
        match &self.options {
            Some(options) => options.settings(defaults),
            None => SubscriptionOptions::default().settings(defaults),
        }
    }

    /// Returns true if it lets a command go that comes again.
    pub(crate) fn is_once(&self) -> bool {
        self.options
            .as_ref()
            .is_some_and(|options| options.is_once())
    }
}

/// What else a route can say of itself, for the wiring to check.
///
/// What a method raises or issues cannot be seen from outside it. A route that says it is part of
/// [`Domain::wiring`](crate::Domain::wiring), and cycles through it are found by
/// [`Domain::check`](crate::Domain::check).
#[derive(Debug)]
pub struct RouteOptions<'a>(Routes<'a>);

/// The routes that one method was named for: one for each message that its type stands for.
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

    /// Says which events the method may raise: one type, or a tuple of all of them. Said twice, the
    /// last counts.
    #[allow(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "it is told, not asked"
    )]
    pub fn raises<Events: MessageTypes>(mut self) -> Self {
        self.declare(|declared| declared.raises = Events::SCHEMAS);
        self
    }

    /// Says which commands the method may issue: one type, or a tuple of all of them. Said twice, the
    /// last counts.
    ///
    /// A command that nobody handles is then a mistake when the domain is built.
    #[allow(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "it is told, not asked"
    )]
    pub fn issues<Commands: MessageTypes>(mut self) -> Self {
        self.declare(|declared| declared.issues = Commands::SCHEMAS);
        self
    }

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

use std::{any::TypeId, fmt, marker::PhantomData, slice, sync::Arc};

use crate::{
    error::Error,
    handler::{
        Delivery, EventRoute, HandlerFuture, RouteOptions, Subscription, SubscriptionOptions,
        UnitOfWork,
        route::{AnyHandler, Call, Disposition, RouteDeclaration, downcast_handler},
    },
    message::{Envelope, MessageName, MessageSchema, short_type_name},
    model::{Aggregate, Event},
    port::BoxFuture,
    record::HandlerKind,
};

/// Reacts to events: it issues commands, changes aggregates, or has effects outside the domain.
///
/// Every handler that names an event receives it, each in a unit of work of its own.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{Inventory, OrderPlaced};
/// use flow_domain::{Error, EventHandler, EventRoutes, UnitOfWork};
///
/// struct InventoryEventHandler;
///
/// impl EventHandler for InventoryEventHandler {
///     fn routes(on: &mut EventRoutes<Self>) {
///         on.event(Self::on_order_placed);
///     }
/// }
///
/// impl InventoryEventHandler {
///     async fn on_order_placed(&self, event: OrderPlaced, work: &mut UnitOfWork) -> Result<(), Error> {
///         let mut inventory = work.load::<Inventory>("prod-1").await?;
///         inventory.reserve(&event.order_id);
///         work.add(inventory)
///     }
/// }
/// ```
///
/// A handler reaches services outside the domain through ports that you define. It receives them when
/// the domain is built. A test passes a fake:
///
/// ```
/// # use flow_domain::doc_fixture::{Order, OrderPlaced};
/// use std::sync::{Arc, Mutex};
///
/// use flow_domain::{Domain, Error, EventHandler, EventRoutes, UnitOfWork, WiringErrors};
///
/// trait Mailer: Send + Sync {
///     fn send(&self, text: &str);
/// }
///
/// struct ConfirmationMailer {
///     mailer: Arc<dyn Mailer>,
/// }
///
/// impl EventHandler for ConfirmationMailer {
///     fn routes(on: &mut EventRoutes<Self>) {
///         on.event(Self::on_order_placed);
///     }
/// }
///
/// impl ConfirmationMailer {
///     async fn on_order_placed(&self, event: OrderPlaced, _work: &mut UnitOfWork) -> Result<(), Error> {
///         self.mailer.send(&format!("we have your order {}", event.order_id));
///         Ok(())
///     }
/// }
///
/// fn shop(mailer: Arc<dyn Mailer>) -> Result<Domain, WiringErrors> {
///     Domain::builder("shop")
///         .aggregate::<Order>()
///         .event_handler(ConfirmationMailer { mailer })
///         .build()
/// }
///
/// #[derive(Default)]
/// struct FakeMailer(Mutex<Vec<String>>);
///
/// impl Mailer for FakeMailer {
///     fn send(&self, text: &str) {
///         self.0.lock().expect("nothing panics here").push(text.to_owned());
///     }
/// }
///
/// let domain = shop(Arc::new(FakeMailer::default()))?;
/// assert_eq!(domain.handlers()[0].name, "ConfirmationMailer");
/// # Ok::<(), WiringErrors>(())
/// ```
pub trait EventHandler: Send + Sync + Sized + 'static {
    /// Names the method for each event that the handler handles.
    fn routes(on: &mut EventRoutes<Self>);

    /// Returns the name of the handler in errors, reports and logs.
    fn name() -> &'static str {
        short_type_name::<Self>()
    }

    /// Runs after every failed attempt to handle a message, also if there will be another attempt.
    ///
    /// It is not part of any unit of work. An error that it returns is recorded and logged, and changes
    /// nothing else.
    ///
    /// # Errors
    ///
    /// Returns an error if the error handling itself failed.
    fn handle_error(
        &self,
        error: &Error,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = (error, delivery);
        async { Ok(()) }
    }
}

/// Collects the methods of an event handler; see [`EventHandler::routes`].
pub struct EventRoutes<H> {
    categories: Option<Vec<&'static str>>,
    routes: Vec<EventRoute>,
    all: Option<EventRoute>,
    options: Option<Box<SubscriptionOptions>>,
    handler_type: PhantomData<fn(H)>,
}

impl<H: EventHandler> EventRoutes<H> {
    /// Asks `handler` for its routes, and returns its subscription.
    pub(crate) fn collect(handler: H) -> Subscription {
        let mut on = Self {
            categories: None,
            routes: Vec::new(),
            all: None,
            options: None,
            handler_type: PhantomData,
        };
        H::routes(&mut on);

        Subscription {
            handler: H::name(),
            handler_type: TypeId::of::<H>(),
            kind: HandlerKind::EventHandler,
            projection: None,
            categories: on.categories,
            instance: Arc::new(handler),
            routes: on.routes,
            catch_all: on.all.map(Box::new),
            on_error: |handler, error, delivery| {
                Box::pin(downcast_handler::<H>(handler).handle_error(error, delivery))
            },
            options: on.options,
        }
    }

    /// Returns the options of the handler's subscription, to change them.
    pub fn subscription(&mut self) -> &mut SubscriptionOptions {
        self.options.get_or_insert_default()
    }

    /// Routes the event in the signature of `method` to it.
    ///
    /// The method is `async fn(&self, event: E, work: &mut UnitOfWork) -> Result<(), X>`, where `X`
    /// is [`Error`] or a [`Rejection`](crate::Rejection).
    pub fn event<E, M>(&mut self, method: M) -> RouteOptions<'_>
    where
        E: Event,
        M: for<'a> EventMethod<'a, H, E>,
    {
        let call = EventCall {
            method,
            types: PhantomData::<fn(H, E)>,
        };

        add_event_routes::<E>(&mut self.routes, call)
    }

    /// Routes to `method` every event of the domain that no other method of the handler handles.
    ///
    /// The method is `async fn(&self, event: Envelope, work: &mut UnitOfWork) -> Result<(), X>`. A second
    /// call replaces the first.
    pub fn all<M>(&mut self, method: M) -> RouteOptions<'_>
    where
        M: for<'a> AnyEventMethod<'a, H>,
    {
        let call = AnyEventCall {
            method,
            types: PhantomData::<fn(H)>,
        };
        let route = self.all.insert(EventRoute {
            event: &ANY_EVENT,
            type_name: "Envelope",
            category: "",
            call: Box::new(call),
            declaration: RouteDeclaration::default(),
        });

        RouteOptions::of_events(slice::from_mut(route))
    }

    /// Reads only the streams of `A`, instead of all streams in which the events can appear.
    ///
    /// This is rarely needed, because the categories of a handler are derived from its events. Building
    /// the domain fails if the handler has an event that cannot appear in the named categories.
    pub fn category_of<A: Aggregate>(&mut self) {
        self.category(A::CATEGORY);
    }

    /// Reads only the streams of this category; see [`category_of`](Self::category_of).
    pub fn category(&mut self, category: &'static str) {
        self.categories.get_or_insert_default().push(category);
    }
}

/// The schema of a catch-all route. It is a placeholder, because such a route has no single event.
static ANY_EVENT: MessageSchema =
    MessageSchema::new("", MessageName::new("any event", 1), None, &[]);

/// Adds a route for each event that `E` stands for, all with the same call.
///
/// An enum stands for several events: one for each variant.
pub(super) fn add_event_routes<E: Event>(
    routes: &mut Vec<EventRoute>,
    call: impl Call<Disposition> + 'static,
) -> RouteOptions<'_> {
    let first_route_idx = routes.len();
    let calls = <dyn Call<Disposition>>::one_per_message(E::SCHEMAS.len(), call);

    let schemas_and_calls = E::SCHEMAS.iter().zip(calls);
    routes.extend(schemas_and_calls.map(|(schema, call)| EventRoute {
        event: schema,
        type_name: E::NAME,
        category: E::CATEGORY,
        call,
        declaration: RouteDeclaration::default(),
    }));

    RouteOptions::of_events(&mut routes[first_route_idx..])
}

impl<H> fmt::Debug for EventRoutes<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.routes).finish()
    }
}

/// A method that can handle the event `E`.
///
/// Every async method of the right shape implements it; see [`EventRoutes::event`].
#[diagnostic::on_unimplemented(
    message = "this is not a method that handles an event",
    label = "has the wrong signature, or returns a future that is not `Send`",
    note = "the signature is `async fn(&self, event: E, work: &mut UnitOfWork) -> Result<(), Error>`",
    note = "`E` is the event and needs `#[derive(Event)]`"
)]
#[doc(hidden)]
pub trait EventMethod<'a, H, E: Event>: Send + Sync + 'static {
    /// The future that the method returns.
    type Future: Future<Output = Result<(), Self::Error>> + Send + 'a;
    /// The error of the method.
    type Error: Into<Error>;

    /// Calls the method.
    fn call(&self, handler: &'a H, event: E, work: &'a mut UnitOfWork) -> Self::Future;
}

impl<'a, H, E, M, F, X> EventMethod<'a, H, E> for M
where
    H: 'a,
    E: Event,
    M: Fn(&'a H, E, &'a mut UnitOfWork) -> F + Send + Sync + 'static,
    F: HandlerFuture<Answer = Result<(), X>> + Send + 'a,
    X: Into<Error>,
{
    type Future = F;
    type Error = X;

    fn call(&self, handler: &'a H, event: E, work: &'a mut UnitOfWork) -> F {
        self(handler, event, work)
    }
}

struct EventCall<H, E, M> {
    method: M,
    types: PhantomData<fn(H, E)>,
}

impl<H, E, M> Call<Disposition> for EventCall<H, E, M>
where
    H: EventHandler,
    E: Event,
    M: for<'a> EventMethod<'a, H, E>,
{
    fn call<'a>(
        &'a self,
        handler: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<Disposition, Error>> {
        Box::pin(async move {
            let event = message.message.decode(E::NAME)?;

            let result = self
                .method
                .call(downcast_handler(handler), event, work)
                .await;
            result.map(|()| Disposition::Handled).map_err(Into::into)
        })
    }
}

/// A method that can handle any event.
///
/// Every async method of the right shape implements it; see [`EventRoutes::all`].
#[diagnostic::on_unimplemented(
    message = "this is not a method that handles any event",
    label = "has the wrong signature, or returns a future that is not `Send`",
    note = "the signature is `async fn(&self, event: Envelope, work: &mut UnitOfWork) -> Result<(), Error>`"
)]
#[doc(hidden)]
pub trait AnyEventMethod<'a, H>: Send + Sync + 'static {
    /// The future that the method returns.
    type Future: Future<Output = Result<(), Self::Error>> + Send + 'a;
    /// The error of the method.
    type Error: Into<Error>;

    /// Calls the method.
    fn call(&self, handler: &'a H, event: Envelope, work: &'a mut UnitOfWork) -> Self::Future;
}

impl<'a, H, M, F, X> AnyEventMethod<'a, H> for M
where
    H: 'a,
    M: Fn(&'a H, Envelope, &'a mut UnitOfWork) -> F + Send + Sync + 'static,
    F: HandlerFuture<Answer = Result<(), X>> + Send + 'a,
    X: Into<Error>,
{
    type Future = F;
    type Error = X;

    fn call(&self, handler: &'a H, event: Envelope, work: &'a mut UnitOfWork) -> F {
        self(handler, event, work)
    }
}

struct AnyEventCall<H, M> {
    method: M,
    types: PhantomData<fn(H)>,
}

impl<H, M> Call<Disposition> for AnyEventCall<H, M>
where
    H: EventHandler,
    M: for<'a> AnyEventMethod<'a, H>,
{
    fn call<'a>(
        &'a self,
        handler: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<Disposition, Error>> {
        Box::pin(async move {
            let event = message.clone();

            let result = self
                .method
                .call(downcast_handler(handler), event, work)
                .await;
            result.map(|()| Disposition::Handled).map_err(Into::into)
        })
    }
}

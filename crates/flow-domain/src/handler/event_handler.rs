use std::{any::TypeId, fmt, marker::PhantomData, slice, sync::Arc};

use crate::{
    error::Error,
    handler::{
        Delivery, EventRoute, HandlerFuture, RouteOptions, Subscription, SubscriptionOptions,
        UnitOfWork,
        route::{AnyHandler, Call, Disposition, RouteDeclaration, downcast_handler},
        short_type_name,
    },
    message::{Envelope, MessageName, MessageSchema},
    model::{Aggregate, Event},
    port::BoxFuture,
    record::HandlerKind,
};

/// Reacts: an event in, commands, changed aggregates or effects on the outside out.
///
/// Every event is handed to every handler that names it, each in a unit of work of its own.
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
/// What a handler needs from the outside is a port of yours, given to it when the domain is put
/// together; a test gives it a fake:
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
    /// Names the method for each event that it handles.
    fn routes(on: &mut EventRoutes<Self>);

    /// The name of the handler in errors, reports and logs.
    fn name() -> &'static str {
        short_type_name::<Self>()
    }

    /// Is told of every failed attempt to handle a message, also of those that are tried again.
    ///
    /// What it does is not part of any unit of work. If it fails itself, that is recorded and logged,
    /// and changes nothing.
    ///
    /// # Errors
    ///
    /// Returns what went wrong in it.
    fn handle_error(
        &self,
        error: &Error,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = (error, delivery);
        async { Ok(()) }
    }
}

/// Where an event handler names its methods.
pub struct EventRoutes<H> {
    categories: Option<Vec<&'static str>>,
    routes: Vec<EventRoute>,
    all: Option<EventRoute>,
    options: Option<Box<SubscriptionOptions>>,
    handler_type: PhantomData<fn(H)>,
}

impl<H: EventHandler> EventRoutes<H> {
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

    /// Says how the handler is subscribed.
    pub fn subscription(&mut self) -> &mut SubscriptionOptions {
        self.options.get_or_insert_default()
    }

    /// Hands the event in the signature of `method` to it.
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

    /// Hands every event of the domain to `method` that no other method of the handler is named for.
    ///
    /// The method is `async fn(&self, event: Envelope, work: &mut UnitOfWork) -> Result<(), X>`. Said
    /// twice, the last counts.
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

    /// Reads only the streams of `A`, not all those in which its events appear.
    ///
    /// Rarely needed: the categories of a handler are derived from its events. Naming one in which an
    /// event of the handler never appears is a mistake when the domain is built.
    pub fn category_of<A: Aggregate>(&mut self) {
        self.category(A::CATEGORY);
    }

    /// Reads only the streams of this category; see [`category_of`](Self::category_of).
    pub fn category(&mut self, category: &'static str) {
        self.categories.get_or_insert_default().push(category);
    }
}

/// Stands in for the schema of an event that a handler takes as it comes.
static ANY_EVENT: MessageSchema = MessageSchema::new(MessageName::new("any event", 1), &[]);

/// Makes a route for each event that `E` stands for, all with the same call.
pub(super) fn add_event_routes<E: Event>(
    routes: &mut Vec<EventRoute>,
    call: impl Call<Disposition> + 'static,
) -> RouteOptions<'_> {
    let first = routes.len();
    let calls = <dyn Call<Disposition>>::one_per_message(E::SCHEMAS.len(), call);
    let schemas = E::SCHEMAS.iter().zip(calls);

    routes.extend(schemas.map(|(schema, call)| EventRoute {
        event: schema,
        type_name: E::NAME,
        category: E::CATEGORY,
        call,
        declaration: RouteDeclaration::default(),
    }));

    RouteOptions::of_events(&mut routes[first..])
}

impl<H> fmt::Debug for EventRoutes<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.routes).finish()
    }
}

/// A method that can handle the event `E`. Async methods of the right shape are; see
/// [`EventRoutes::event`].
#[diagnostic::on_unimplemented(
    message = "this is not a method that handles an event",
    label = "has the wrong shape, or returns a future that is not `Send`",
    note = "the shape is `async fn(&self, event: E, work: &mut UnitOfWork) -> Result<(), Error>`",
    note = "`E` is the event and needs `#[derive(Event)]`"
)]
pub trait EventMethod<'a, H, E: Event>: Send + Sync + 'static {
    /// The future that the method returns.
    type Future: Future<Output = Result<(), Self::Error>> + Send + 'a;
    /// What the method fails with.
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
            let handled = self
                .method
                .call(downcast_handler(handler), event, work)
                .await;
            handled.map(|()| Disposition::Handled).map_err(Into::into)
        })
    }
}

/// A method that handles any event. Async methods of the right shape do; see [`EventRoutes::all`].
#[diagnostic::on_unimplemented(
    message = "this is not a method that handles any event",
    label = "has the wrong shape, or returns a future that is not `Send`",
    note = "the shape is `async fn(&self, event: Envelope, work: &mut UnitOfWork) -> Result<(), Error>`"
)]
pub trait AnyEventMethod<'a, H>: Send + Sync + 'static {
    /// The future that the method returns.
    type Future: Future<Output = Result<(), Self::Error>> + Send + 'a;
    /// What the method fails with.
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
            let handled = self
                .method
                .call(downcast_handler(handler), event, work)
                .await;
            handled.map(|()| Disposition::Handled).map_err(Into::into)
        })
    }
}

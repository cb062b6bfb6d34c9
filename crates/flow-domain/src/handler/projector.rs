use std::{any::TypeId, fmt, marker::PhantomData, sync::Arc};

use crate::{
    error::Error,
    handler::{
        Delivery, EventRoute, HandlerFuture, RouteOptions, Rows, Subscription, SubscriptionOptions,
        UnitOfWork,
        event_handler::add_event_routes,
        route::{AnyHandler, Call, Disposition, downcast_handler},
    },
    message::{Envelope, short_type_name},
    model::{Event, Projection},
    port::BoxFuture,
    record::HandlerKind,
};

/// Maintains a projection: it creates, changes and deletes rows when events arrive.
///
/// A projector can reach only the rows of its projection. That is why the projection can be rebuilt
/// from the events at any time.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{OrderDashboard, OrderPlaced};
/// use flow_domain::{Error, Projector, ProjectorRoutes, Rows};
///
/// struct OrderDashboardProjector;
///
/// impl Projector for OrderDashboardProjector {
///     type Projection = OrderDashboard;
///
///     fn routes(on: &mut ProjectorRoutes<Self>) {
///         on.event(Self::on_order_placed);
///     }
/// }
///
/// impl OrderDashboardProjector {
///     async fn on_order_placed(
///         &self,
///         event: OrderPlaced,
///         rows: &mut Rows<'_, OrderDashboard>,
///     ) -> Result<(), Error> {
///         rows.put(OrderDashboard { order_id: event.order_id, status: "placed".into() }).await
///     }
/// }
/// ```
pub trait Projector: Send + Sync + Sized + 'static {
    /// The projection that the projector maintains.
    type Projection: Projection;

    /// Names the method for each event that the projector handles.
    fn routes(on: &mut ProjectorRoutes<Self>);

    /// Returns the name of the projector in errors, reports and logs.
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

/// Collects the methods of a projector; see [`Projector::routes`].
pub struct ProjectorRoutes<H> {
    routes: Vec<EventRoute>,
    options: Option<Box<SubscriptionOptions>>,
    projector_type: PhantomData<fn(H)>,
}

impl<H: Projector> ProjectorRoutes<H> {
    /// Asks `projector` for its routes, and returns its subscription.
    pub(crate) fn collect(projector: H) -> Subscription {
        let mut on = Self {
            routes: Vec::new(),
            options: None,
            projector_type: PhantomData,
        };
        H::routes(&mut on);

        Subscription {
            handler: H::name(),
            handler_type: TypeId::of::<H>(),
            kind: HandlerKind::Projector,
            projection: Some((H::Projection::NAME, TypeId::of::<H::Projection>())),
            categories: None,
            instance: Arc::new(projector),
            routes: on.routes,
            catch_all: None,
            on_error: |handler, error, delivery| {
                Box::pin(downcast_handler::<H>(handler).handle_error(error, delivery))
            },
            options: on.options,
        }
    }

    /// Returns the options of the projector's subscription, to change them.
    pub fn subscription(&mut self) -> &mut SubscriptionOptions {
        self.options.get_or_insert_default()
    }

    /// Routes the event in the signature of `method` to it.
    ///
    /// The method is `async fn(&self, event: E, rows: &mut Rows<'_, P>) -> Result<(), X>`, where `P`
    /// is the projection and `X` is [`Error`] or a [`Rejection`](crate::Rejection).
    pub fn event<E, M>(&mut self, method: M) -> RouteOptions<'_>
    where
        E: Event,
        M: for<'a> ProjectorMethod<'a, H, E>,
    {
        let call = ProjectorCall {
            method,
            types: PhantomData::<fn(H, E)>,
        };

        add_event_routes::<E>(&mut self.routes, call)
    }
}

impl<H> fmt::Debug for ProjectorRoutes<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.routes).finish()
    }
}

/// A method that can project the event `E`.
///
/// Every async method of the right shape implements it; see [`ProjectorRoutes::event`].
#[diagnostic::on_unimplemented(
    message = "this is not a method that projects an event",
    label = "has the wrong signature, or returns a future that is not `Send`",
    note = "the signature is `async fn(&self, event: E, rows: &mut Rows<'_, P>) -> Result<(), Error>`",
    note = "`E` is the event and needs `#[derive(Event)]`; `P` is the projection that the projector writes"
)]
#[doc(hidden)]
pub trait ProjectorMethod<'a, H: Projector, E: Event>: Send + Sync + 'static {
    /// The future that the method returns.
    type Future: Future<Output = Result<(), Self::Error>> + Send + 'a;
    /// The error of the method.
    type Error: Into<Error>;

    /// Calls the method.
    fn call(
        &self,
        projector: &'a H,
        event: E,
        rows: &'a mut Rows<'a, H::Projection>,
    ) -> Self::Future;
}

impl<'a, H, E, M, F, X> ProjectorMethod<'a, H, E> for M
where
    H: Projector,
    E: Event,
    M: Fn(&'a H, E, &'a mut Rows<'a, H::Projection>) -> F + Send + Sync + 'static,
    F: HandlerFuture<Answer = Result<(), X>> + Send + 'a,
    X: Into<Error>,
{
    type Future = F;
    type Error = X;

    fn call(&self, projector: &'a H, event: E, rows: &'a mut Rows<'a, H::Projection>) -> F {
        self(projector, event, rows)
    }
}

struct ProjectorCall<H, E, M> {
    method: M,
    types: PhantomData<fn(H, E)>,
}

impl<H, E, M> Call<Disposition> for ProjectorCall<H, E, M>
where
    H: Projector,
    E: Event,
    M: for<'a> ProjectorMethod<'a, H, E>,
{
    fn call<'a>(
        &'a self,
        projector: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<Disposition, Error>> {
        Box::pin(async move {
            let event = message.message.decode(E::NAME)?;
            let mut rows = Rows::new(work);

            let result = self
                .method
                .call(downcast_handler(projector), event, &mut rows)
                .await;
            result.map(|()| Disposition::Handled).map_err(Into::into)
        })
    }
}

use std::{any::TypeId, fmt, marker::PhantomData, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::Error,
    handler::{
        Delivery, EventRoute, HandlerFuture, RouteOptions, Subscription, SubscriptionOptions,
        UnitOfWork,
        event_handler::add_event_routes,
        route::{AnyHandler, Call, Disposition},
    },
    message::{Envelope, require_key, short_type_name},
    model::Event,
    port::{BoxFuture, RowKeys},
    record::{HandlerKind, Table, TableKind},
};

/// Joins the events of several streams, and issues commands. Its fields are its stored state.
///
/// There is one instance for each key. An event named with [`start`](ProcessManagerRoutes::start)
/// creates it from `Default`, unless it exists already. Any other event is skipped if there is no
/// instance for its key. An event is skipped, too, if its key is an `Option` without a value.
///
/// An instance that [`is_complete`](Self::is_complete) stays stored, and skips all further events.
/// Only a new start event replaces it by a new instance; see [`RESTARTS`](Self::RESTARTS).
///
/// Events of one stream arrive in order. Events of two streams may arrive in either order. If the
/// process manager joins two streams, the events of both must be able to start it.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{ConfirmOrder, OrderPlaced, StockReserved};
/// use flow_domain::{Error, ProcessManager, ProcessManagerRoutes, UnitOfWork};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Default, Serialize, Deserialize)]
/// struct Fulfilment {
///     confirmed: bool,
/// }
///
/// impl ProcessManager for Fulfilment {
///     const KEY: &'static str = "order_id";
///
///     fn routes(on: &mut ProcessManagerRoutes<Self>) {
///         on.start(Self::on_order_placed);
///         on.event(Self::on_stock_reserved).issues::<ConfirmOrder>();
///     }
///
///     fn is_complete(&self) -> bool {
///         self.confirmed
///     }
/// }
///
/// impl Fulfilment {
///     async fn on_order_placed(&mut self, _event: OrderPlaced, _work: &mut UnitOfWork) -> Result<(), Error> {
///         Ok(())
///     }
///
///     async fn on_stock_reserved(&mut self, event: StockReserved, work: &mut UnitOfWork) -> Result<(), Error> {
///         self.confirmed = true;
///         work.process(ConfirmOrder { order_id: event.order_id }).await
///     }
/// }
/// ```
pub trait ProcessManager:
    Serialize + DeserializeOwned + Default + fmt::Debug + Send + Sync + 'static
{
    /// The field of its events that has the key of an instance. The event belongs to that instance.
    ///
    /// The type of the field is an [`Id`](crate::Id), or an `Option` of one. Otherwise the domain has a
    /// wiring mistake.
    const KEY: &'static str;

    /// Whether a start event begins a new instance if the one with its key is complete.
    ///
    /// Each key remembers its last 64 events that could start an instance or completed one. A redelivery
    /// of such an event is skipped when the instance is complete. An instance that runs handles it again.
    /// [`once`](SubscriptionOptions::once) skips each redelivery. The store forgets both after a day, or
    /// after [`Engine::keep_handled`](crate::Engine::keep_handled).
    const RESTARTS: bool = true;

    /// Names the method for each event that the process manager handles.
    fn routes(on: &mut ProcessManagerRoutes<Self>);

    /// Returns true if its work is done: it then skips all further events, unless one
    /// [restarts](Self::RESTARTS) it.
    fn is_complete(&self) -> bool {
        false
    }

    /// Returns the name of the process manager in errors, reports and logs.
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
        error: &Error,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = (error, delivery);
        async { Ok(()) }
    }
}

/// Collects the methods of a process manager; see [`ProcessManager::routes`].
pub struct ProcessManagerRoutes<M> {
    routes: Vec<EventRoute>,
    options: Option<Box<SubscriptionOptions>>,
    manager: PhantomData<fn(M)>,
}

impl<M: ProcessManager> ProcessManagerRoutes<M> {
    /// Asks `M` for its routes, and returns its subscription.
    pub(crate) fn collect() -> Subscription {
        let mut on = Self {
            routes: Vec::new(),
            options: None,
            manager: PhantomData,
        };
        M::routes(&mut on);

        Subscription {
            handler: M::name(),
            handler_type: TypeId::of::<M>(),
            kind: HandlerKind::ProcessManager,
            projection: None,
            categories: None,
            instance: Arc::new(()),
            routes: on.routes,
            catch_all: None,
            on_error: |_, error, delivery| Box::pin(M::handle_error(error, delivery)),
            options: on.options,
        }
    }

    /// Returns the options of the process manager's subscription, to change them.
    pub fn subscription(&mut self) -> &mut SubscriptionOptions {
        self.options.get_or_insert_default()
    }

    /// Routes the event in the signature of `method` to it, and starts the process manager if needed.
    ///
    /// The process manager is started if there is no instance for the key of the event, or if that one is
    /// complete and [`RESTARTS`](ProcessManager::RESTARTS).
    ///
    /// The method is `async fn(&mut self, event: E, work: &mut UnitOfWork) -> Result<(), X>`, where
    /// `X` is [`Error`] or a [`Rejection`](crate::Rejection).
    pub fn start<E, F>(&mut self, method: F) -> RouteOptions<'_>
    where
        E: Event,
        F: for<'a> ProcessManagerMethod<'a, M, E>,
    {
        self.add_route(method, M::KEY, true)
    }

    /// Like [`start`](Self::start), for an event that carries the key in another field.
    pub fn start_by<E, F>(&mut self, field: &'static str, method: F) -> RouteOptions<'_>
    where
        E: Event,
        F: for<'a> ProcessManagerMethod<'a, M, E>,
    {
        self.add_route(method, field, true)
    }

    /// Routes the event in the signature of `method` to it, if the process manager was started.
    ///
    /// The method has the same shape as in [`start`](Self::start).
    pub fn event<E, F>(&mut self, method: F) -> RouteOptions<'_>
    where
        E: Event,
        F: for<'a> ProcessManagerMethod<'a, M, E>,
    {
        self.add_route(method, M::KEY, false)
    }

    /// Like [`event`](Self::event), for an event that carries the key in another field.
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_domain::doc_fixture::{OrderPlaced, StockReserved};
    /// # use flow_domain::{Error, Event, ProcessManager, ProcessManagerRoutes, UnitOfWork};
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Debug, Serialize, Deserialize, Event)]
    /// #[event(category = "payment", id = payment_id)]
    /// struct PaymentReceived {
    ///     payment_id: String,
    ///     reference: String,
    /// }
    ///
    /// # #[derive(Debug, Default, Serialize, Deserialize)]
    /// # struct Fulfilment { paid: bool }
    /// impl ProcessManager for Fulfilment {
    ///     const KEY: &'static str = "order_id";
    ///
    ///     fn routes(on: &mut ProcessManagerRoutes<Self>) {
    ///         on.start(Self::on_order_placed);
    ///         on.event_by("reference", Self::on_payment_received);
    ///     }
    /// }
    /// # impl Fulfilment {
    /// #     async fn on_order_placed(&mut self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
    /// #         Ok(())
    /// #     }
    /// #     async fn on_payment_received(&mut self, _: PaymentReceived, _: &mut UnitOfWork) -> Result<(), Error> {
    /// #         self.paid = true;
    /// #         Ok(())
    /// #     }
    /// # }
    /// #
    /// # flow_domain::Domain::builder("shop")
    /// #     .aggregate::<flow_domain::doc_fixture::Order>()
    /// #     .event_from_outside::<PaymentReceived>()
    /// #     .process_manager::<Fulfilment>()
    /// #     .build()?;
    /// # Ok::<(), flow_domain::WiringErrors>(())
    /// ```
    pub fn event_by<E, F>(&mut self, field: &'static str, method: F) -> RouteOptions<'_>
    where
        E: Event,
        F: for<'a> ProcessManagerMethod<'a, M, E>,
    {
        self.add_route(method, field, false)
    }

    fn add_route<E, F>(&mut self, method: F, key: &'static str, starts: bool) -> RouteOptions<'_>
    where
        E: Event,
        F: for<'a> ProcessManagerMethod<'a, M, E>,
    {
        let call = ProcessManagerCall {
            key,
            starts,
            method,
            types: PhantomData::<fn(M, E)>,
        };
        let mut options = add_event_routes::<E>(&mut self.routes, call);
        options.declare(|declaration| {
            declaration.key = Some(key);
            declaration.starts = starts;
        });

        options
    }
}

impl<M> fmt::Debug for ProcessManagerRoutes<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.routes).finish()
    }
}

/// A method that can advance a process manager by the event `E`.
///
/// Every async method of the right shape implements it; see [`ProcessManagerRoutes::start`].
#[diagnostic::on_unimplemented(
    message = "this is not a method that advances a process manager",
    label = "has the wrong signature, or returns a future that is not `Send`",
    note = "the signature is `async fn(&mut self, event: E, work: &mut UnitOfWork) -> Result<(), Error>`",
    note = "`E` is the event and needs `#[derive(Event)]`"
)]
#[doc(hidden)]
pub trait ProcessManagerMethod<'a, M, E: Event>: Send + Sync + 'static {
    /// The future that the method returns.
    type Future: Future<Output = Result<(), Self::Error>> + Send + 'a;
    /// The error of the method.
    type Error: Into<Error>;

    /// Calls the method.
    fn call(&self, manager: &'a mut M, event: E, work: &'a mut UnitOfWork) -> Self::Future;
}

impl<'a, M, E, F, R, X> ProcessManagerMethod<'a, M, E> for F
where
    M: 'a,
    E: Event,
    F: Fn(&'a mut M, E, &'a mut UnitOfWork) -> R + Send + Sync + 'static,
    R: HandlerFuture<Answer = Result<(), X>> + Send + 'a,
    X: Into<Error>,
{
    type Future = R;
    type Error = X;

    fn call(&self, manager: &'a mut M, event: E, work: &'a mut UnitOfWork) -> R {
        self(manager, event, work)
    }
}

struct ProcessManagerCall<M, E, F> {
    /// The field of the event that has the key.
    key: &'static str,
    /// Whether the event may start a process manager.
    starts: bool,
    method: F,
    types: PhantomData<fn(M, E)>,
}

impl<M, E, F> Call<Disposition> for ProcessManagerCall<M, E, F>
where
    M: ProcessManager,
    E: Event,
    F: for<'a> ProcessManagerMethod<'a, M, E>,
{
    fn call<'a>(
        &'a self,
        _: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<Disposition, Error>> {
        Box::pin(async move {
            let table = Table::new(TableKind::ProcessManager, M::name());
            let event: E = message.message.decode(E::NAME)?;
            // The wiring has checked that the event has this field, and that it is an id or an option
            // of one. So only an option without a value has no key.
            let Some(key) = event.field_key(self.key) else {
                let reason = format!(
                    "`{}` is empty, so no {} gets the event",
                    self.key,
                    M::name()
                );
                return Ok(Disposition::Filtered(reason));
            };
            require_key(message.metadata.message_type.name(), self.key, &key)?;
            let key: Arc<str> = Arc::from(&*key);

            let mut manager = match self.find_instance(table, &key, work).await? {
                Ok(manager) => manager,
                Err(reason) => return Ok(Disposition::Filtered(reason)),
            };
            work.announce_attempt()?;
            self.method
                .call(&mut manager, event, work)
                .await
                .map_err(Into::into)?;

            // If the method had an effect, the state is written even if it is unchanged. The method
            // decided on this state, so a concurrent change of it must be a conflict.
            let state = work.ports().encode(table.name, &manager, |_, _| None)?;
            let has_effect = work.has_changes();
            work.write_state((table, &key), state, RowKeys::default(), has_effect);
            work.check_process_manager((table, &key), &manager);
            let is_complete = manager.is_complete();
            if M::RESTARTS && (self.starts || is_complete) {
                work.remember_in_process_history(M::name(), &key, is_complete)
                    .await?;
            }

            Ok(Disposition::Handled)
        })
    }
}

impl<M, E, F> ProcessManagerCall<M, E, F>
where
    M: ProcessManager,
{
    /// Returns the instance that handles the event, or the reason why none does.
    async fn find_instance(
        &self,
        table: Table,
        key: &Arc<str>,
        work: &mut UnitOfWork,
    ) -> Result<Result<M, String>, Error> {
        let name = M::name();
        let Some(manager) = work.load_state::<M>(table, key).await? else {
            return Ok(if self.starts {
                Ok(M::default())
            } else {
                Err(format!("no {name} `{key}` was started"))
            });
        };
        if M::RESTARTS && work.is_in_process_history(name, key).await? {
            return Ok(Err(format!(
                "an earlier {name} `{key}` has handled this message"
            )));
        }

        Ok(match (manager.is_complete(), self.starts) {
            (false, _) => Ok(manager),
            (true, true) if M::RESTARTS => Ok(M::default()),
            (true, true) => Err(format!(
                "{name} `{key}` is complete, and never begins again"
            )),
            (true, false) => Err(format!("{name} `{key}` is complete")),
        })
    }
}

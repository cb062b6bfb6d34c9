use std::{any::TypeId, fmt, marker::PhantomData, sync::Arc};

use crate::{
    error::Error,
    handler::{
        CommandRoute, Delivery, HandlerFuture, Reply, RouteOptions, SubscriptionOptions,
        UnitOfWork,
        route::{AnyHandler, Call, RouteDeclaration, downcast_handler},
    },
    message::{Envelope, short_type_name},
    model::Command,
    port::BoxFuture,
};

/// Decides about commands: it changes aggregates, which raise events, or rejects the command.
///
/// Each command has exactly one handler in a domain.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{Order, OrderError, PlaceOrder};
/// use flow_domain::{CommandHandler, CommandRoutes, Error, UnitOfWork};
///
/// struct OrderCommandHandler;
///
/// impl CommandHandler for OrderCommandHandler {
///     fn routes(on: &mut CommandRoutes<Self>) {
///         on.command(Self::place_order);
///     }
/// }
///
/// impl OrderCommandHandler {
///     async fn place_order(&self, command: PlaceOrder, work: &mut UnitOfWork) -> Result<(), Error> {
///         let mut order = Order::draft(command.order_id, command.total_cents);
///         order.place()?;
///         work.add(order)
///     }
/// }
/// ```
pub trait CommandHandler: Send + Sync + Sized + 'static {
    /// Names the method for each command that the handler handles.
    fn routes(on: &mut CommandRoutes<Self>);

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

/// Collects the methods of a command handler; see [`CommandHandler::routes`].
pub struct CommandRoutes<H> {
    handler: AnyHandler,
    routes: Vec<CommandRoute>,
    options: Option<Box<SubscriptionOptions>>,
    handler_type: PhantomData<fn(H)>,
}

impl<H: CommandHandler> CommandRoutes<H> {
    /// Asks `handler` for its routes, and returns `routes` with them appended.
    pub(crate) fn collect(handler: H, routes: Vec<CommandRoute>) -> Vec<CommandRoute> {
        let mut on = Self {
            handler: Arc::new(handler),
            routes,
            options: None,
            handler_type: PhantomData,
        };
        let first_route_idx = on.routes.len();
        H::routes(&mut on);

        if let Some(options) = on.options {
            let options = Arc::new(*options);
            for route in &mut on.routes[first_route_idx..] {
                route.options = Some(Arc::clone(&options));
            }
        }

        on.routes
    }

    /// Returns the options of the handler's subscription, to change them. Only an engine uses them.
    ///
    /// An engine reads all commands of one category together, from the broker. So the handlers of a
    /// category share some options: batch size, concurrency, order, start and circuit breaker. It
    /// is enough if one of the handlers sets these. Building the domain fails if two set different
    /// values. All other options apply only to the handler that sets them.
    pub fn subscription(&mut self) -> &mut SubscriptionOptions {
        self.options.get_or_insert_default()
    }

    /// Routes the command in the signature of `method` to it.
    ///
    /// The method is `async fn(&self, command: C, work: &mut UnitOfWork) -> Result<C::Reply, E>`,
    /// where `E` is [`Error`] or a [`Rejection`](crate::Rejection).
    pub fn command<C, M>(&mut self, method: M) -> RouteOptions<'_>
    where
        C: Command,
        M: for<'a> CommandMethod<'a, H, C>,
    {
        let first_route_idx = self.routes.len();
        let call = CommandCall {
            method,
            types: PhantomData::<fn(H, C)>,
        };
        let calls = <dyn Call<Reply>>::one_per_message(C::SCHEMAS.len(), call);

        let schemas_and_calls = C::SCHEMAS.iter().zip(calls);
        self.routes
            .extend(schemas_and_calls.map(|(schema, call)| CommandRoute {
                command: schema.name,
                type_name: C::NAME,
                category: C::CATEGORY,
                handler: H::name(),
                handler_type: TypeId::of::<H>(),
                instance: Arc::clone(&self.handler),
                call,
                on_error: |handler, error, delivery| {
                    Box::pin(downcast_handler::<H>(handler).handle_error(error, delivery))
                },
                options: None,
                declaration: RouteDeclaration::default(),
            }));

        RouteOptions::of_commands(&mut self.routes[first_route_idx..])
    }
}

impl<H> fmt::Debug for CommandRoutes<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.routes).finish()
    }
}

/// A method that can handle the command `C`.
///
/// Every async method of the right shape implements it; see [`CommandRoutes::command`].
#[diagnostic::on_unimplemented(
    message = "this is not a method that handles a command",
    label = "has the wrong signature, or returns a future that is not `Send`",
    note = "the signature is `async fn(&self, command: C, work: &mut UnitOfWork) -> Result<C::Reply, Error>`",
    note = "`C` is the command and needs `#[derive(Command)]`; its reply is `()` unless `#[command(reply = ..)]` names another type"
)]
#[doc(hidden)]
pub trait CommandMethod<'a, H, C: Command>: Send + Sync + 'static {
    /// The future that the method returns.
    type Future: Future<Output = Result<C::Reply, Self::Error>> + Send + 'a;
    /// The error of the method.
    type Error: Into<Error>;

    /// Calls the method.
    fn call(&self, handler: &'a H, command: C, work: &'a mut UnitOfWork) -> Self::Future;
}

impl<'a, H, C, M, F, E> CommandMethod<'a, H, C> for M
where
    H: 'a,
    C: Command,
    M: Fn(&'a H, C, &'a mut UnitOfWork) -> F + Send + Sync + 'static,
    F: HandlerFuture<Answer = Result<C::Reply, E>> + Send + 'a,
    E: Into<Error>,
{
    type Future = F;
    type Error = E;

    fn call(&self, handler: &'a H, command: C, work: &'a mut UnitOfWork) -> F {
        self(handler, command, work)
    }
}

struct CommandCall<H, C, M> {
    method: M,
    types: PhantomData<fn(H, C)>,
}

impl<H, C, M> Call<Reply> for CommandCall<H, C, M>
where
    H: CommandHandler,
    C: Command,
    M: for<'a> CommandMethod<'a, H, C>,
{
    fn call<'a>(
        &'a self,
        handler: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let command = message.message.decode(C::NAME)?;

            let reply = self
                .method
                .call(downcast_handler(handler), command, work)
                .await;
            reply.map(Reply::to_command::<C>).map_err(Into::into)
        })
    }
}

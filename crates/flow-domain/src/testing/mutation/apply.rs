use std::sync::Arc;

use crate::{
    error::Error,
    handler::{
        AnyHandler, Call, CommandRoute, EventRoute, Subscription, UnitOfWork, hooks::Rewrite,
    },
    message::{Envelope, Payload, StreamName},
    model::SerializedMessage,
    port::BoxFuture,
    record::Table,
    testing::mutation::{Edit, Mutation, MutationKind},
    wiring::Domain,
};

impl Domain {
    /// Returns the domain with one mistake in it. A domain without such a route is not changed.
    ///
    /// # Panics
    ///
    /// Panics if the domain has another clone: a route cannot be in two domains.
    #[doc(hidden)]
    #[must_use]
    pub fn mutated(self, mutation: &Mutation) -> Self {
        let (name, catalog, acknowledgements) = self.into_parts();
        let mut catalog =
            Arc::into_inner(catalog).expect("a domain is mutated before it is started or cloned");

        catalog.commands = catalog
            .commands
            .into_iter()
            .filter_map(|route| mutation.mutate_command(route))
            .collect();
        catalog.subscriptions = catalog
            .subscriptions
            .into_iter()
            .map(|subscription| mutation.mutate_subscription(subscription))
            .collect();
        catalog.build_event_index();

        Self::new(name.as_ref().to_owned(), catalog, acknowledgements)
    }
}

impl Mutation {
    fn mutate_command(&self, route: CommandRoute) -> Option<CommandRoute> {
        if route.handler != self.handler || route.command.as_str() != self.message {
            return Some(route);
        }
        let call = self.mutate_call(route.call)?;
        Some(CommandRoute { call, ..route })
    }

    fn mutate_subscription(&self, subscription: Subscription) -> Subscription {
        if subscription.handler != self.handler {
            return subscription;
        }

        let routes = subscription.routes.into_iter().filter_map(|route| {
            if route.event.name.as_str() != self.message {
                return Some(route);
            }
            let call = self.mutate_call(route.call)?;
            Some(EventRoute { call, ..route })
        });

        Subscription {
            routes: routes.collect(),
            ..subscription
        }
    }

    /// Returns the call that makes the mistake. Returns `None` if the route is dropped.
    fn mutate_call<R: Send + 'static>(&self, call: Box<dyn Call<R>>) -> Option<Box<dyn Call<R>>> {
        let message = self.message.clone();

        Some(match &self.kind {
            MutationKind::Unrouted => return None,
            MutationKind::Misreads(edit) => Box::new(MisreadCall {
                call,
                message,
                edit: edit.clone(),
            }),
            MutationKind::Miswrites(target, edit) => Box::new(MiswriteCall {
                call,
                rewrite: Arc::new(OutputRewrite {
                    target: target.clone(),
                    edit: edit.clone(),
                }),
            }),
            MutationKind::Fails => Box::new(FailingCall { panics: false }),
            MutationKind::Panics => Box::new(FailingCall { panics: true }),
        })
    }
}

/// Passes a changed message to the handler.
struct MisreadCall<R> {
    call: Box<dyn Call<R>>,
    message: String,
    edit: Edit,
}

impl<R: Send + 'static> Call<R> for MisreadCall<R> {
    fn call<'a>(
        &'a self,
        handler: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<R, Error>> {
        Box::pin(async move {
            let mut misread = message.clone();
            let id = message.metadata.stream.id();
            if let Some((content, _)) = self.edit.apply(&self.message, &message.message, id) {
                misread.message = content;
            }
            self.call.call(handler, &misread, work).await
        })
    }
}

/// Calls the handler and changes what it raises, issues or writes.
struct MiswriteCall<R> {
    call: Box<dyn Call<R>>,
    rewrite: Arc<OutputRewrite>,
}

impl<R: Send + 'static> Call<R> for MiswriteCall<R> {
    fn call<'a>(
        &'a self,
        handler: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<R, Error>> {
        Box::pin(async move {
            let rewrite = Arc::clone(&self.rewrite);
            work.set_message_rewrite(Some(rewrite));
            let result = self.call.call(handler, message, work).await;
            work.set_message_rewrite(None);

            work.rewrite_values(&*self.rewrite).await?;
            result
        })
    }
}

/// The output that is changed, by its name, and the edit.
#[derive(Debug)]
struct OutputRewrite {
    target: String,
    edit: Edit,
}

impl Rewrite for OutputRewrite {
    fn rewrite_message(&self, message: &mut SerializedMessage, stream: &mut StreamName) {
        let name = message.name.as_str();
        if name != self.target {
            return;
        }

        if let Some((content, id)) = self.edit.apply(name, &message.payload, stream.id()) {
            message.payload = content;
            // A message with another id belongs to another aggregate.
            if let Ok(changed) = StreamName::new(message.category, id) {
                *stream = changed;
            }
        }
    }

    fn rewrite_value(
        &self,
        table: Table,
        id: &str,
        value: &Payload,
    ) -> Option<(Arc<str>, Payload)> {
        if table.name != self.target {
            return None;
        }
        let (value, id) = self.edit.apply(table.name, value, id)?;
        Some((id.into(), value))
    }
}

/// Fails or panics without calling the handler.
struct FailingCall {
    panics: bool,
}

impl<R: Send + 'static> Call<R> for FailingCall {
    fn call<'a>(
        &'a self,
        _: &'a AnyHandler,
        _: &'a Envelope,
        _: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<R, Error>> {
        Box::pin(async move {
            assert!(!self.panics, "injected by a mutation");
            Err(Error::failed(
                "the mutated handler",
                "injected by a mutation",
            ))
        })
    }
}

use std::sync::Arc;

use crate::{
    error::Error,
    handler::{AnyHandler, Call, CommandRoute, EventRoute, Rewrite, Subscription, UnitOfWork},
    message::{Envelope, Payload, StreamName},
    model::SerializedMessage,
    mutation::{Edit, Mutation, MutationKind},
    port::BoxFuture,
    record::Table,
    wiring::Domain,
};

impl Domain {
    /// The domain with one mistake in it; the same domain if it has no such route.
    ///
    /// # Panics
    ///
    /// Panics if there is another clone of it: a route cannot be in two domains.
    #[doc(hidden)]
    #[must_use]
    pub fn mutated(self, mutation: &Mutation) -> Self {
        let (name, catalog) = self.into_parts();
        let mut catalog =
            Arc::into_inner(catalog).expect("a domain is mutated before it is started or cloned");
        let commands = catalog.commands.into_iter();
        let commands = commands.filter_map(|route| mutation.mutate_command(route));

        catalog.commands = commands.collect();
        let subscriptions = catalog.subscriptions.into_iter();
        let subscriptions = subscriptions.map(|one| mutation.mutate_subscription(one));

        catalog.subscriptions = subscriptions.collect();
        catalog.build_event_index();

        Self::new(name.as_ref().to_owned(), catalog)
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

    /// The call that makes the mistake; `None` if there is to be none.
    fn mutate_call<R: Send + 'static>(&self, call: Box<dyn Call<R>>) -> Option<Box<dyn Call<R>>> {
        let message = self.message.clone();
        Some(match &self.kind {
            MutationKind::Unrouted => return None,
            MutationKind::Misreads(edit) => Box::new(MisreadCall {
                call,
                message,
                edit: edit.clone(),
            }),
            MutationKind::Miswrites(what, edit) => Box::new(MiswriteCall {
                call,
                rewrite: Arc::new(OutputRewrite {
                    target: what.clone(),
                    edit: edit.clone(),
                }),
            }),
            MutationKind::Fails => Box::new(FailingCall { panics: false }),
            MutationKind::Panics => Box::new(FailingCall { panics: true }),
        })
    }
}

/// Hands on another message than it is handed.
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

/// Has what is raised, issued or written come out differently.
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
            let miswritten = Arc::clone(&self.rewrite);
            work.set_message_rewrite(Some(miswritten));
            let handled = self.call.call(handler, message, work).await;
            work.set_message_rewrite(None);
            work.rewrite_values(&*self.rewrite).await?;
            handled
        })
    }
}

/// What comes out differently, and how.
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
            // What has another id happens to another aggregate.
            if let Ok(other) = StreamName::new(message.category, id) {
                *stream = other;
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

/// Does not handle anything.
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
            assert!(!self.panics, "a mutation");
            Err(Error::failed("doing what it did before", "a mutation"))
        })
    }
}

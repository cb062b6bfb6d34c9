use std::sync::Arc;

use crate::{
    error::Error,
    handler::{AnyHandler, Call, CommandRoute, EventRoute, Rewrite, Subscription, UnitOfWork},
    message::{Envelope, Payload, StreamName},
    model::Written,
    mutation::{Change, Edit, Mutation},
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
        let commands = commands.filter_map(|route| mutation.of_command(route));
        catalog.commands = commands.collect();
        let subscriptions = catalog.subscriptions.into_iter();
        let subscriptions = subscriptions.map(|one| mutation.of_subscription(one));
        catalog.subscriptions = subscriptions.collect();
        catalog.index();
        Self::new(name.as_ref().to_owned(), catalog)
    }
}

impl Mutation {
    fn of_command(&self, route: CommandRoute) -> Option<CommandRoute> {
        if route.handler != self.handler || route.command.as_str() != self.message {
            return Some(route);
        }
        let call = self.of_call(route.call)?;
        Some(CommandRoute { call, ..route })
    }

    fn of_subscription(&self, subscription: Subscription) -> Subscription {
        if subscription.handler != self.handler {
            return subscription;
        }
        let routes = subscription.routes.into_iter().filter_map(|route| {
            if route.event.name.as_str() != self.message {
                return Some(route);
            }
            let call = self.of_call(route.call)?;
            Some(EventRoute { call, ..route })
        });
        Subscription {
            routes: routes.collect(),
            ..subscription
        }
    }

    /// The call that makes the mistake; `None` if there is to be none.
    fn of_call<R: Send + 'static>(&self, call: Box<dyn Call<R>>) -> Option<Box<dyn Call<R>>> {
        let message = self.message.clone();
        Some(match &self.change {
            Change::Unrouted => return None,
            Change::Misreads(edit) => Box::new(Misreading {
                call,
                message,
                edit: edit.clone(),
            }),
            Change::Miswrites(what, edit) => Box::new(Miswriting {
                call,
                miswritten: Arc::new(Miswritten {
                    what: what.clone(),
                    edit: edit.clone(),
                }),
            }),
            Change::Fails => Box::new(Failing { panics: false }),
            Change::Panics => Box::new(Failing { panics: true }),
        })
    }
}

/// Hands on another message than it is handed.
struct Misreading<R> {
    call: Box<dyn Call<R>>,
    message: String,
    edit: Edit,
}

impl<R: Send + 'static> Call<R> for Misreading<R> {
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
struct Miswriting<R> {
    call: Box<dyn Call<R>>,
    miswritten: Arc<Miswritten>,
}

impl<R: Send + 'static> Call<R> for Miswriting<R> {
    fn call<'a>(
        &'a self,
        handler: &'a AnyHandler,
        message: &'a Envelope,
        work: &'a mut UnitOfWork,
    ) -> BoxFuture<'a, Result<R, Error>> {
        Box::pin(async move {
            let miswritten = Arc::clone(&self.miswritten);
            work.rewrite_messages(Some(miswritten));
            let handled = self.call.call(handler, message, work).await;
            work.rewrite_messages(None);
            work.rewrite_written(&*self.miswritten).await?;
            handled
        })
    }
}

/// What comes out differently, and how.
#[derive(Debug)]
struct Miswritten {
    what: String,
    edit: Edit,
}

impl Rewrite for Miswritten {
    fn message(&self, message: &mut Written, stream: &mut StreamName) {
        let name = message.name.as_str();
        if name != self.what {
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

    fn value(&self, table: Table, id: &str, value: &Payload) -> Option<(Arc<str>, Payload)> {
        if table.name != self.what {
            return None;
        }
        let (value, id) = self.edit.apply(table.name, value, id)?;
        Some((id.into(), value))
    }
}

/// Does not handle anything.
struct Failing {
    panics: bool,
}

impl<R: Send + 'static> Call<R> for Failing {
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

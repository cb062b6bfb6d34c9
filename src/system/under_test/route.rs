use std::{any::Any, fmt, marker::PhantomData, sync::Arc};

use flow_domain::{
    Error, Rejection, handler::Reply, message::short_type_name, model::SerializedMessage,
    port::BoxFuture,
};

use crate::system::under_test::{addressed::Addressed, call_guard::catch_panics};

/// Takes messages of one Rust type into the system.
pub(super) trait Route<S>: Send + Sync {
    /// Returns the name of the component.
    fn component(&self) -> &'static str;

    /// Returns the name of the Rust type.
    fn message_type(&self) -> &'static str;

    /// Returns true if the message is of this type.
    fn accepts(&self, message: &SerializedMessage) -> bool;

    /// Moves messages with the same id into the system.
    ///
    /// # Errors
    ///
    /// Returns an error if the system refuses, fails or panics, or if a message was moved before.
    fn call<'a>(
        &'a self,
        state: Arc<S>,
        messages: &'a [SerializedMessage],
    ) -> BoxFuture<'a, Result<Reply, Error>>;
}

/// A [`Route`] that calls a closure of the test with one message.
pub(super) struct MessageRoute<M, F> {
    component: &'static str,
    call: F,
    message: PhantomData<fn() -> M>,
}

/// A [`Route`] that calls a closure of the test with all events of a list.
pub(super) struct HistoryRoute<E, F> {
    put: F,
    event: PhantomData<fn() -> E>,
}

impl<M, F> MessageRoute<M, F> {
    pub(super) fn new(component: &'static str, call: F) -> Self {
        Self {
            component,
            call,
            message: PhantomData,
        }
    }
}

impl<E, F> HistoryRoute<E, F> {
    pub(super) fn new(put: F) -> Self {
        Self {
            put,
            event: PhantomData,
        }
    }
}

impl<S, M, F, R> Route<S> for MessageRoute<M, F>
where
    S: Send + Sync + 'static,
    M: Send + 'static,
    F: Fn(Arc<S>, String, M) -> R + Send + Sync,
    R: Future<Output = Result<Reply, Error>> + Send,
{
    fn component(&self) -> &'static str {
        self.component
    }

    fn message_type(&self) -> &'static str {
        short_type_name::<M>()
    }

    fn accepts(&self, message: &SerializedMessage) -> bool {
        is_a::<M>(message)
    }

    fn call<'a>(
        &'a self,
        state: Arc<S>,
        messages: &'a [SerializedMessage],
    ) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let mut reply = Reply::new(());
            for message in messages {
                let Addressed { id, message } = take::<M>(message)?;
                let call = async { (self.call)(Arc::clone(&state), id, message).await };
                reply = catch_panics(call).await??;
            }
            Ok(reply)
        })
    }
}

impl<S, E, F, R, X> Route<S> for HistoryRoute<E, F>
where
    S: Send + Sync + 'static,
    E: Send + 'static,
    F: Fn(Arc<S>, String, Vec<E>) -> R + Send + Sync,
    R: Future<Output = Result<(), X>> + Send + 'static,
    X: fmt::Debug + Send + Sync + 'static,
{
    fn component(&self) -> &'static str {
        "history"
    }

    fn message_type(&self) -> &'static str {
        short_type_name::<E>()
    }

    fn accepts(&self, message: &SerializedMessage) -> bool {
        is_a::<E>(message)
    }

    fn call<'a>(
        &'a self,
        state: Arc<S>,
        messages: &'a [SerializedMessage],
    ) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let id = messages.first().map_or("", |first| &first.id).to_owned();
            let events = messages.iter().map(take::<E>);
            let events = events
                .map(|event| Ok(event?.message))
                .collect::<Result<Vec<E>, Error>>()?;

            let put = async { (self.put)(state, id, events).await };
            let result = catch_panics(put).await?;
            result.map_err(|err| failure(&err))?;
            Ok(Reply::new(()))
        })
    }
}

fn is_a<M: 'static>(message: &SerializedMessage) -> bool {
    let payload = &message.payload;
    payload.with_value(|_: &Addressed<M>| ()).is_some()
}

fn take<M: 'static>(message: &SerializedMessage) -> Result<Addressed<M>, Error> {
    let moved = || Error::setup(format!("{} was moved into an earlier run", message.name));
    message.payload.take_value().ok_or_else(moved)
}

/// Returns the rejection of a command.
pub(super) fn rejection<E: fmt::Debug + Send + Sync + 'static>(refused: E) -> Error {
    Error::rejected(OwnRejection::new(refused))
}

/// Returns the failure of a part of a system.
pub(super) fn failure(err: &impl fmt::Debug) -> Error {
    Error::failed("the call", format!("{err:?}"))
}

/// An error that a component returned: the system refused a command.
pub(crate) struct OwnRejection {
    shown: String,
    value: Box<dyn Any + Send + Sync>,
}

impl OwnRejection {
    fn new<E: fmt::Debug + Send + Sync + 'static>(value: E) -> Self {
        Self {
            shown: format!("{value:?}"),
            value: Box::new(value),
        }
    }

    /// Returns the error of the component if it is an `E`.
    pub(crate) fn downcast_ref<E: 'static>(&self) -> Option<&E> {
        self.value.downcast_ref()
    }
}

impl fmt::Debug for OwnRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Display for OwnRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl std::error::Error for OwnRejection {}
impl Rejection for OwnRejection {}

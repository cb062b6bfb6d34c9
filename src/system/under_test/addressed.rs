use std::{fmt, marker::PhantomData};

use flow_domain::{
    Error,
    message::{Payload, short_type_name},
    model::{AnyCommand, AnyEvent, DynMessage, IntoMessages, SameContent, SerializedMessage},
    record::InvariantViolation,
};

use crate::system::under_test::names::message_name;

/// A command or an event with the id of the entity that it is for, from [`at`].
///
/// Its type needs only `Debug`. An event that a test compares needs `PartialEq`, too.
#[must_use = "a message does nothing until a step of a flow takes it"]
pub struct At<M> {
    serialized: SerializedMessage,
    message: PhantomData<fn() -> M>,
}

/// Addresses a message of a [`SystemUnderTest`](crate::SystemUnderTest): `at("A-1", Deposit { amount: 5 })`.
///
/// `id` is what the system calls the entity: the number of an account, a UUID. Reports name a message by the
/// first word of its `Debug`, which is the variant of an enum.
///
/// A flow moves the message into the system. So it needs no `Clone`.
pub fn at<M: fmt::Debug + Send + 'static>(id: impl fmt::Display, message: M) -> At<M> {
    At {
        serialized: serialize(id.to_string(), message, Payload::of_value),
        message: PhantomData,
    }
}

/// Returns an event of a system as its record has it.
pub(super) fn addressed_event<E>(id: String, event: E) -> SerializedMessage
where
    E: fmt::Debug + PartialEq + Send + 'static,
{
    serialize(id, event, Payload::of_comparable)
}

fn serialize<M: fmt::Debug>(
    id: String,
    message: M,
    into_payload: impl FnOnce(Addressed<M>) -> Payload,
) -> SerializedMessage {
    let (name, category) = (message_name(&message), short_type_name::<M>());
    let addressed = Addressed { id, message };
    let id = addressed.id.clone();

    SerializedMessage::of_value(name, category, &id, into_payload(addressed))
}

/// A message with the id of its entity, as a payload holds it. Its `Debug` is what a test writes.
#[derive(PartialEq)]
pub(super) struct Addressed<M> {
    pub(super) id: String,
    pub(super) message: M,
}

impl<M: fmt::Debug> fmt::Debug for Addressed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at({:?}, {:?})", self.id, self.message)
    }
}

/// Passes the event in a payload, and its id, to `inspect`. Returns `None` if it is no `E`.
pub(crate) fn inspect_event<E: 'static, R>(
    payload: &Payload,
    inspect: impl FnOnce(&str, &E) -> R,
) -> Option<R> {
    payload.with_value(|event: &Addressed<E>| inspect(&event.id, &event.message))
}

/// A message without its type, and how to compare it.
struct Untyped<'m>(&'m SerializedMessage, SameContent);

impl fmt::Debug for Untyped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.payload, f)
    }
}

impl DynMessage for Untyped<'_> {
    fn to_serialized(&self) -> Result<SerializedMessage, Error> {
        Ok(self.0.clone())
    }

    fn same_content(&self) -> SameContent {
        self.1
    }

    fn verify_read_back(&self, _serialized: &SerializedMessage) -> Result<(), Error> {
        Ok(())
    }

    fn check_round_trip(&self, _serialized: &mut SerializedMessage) -> Option<InvariantViolation> {
        None
    }

    fn type_without_eq(&self) -> Option<&'static str> {
        None
    }
}

impl<E: fmt::Debug + PartialEq + Send + 'static> IntoMessages<AnyEvent> for At<E> {
    fn try_for_each(
        &self,
        visit: &mut dyn FnMut(&dyn DynMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let same_content = Payload::has_equal_value::<Addressed<E>>;
        visit(&Untyped(&self.serialized, same_content))
    }
}

impl<C: fmt::Debug + Send + 'static> IntoMessages<AnyCommand> for At<C> {
    fn try_for_each(
        &self,
        visit: &mut dyn FnMut(&dyn DynMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        visit(&Untyped(&self.serialized, Payload::has_same_json))
    }
}

impl<M> fmt::Debug for At<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.serialized.payload)
    }
}

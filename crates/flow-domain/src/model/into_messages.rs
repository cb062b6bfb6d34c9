use crate::{
    error::Error,
    message::{MessageKind, Payload, SchemaLists},
    model::{Command, Event, Message, SerializedMessage, verify_read_back},
};

/// Marks a list of commands in [`IntoMessages`].
#[derive(Debug, Clone, Copy)]
pub enum AnyCommand {}

/// Marks a list of events in [`IntoMessages`].
#[derive(Debug, Clone, Copy)]
pub enum AnyEvent {}

/// The mark of a list of messages: [`AnyCommand`] or [`AnyEvent`].
pub trait ListKind {
    /// The kind of all messages of the list.
    const KIND: MessageKind;
}

impl ListKind for AnyCommand {
    const KIND: MessageKind = MessageKind::Command;
}

impl ListKind for AnyEvent {
    const KIND: MessageKind = MessageKind::Event;
}

/// One message, a tuple of messages, an array or a `Vec`.
///
/// `IntoMessages<AnyEvent>` is a list of events, `IntoMessages<AnyCommand>` one of commands. `()`
/// is the empty list.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of messages",
    label = "neither one message, nor a tuple, an array or a `Vec` of them",
    note = "a message needs `#[derive(Event)]` or `#[derive(Command)]`",
    note = "in a test of a `SystemUnderTest`, add the id of its entity: `at(id, message)`"
)]
pub trait IntoMessages<Kind> {
    /// Calls `visit` with each message, in order, until `visit` returns an error.
    ///
    /// # Errors
    ///
    /// Returns the first error that `visit` returned.
    #[doc(hidden)]
    fn try_for_each(
        &self,
        visit: &mut dyn FnMut(&dyn DynMessage) -> Result<(), Error>,
    ) -> Result<(), Error>;
}

/// Returns true if two contents of a message are the same.
#[doc(hidden)]
pub type SameContent = fn(&Payload, &Payload) -> bool;

/// Compares two contents of an `M` by `PartialEq`. Without `PartialEq`, it compares their JSON.
fn has_same_content<M: Message>(left: &Payload, right: &Payload) -> bool {
    let compare = |left: &M| right.with_decoded(M::NAME, |right: &M| left.try_eq(right));
    let are_equal = left.with_decoded(M::NAME, compare);

    match are_equal {
        Ok(Ok(Some(are_equal))) => are_equal,
        _ => left.has_same_json(right),
    }
}

/// A message of a list, without its Rust type.
#[doc(hidden)]
pub trait DynMessage: std::fmt::Debug {
    /// Serializes the message.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it has no JSON form.
    fn to_serialized(&self) -> Result<SerializedMessage, Error>;

    /// Returns a function that compares two serialized messages of the type of this message.
    fn same_content(&self) -> SameContent;

    /// Returns an error unless `serialized` is read back as this message.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it cannot be decoded, or differs.
    fn verify_read_back(&self, serialized: &SerializedMessage) -> Result<(), Error>;

    /// Decodes `serialized` and returns a violation if the result is not equal to this message.
    #[cfg(feature = "testing")]
    fn check_round_trip(
        &self,
        serialized: &mut SerializedMessage,
    ) -> Option<crate::record::InvariantViolation>;

    /// Returns the name of the type if it does not implement `PartialEq`.
    #[cfg(feature = "testing")]
    fn type_without_eq(&self) -> Option<&'static str>;
}

impl<M: Message> DynMessage for M {
    fn to_serialized(&self) -> Result<SerializedMessage, Error> {
        SerializedMessage::new(self)
    }

    fn same_content(&self) -> SameContent {
        has_same_content::<M>
    }

    fn verify_read_back(&self, serialized: &SerializedMessage) -> Result<(), Error> {
        verify_read_back(M::NAME, self, &serialized.payload, M::try_eq)
    }

    #[cfg(feature = "testing")]
    fn check_round_trip(
        &self,
        serialized: &mut SerializedMessage,
    ) -> Option<crate::record::InvariantViolation> {
        crate::model::invariants::check_round_trip(
            (M::NAME, None),
            self,
            &mut serialized.payload,
            M::try_eq,
        )
    }

    #[cfg(feature = "testing")]
    fn type_without_eq(&self) -> Option<&'static str> {
        self.try_eq(self).is_none().then_some(M::NAME)
    }
}

impl<E: Event> IntoMessages<AnyEvent> for E {
    fn try_for_each(
        &self,
        visit: &mut dyn FnMut(&dyn DynMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        visit(self)
    }
}

impl<C: Command> IntoMessages<AnyCommand> for C {
    fn try_for_each(
        &self,
        visit: &mut dyn FnMut(&dyn DynMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        visit(self)
    }
}

impl<Kind, L: IntoMessages<Kind>, const N: usize> IntoMessages<Kind> for [L; N] {
    fn try_for_each(
        &self,
        visit: &mut dyn FnMut(&dyn DynMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.iter().try_for_each(|list| list.try_for_each(visit))
    }
}

impl<Kind, L: IntoMessages<Kind>> IntoMessages<Kind> for Vec<L> {
    fn try_for_each(
        &self,
        visit: &mut dyn FnMut(&dyn DynMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.iter().try_for_each(|list| list.try_for_each(visit))
    }
}

/// One message type, `OrderPlaced`, or a tuple of several.
pub trait MessageTypes {
    /// The schemas of these types, in the order of the types.
    #[doc(hidden)]
    const SCHEMAS: SchemaLists;
}

impl<M: Message> MessageTypes for M {
    const SCHEMAS: SchemaLists = &[<M as Message>::SCHEMAS];
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<Kind, $($name: IntoMessages<Kind>),*> IntoMessages<Kind> for ($($name,)*) {
            #[allow(non_snake_case, unused_variables, reason = "the type parameters name the fields; `()` has none")]
            fn try_for_each(&self, visit: &mut dyn FnMut(&dyn DynMessage) -> Result<(), Error>) -> Result<(), Error> {
                let ($($name,)*) = self;
                $($name.try_for_each(visit)?;)*
                Ok(())
            }
        }

        impl<$($name: Message),*> MessageTypes for ($($name,)*) {
            const SCHEMAS: SchemaLists = &[$(<$name as Message>::SCHEMAS),*];
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);

impl<Kind> IntoMessages<Kind> for () {
    fn try_for_each(
        &self,
        _visit: &mut dyn FnMut(&dyn DynMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        Ok(())
    }
}

use crate::{
    error::Error,
    message::NameList,
    model::{Command, Event, Message, Written, same::read_back},
    record::BrokenLaw,
};

/// Stands for commands in [`MessageList`].
#[derive(Debug, Clone, Copy)]
pub enum AnyCommand {}

/// Stands for events in [`MessageList`].
#[derive(Debug, Clone, Copy)]
pub enum AnyEvent {}

/// One message, a tuple of messages, an array or a `Vec`.
///
/// `MessageList<AnyEvent>` is a list of events, `MessageList<AnyCommand>` one of commands. `()` is
/// the empty list.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of messages",
    label = "neither one message, nor a tuple, an array or a `Vec` of them",
    note = "a message needs `#[derive(Event)]` or `#[derive(Command)]`"
)]
pub trait MessageList<Kind> {
    /// Hands each message to `each`, in order, until one is refused.
    ///
    /// # Errors
    ///
    /// Returns the first error that `each` returned.
    fn try_for_each(
        &self,
        each: &mut dyn FnMut(&dyn ListedMessage) -> Result<(), Error>,
    ) -> Result<(), Error>;
}

/// A message of a list, without its Rust type.
pub trait ListedMessage: std::fmt::Debug {
    /// Writes it down.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if it has no JSON form.
    fn write(&self) -> Result<Written, Error>;

    /// Reads back what it was written as, and tells if that is something else.
    fn read_back(&self, written: &mut Written) -> Option<BrokenLaw>;
}

impl<M: Message> ListedMessage for M {
    fn write(&self) -> Result<Written, Error> {
        Written::new(self)
    }

    fn read_back(&self, written: &mut Written) -> Option<BrokenLaw> {
        read_back((M::NAME, None), self, &mut written.payload, M::is_same_as)
    }
}

impl<E: Event> MessageList<AnyEvent> for E {
    fn try_for_each(
        &self,
        each: &mut dyn FnMut(&dyn ListedMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        each(self)
    }
}

impl<C: Command> MessageList<AnyCommand> for C {
    fn try_for_each(
        &self,
        each: &mut dyn FnMut(&dyn ListedMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        each(self)
    }
}

impl<Kind, L: MessageList<Kind>, const N: usize> MessageList<Kind> for [L; N] {
    fn try_for_each(
        &self,
        each: &mut dyn FnMut(&dyn ListedMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.iter().try_for_each(|list| list.try_for_each(each))
    }
}

impl<Kind, L: MessageList<Kind>> MessageList<Kind> for Vec<L> {
    fn try_for_each(
        &self,
        each: &mut dyn FnMut(&dyn ListedMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.iter().try_for_each(|list| list.try_for_each(each))
    }
}

/// Types of messages, as a type: `OrderPlaced`, or a tuple of several.
pub trait MessageTypes {
    /// The schemas of all of them, in order.
    const SCHEMAS: NameList;
}

impl<M: Message> MessageTypes for M {
    const SCHEMAS: NameList = &[<M as Message>::SCHEMAS];
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<Kind, $($name: MessageList<Kind>),*> MessageList<Kind> for ($($name,)*) {
            #[allow(non_snake_case, unused_variables, reason = "the type parameters name the fields; `()` has none")]
            fn try_for_each(&self, each: &mut dyn FnMut(&dyn ListedMessage) -> Result<(), Error>) -> Result<(), Error> {
                let ($($name,)*) = self;
                $($name.try_for_each(each)?;)*
                Ok(())
            }
        }

        impl<$($name: Message),*> MessageTypes for ($($name,)*) {
            const SCHEMAS: NameList = &[$(<$name as Message>::SCHEMAS),*];
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

impl<Kind> MessageList<Kind> for () {
    fn try_for_each(
        &self,
        _each: &mut dyn FnMut(&dyn ListedMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        Ok(())
    }
}

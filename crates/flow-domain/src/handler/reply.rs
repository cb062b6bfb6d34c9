use std::{
    any::{Any, TypeId},
    fmt,
};

use crate::{error::Error, message::short_type_name, model::Command};

/// The reply of a command handler, without its Rust type.
pub struct Reply {
    value: Box<dyn AnyReply>,
    try_eq: fn(&Self, &Self) -> Option<bool>,
}

trait AnyReply: fmt::Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<R: fmt::Debug + Send + Sync + 'static> AnyReply for R {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl Reply {
    #[doc(hidden)]
    pub fn new<R: fmt::Debug + Send + Sync + 'static>(reply: R) -> Self {
        Self {
            value: Box::new(reply),
            try_eq: |_, _| None,
        }
    }

    /// Creates the reply to a command of type `C`.
    pub(crate) fn to_command<C: Command>(reply: C::Reply) -> Self {
        Self {
            value: Box::new(reply),
            try_eq: |left, right| C::try_eq_replies(left.downcast_ref()?, right.downcast_ref()?),
        }
    }

    /// Returns the Rust type of the reply.
    #[doc(hidden)]
    pub fn type_of_value(&self) -> TypeId {
        // Without `as_ref`, `as_any` would return the box, because it implements `AnyReply`, too.
        self.value.as_ref().as_any().type_id()
    }

    /// Compares two replies to the same command by `PartialEq`.
    ///
    /// Returns `None` if their type does not implement it.
    #[doc(hidden)]
    pub fn try_eq(&self, other: &Self) -> Option<bool> {
        (self.try_eq)(self, other)
    }

    /// Returns the reply if it is an `R`.
    pub fn downcast_ref<R: 'static>(&self) -> Option<&R> {
        // Without `as_ref`, `as_any` would return the box, because it implements `AnyReply`, too.
        self.value.as_ref().as_any().downcast_ref()
    }

    /// Takes the reply out.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the reply is not an `R`. That
    /// happens only if two Rust types stand for one message.
    pub(crate) fn downcast<R: 'static>(self) -> Result<R, Error> {
        self.value.into_any().downcast().map(|reply| *reply).map_err(|_reply| {
            Error::setup(format!(
                "expected a reply of type `{}`, found another type: two Rust types stand for the same command",
                short_type_name::<R>()
            ))
        })
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, f)
    }
}

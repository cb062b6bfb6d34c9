use std::{any::Any, fmt};

/// What a command handler answered, without its Rust type.
pub struct Reply(Box<dyn AnyReply>);

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
    pub(crate) fn new<R: fmt::Debug + Send + Sync + 'static>(reply: R) -> Self {
        Self(Box::new(reply))
    }

    /// Returns the reply if it is an `R`.
    pub fn downcast_ref<R: 'static>(&self) -> Option<&R> {
        // Through the box, or the box itself would be asked what it is.
        self.0.as_ref().as_any().downcast_ref()
    }

    /// Takes the reply out.
    ///
    /// # Panics
    ///
    /// Panics if it is not an `R`; the signature of the handler's method makes it one.
    pub(crate) fn into<R: 'static>(self) -> R {
        *self
            .0
            .into_any()
            .downcast()
            .expect("the route was made for this command, whose reply this is")
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

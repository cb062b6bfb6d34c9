/// The future that an async method of a handler returns.
///
/// Every future implements this trait. It exists only for the compiler message below, for a method
/// that is not async.
#[diagnostic::on_unimplemented(
    message = "the method is not async: it returns `{Self}`",
    label = "write `async fn`",
    note = "a command handler has `async fn(&self, command: C, work: &mut UnitOfWork) -> Result<C::Reply, Error>`",
    note = "an event handler has `async fn(&self, event: E, work: &mut UnitOfWork) -> Result<(), Error>`, \
            and a process manager has the same with `&mut self`",
    note = "a projector has `async fn(&self, event: E, rows: &mut Rows<'_, P>) -> Result<(), Error>`"
)]
#[doc(hidden)]
pub trait HandlerFuture: Future<Output = <Self as HandlerFuture>::Answer> {
    /// The output of the future.
    type Answer;
}

// Without this, the compiler would suggest to implement `Future` instead of printing the message above.
#[diagnostic::do_not_recommend]
impl<F: Future> HandlerFuture for F {
    type Answer = F::Output;
}

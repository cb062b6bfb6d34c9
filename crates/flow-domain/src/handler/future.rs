/// What an async method returns: a future.
///
/// It is there for what the compiler says of a method that is not async; every future is one.
#[diagnostic::on_unimplemented(
    message = "the method is not async: it returns `{Self}`",
    label = "write `async fn`",
    note = "a command handler has `async fn(&self, command: C, work: &mut UnitOfWork) -> Result<C::Reply, Error>`",
    note = "an event handler has `async fn(&self, event: E, work: &mut UnitOfWork) -> Result<(), Error>`, \
            a process manager the same with `&mut self`",
    note = "a projector has `async fn(&self, event: E, rows: &mut Rows<'_, P>) -> Result<(), Error>`"
)]
pub trait HandlerFuture: Future<Output = <Self as HandlerFuture>::Answer> {
    /// What it resolves to.
    type Answer;
}

// Or the compiler would speak of futures again.
#[diagnostic::do_not_recommend]
impl<F: Future> HandlerFuture for F {
    type Answer = F::Output;
}

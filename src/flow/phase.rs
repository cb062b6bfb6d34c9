use std::{fmt, marker::PhantomData};

/// The phase of the `given_*` steps, before any act.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Given;

/// The phase after an act, and after most `then_*` steps.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Acted;

/// The phase for checks of one aggregate, row or process manager.
pub struct StateOf<T>(PhantomData<fn() -> T>);

/// The phase for checks of all rows of a projection.
pub struct RowsOf<P>(PhantomData<fn() -> P>);

/// The phase after [`then_handled_by`](crate::Flow::then_handled_by).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HandledBy;

/// The phase after [`then_dead_letters`](crate::Flow::then_dead_letters).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DeadLetterPhase;

impl<T> fmt::Debug for StateOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateOf")
    }
}

impl<P> fmt::Debug for RowsOf<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowsOf")
    }
}

/// A phase after at least one act, in which `then_*` steps are possible.
#[diagnostic::on_unimplemented(
    message = "the flow has no act yet",
    label = "needs an act first",
    note = "add an act: `.when(command)` or `.when_event(event)`"
)]
pub trait AfterAct: sealed::Sealed {}

impl AfterAct for Acted {}
impl<T> AfterAct for StateOf<T> {}
impl<P> AfterAct for RowsOf<P> {}
impl AfterAct for HandledBy {}
impl AfterAct for DeadLetterPhase {}

mod sealed {
    #[expect(unnameable_types, reason = "so that nobody else can implement it")]
    pub trait Sealed {}
    impl Sealed for super::Acted {}
    impl<T> Sealed for super::StateOf<T> {}
    impl<P> Sealed for super::RowsOf<P> {}
    impl Sealed for super::HandledBy {}
    impl Sealed for super::DeadLetterPhase {}
}

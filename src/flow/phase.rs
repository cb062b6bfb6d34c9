use std::{fmt, marker::PhantomData};

/// The phase in which the past is told; nothing has happened yet.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Given;

/// The phase after an act.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Acted;

/// The sentence speaks about one aggregate, row or process manager.
pub struct StateOf<T>(PhantomData<fn() -> T>);

/// The sentence speaks about all rows of a projection.
pub struct RowsOf<P>(PhantomData<fn() -> P>);

/// The sentence speaks about how often a handler handled something.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HandledBy;

/// The sentence speaks about what was given up on.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DeadLetterPhase;

impl<T> fmt::Debug for StateOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("One")
    }
}

impl<P> fmt::Debug for RowsOf<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Many")
    }
}

/// The phases in which something has happened, so that something can be expected.
#[diagnostic::on_unimplemented(
    message = "nothing has happened yet, so nothing can be expected",
    label = "needs an act first",
    note = "say what happens: `.when(command)` or `.when_event(event)`"
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

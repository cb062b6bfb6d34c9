use std::{error, fmt};

use flow_domain::{
    Event, Rejection,
    model::{AnyCommand, AnyEvent, IntoMessages},
};

use crate::{
    expect,
    flow::{Acted, AfterAct, Flow, given::serialize_all},
};

impl<'t, S> Flow<'t, S> {
    /// Expects exactly these events, in this order, raised by the last act and all that it caused.
    ///
    /// One event, or a tuple, an array or a `Vec` of events. They are compared as they are stored. An
    /// event that [`when_event`](Self::when_event) told of is not among them.
    ///
    /// The chain runs breadth-first: all handlers of an event, in the order in which they are registered,
    /// come before those of the events that they raise.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoMessages<AnyEvent>) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::events(serialize_all(&expected)))
    }

    /// Expects an event that equals this one, raised in the acts so far.
    #[track_caller]
    pub fn then_event<E: Event>(self, expected: E) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::event(serialize_all::<AnyEvent>(&expected)))
    }

    /// Expects an event of type `E` for which the closure holds, raised in the acts so far.
    #[track_caller]
    pub fn then_event_like<E: Event>(
        self,
        holds: impl Fn(&E) -> bool + Send + Sync + 't,
    ) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::event_like(holds))
    }

    /// Expects that the last act and all that it caused raised no events.
    #[track_caller]
    pub fn then_no_events(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::events(Ok(Vec::new())))
    }

    /// Expects that no event of type `E` was raised in the acts so far.
    #[track_caller]
    pub fn then_no_event<E: Event>(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::no_event::<E>())
    }

    /// Expects exactly these commands, in this order, issued by handlers because of the last act.
    ///
    /// One that was rolled back with the handler that issued it is not among them.
    #[track_caller]
    pub fn then_commands(self, expected: impl IntoMessages<AnyCommand>) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::commands(serialize_all(&expected)))
    }

    /// Expects that the last command was accepted.
    #[track_caller]
    pub fn then_accepted(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::accepted())
    }

    /// Expects that exactly so many commands of the last [`when_all`](Self::when_all) were accepted; the
    /// others were refused, or conflicted.
    #[track_caller]
    pub fn then_accepted_of(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::accepted_count(expected))
    }

    /// Expects that the last command was refused with this value.
    #[track_caller]
    pub fn then_rejected<R: Rejection + PartialEq>(self, expected: R) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::rejected(expected))
    }

    /// Expects that the last command was refused with an `R` for which the closure holds.
    #[track_caller]
    pub fn then_rejected_like<R: Rejection>(
        self,
        holds: impl Fn(&R) -> bool + Send + Sync + 't,
    ) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::rejected_like(holds))
    }

    /// Expects that the last command was refused with a message that contains this text.
    #[track_caller]
    pub fn then_rejected_saying(self, text: &str) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::rejected_saying(text))
    }

    /// Expects that the handler of the last command answered with this value.
    #[track_caller]
    pub fn then_reply<R>(self, expected: R) -> Flow<'t, Acted>
    where
        S: AfterAct,
        R: PartialEq + fmt::Debug + Send + Sync + 'static,
    {
        self.expect(expect::reply(expected))
    }

    /// Expects that the handler `H` failed with this error in the acts so far.
    ///
    /// The error is what the handler returned, or what it wrapped with
    /// [`Error::failed`](flow_domain::Error::failed).
    #[track_caller]
    pub fn then_handler_failed<H: 'static>(
        self,
        expected: impl error::Error + PartialEq + Send + Sync + 'static,
    ) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::handler_failed::<H, _>(expected))
    }

    /// Expects that the handler `H` failed in the acts so far with a message that contains this text;
    /// a panic is a failure, too.
    #[track_caller]
    pub fn then_handler_failed_saying<H: 'static>(self, text: &str) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::handler_failed_saying::<H>(text))
    }

    /// Expects that these messages caused each other, each directly the next, beginning with the last
    /// act: `["PlaceOrder", "OrderPlaced", "StockReserved"]`. None was rolled back.
    #[track_caller]
    pub fn then_chain<const N: usize>(self, expected: [&str; N]) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::chain(&expected))
    }

    /// Expects that the closure holds for the fake of type `T`.
    #[track_caller]
    pub fn then_resource<T: fmt::Debug + Send + Sync + 'static>(
        self,
        holds: impl Fn(&T) -> bool + Send + Sync + 't,
    ) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::resource(holds))
    }

    /// Expects that everything came to rest and nothing went wrong: the last command was accepted, no
    /// handler failed and nothing is left to do.
    #[track_caller]
    pub fn then_settled(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::settled())
    }
}

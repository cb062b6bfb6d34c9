use std::{error, fmt};

use flow_domain::{
    Event, Rejection,
    model::{AnyCommand, AnyEvent, IntoMessages},
};

use crate::{
    expect,
    flow::{Acted, AfterAct, Flow, given::serialize_expected},
};

impl<'t, S> Flow<'t, S> {
    /// Expects that the last act and its cascade raised exactly these events, in this order.
    ///
    /// `expected` is one event, or a tuple, an array or a `Vec` of events. Their stored forms are compared.
    /// The event of a [`when_event`](Self::when_event) act does not count.
    ///
    /// The cascade runs breadth-first. All handlers of an event run in the order of their registration.
    /// The handlers of the events that they raise run after them.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoMessages<AnyEvent>) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::events(serialize_expected(&expected)))
    }

    /// Expects that an event equal to this one was raised in the acts so far.
    #[track_caller]
    pub fn then_event<E: Event>(self, expected: E) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::event(serialize_expected::<AnyEvent>(&expected)))
    }

    /// Expects that an event of type `E` for which `holds` returns true was raised in the acts so
    /// far.
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

    /// Expects that the last act and its cascade raised no events.
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

    /// Expects that handlers issued exactly these commands, in this order, because of the last act.
    ///
    /// A command does not count if it was rolled back with the handler that issued it.
    #[track_caller]
    pub fn then_commands(self, expected: impl IntoMessages<AnyCommand>) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::commands(serialize_expected(&expected)))
    }

    /// Expects that the last command was accepted.
    #[track_caller]
    pub fn then_accepted(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::accepted())
    }

    /// Expects that this number of commands of the last [`when_all`](Self::when_all) was accepted.
    ///
    /// The others were rejected, or failed with a conflict.
    #[track_caller]
    pub fn then_accepted_of(self, expected: usize) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::accepted_count(expected))
    }

    /// Expects that the last command was rejected with this value.
    #[track_caller]
    pub fn then_rejected<R: Rejection + PartialEq>(self, expected: R) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::rejected(expected))
    }

    /// Expects that the last command was rejected with an `R` for which `holds` returns true.
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

    /// Expects that the last command was rejected with a message that contains `text`.
    #[track_caller]
    pub fn then_rejected_saying(self, text: &str) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::rejected_saying(text))
    }

    /// Expects that the handler of the last command replied with this value.
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
    /// `expected` is compared with the error that the handler returned, or with the error inside
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

    /// Expects that the handler `H` failed in the acts so far with a message that contains `text`.
    ///
    /// A panic is a failure, too.
    #[track_caller]
    pub fn then_handler_failed_saying<H: 'static>(self, text: &str) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::handler_failed_saying::<H>(text))
    }

    /// Expects that each of these messages directly caused the next, beginning with the last act.
    ///
    /// An example is `["PlaceOrder", "OrderPlaced", "StockReserved"]`. A message that was rolled
    /// back does not count.
    #[track_caller]
    pub fn then_chain<const N: usize>(self, expected: [&str; N]) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::chain(&expected))
    }

    /// Expects that `holds` returns true for the fake of type `T`.
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

    /// Expects that everything settled and nothing went wrong.
    ///
    /// The last command was accepted, no handler failed, and nothing is left to do.
    #[track_caller]
    pub fn then_settled(self) -> Flow<'t, Acted>
    where
        S: AfterAct,
    {
        self.expect(expect::settled())
    }
}

use std::{any::TypeId, fmt, marker::PhantomData};

use flow_domain::{
    Aggregate, Error, Headers,
    clock::{Timestamp, VirtualClock},
    engine::RebuildReport,
    message::{MessageLabels, Payload, Recorded},
    port::BoxFuture,
    record::Record,
    runtime::ProcessResult,
    testing::{Remaining, StaleRow, StateType},
    wiring::Wiring,
};

use crate::system::{Act, System};

/// The system of a unit test: one aggregate, without handlers or a store.
pub(super) struct UnitSystem<A> {
    id: String,
    /// The state before the method was called.
    before: Option<Payload>,
    state: Result<Payload, String>,
    remaining: Remaining,
    wiring: Wiring,
    aggregate: PhantomData<fn() -> A>,
}

impl<A: Aggregate> UnitSystem<A> {
    pub(super) fn new(aggregate: &A, before: Option<Payload>) -> Self {
        Self {
            id: aggregate.id().into_owned(),
            before,
            state: Payload::encode(A::NAME, aggregate).map_err(|err| err.with_causes().to_string()),
            remaining: Remaining::default(),
            wiring: Wiring::of_aggregate::<A>(),
            aggregate: PhantomData,
        }
    }

    fn read(&self, state_type: StateType, id: Option<&str>) -> Result<Vec<Payload>, Error> {
        if state_type.type_id != TypeId::of::<A>() {
            return Err(unit_error(&format!("only the aggregate {}", A::NAME)));
        }
        if id != Some(self.id.as_str()) {
            let found = format!("only {} {:?}", A::NAME, self.id);
            return Err(unit_error(&found));
        }

        match &self.state {
            Ok(state) => Ok(vec![state.clone()]),
            Err(reason) => Err(Error::setup(reason.clone())),
        }
    }
}

fn unit_error(what: &str) -> Error {
    Error::setup(format!(
        "a unit test has {what}; use a `FlowHarness` for more"
    ))
}

impl<A: Aggregate> System for UnitSystem<A> {
    fn act<'a>(&'a mut self, _: Act<'a>, _: &'a Headers) -> BoxFuture<'a, ProcessResult> {
        Box::pin(async { ProcessResult::from_error(unit_error("no handlers")) })
    }

    fn read_states<'a>(
        &'a self,
        state_type: StateType,
        id: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Payload>, Error>> {
        Box::pin(async move { self.read(state_type, id) })
    }

    fn now(&self) -> Timestamp {
        VirtualClock::START
    }

    fn update_record(&self, _: &mut Record) {}

    fn remaining(&self) -> &Remaining {
        &self.remaining
    }

    fn stale_rows<'a>(
        &'a self,
        _: &'a [&'static str],
    ) -> BoxFuture<'a, Result<(Vec<StaleRow>, RebuildReport), Error>> {
        Box::pin(async { Err(unit_error("no projections")) })
    }

    fn labels(&self) -> MessageLabels {
        self.wiring.labels.clone()
    }

    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn fold(&self, _: StateType, _: &[Recorded]) -> Option<Payload> {
        // Only `unchanged` folds: it asks for the state before the method was called.
        self.before.clone()
    }
}

impl<A> fmt::Debug for UnitSystem<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitSystem")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

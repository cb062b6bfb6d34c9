use std::{
    any::TypeId,
    sync::{Arc, OnceLock},
};

use flow_domain::{
    App, Engine, Error, HandlerFailure, Headers,
    clock::Timestamp,
    engine::RebuildReport,
    message::{MessageLabels, MessageType, Payload, Priority, Recorded},
    model::SerializedMessage,
    port::{BoxFuture, Store},
    record::{EntryId, Record, Recorder},
    runtime::ProcessResult,
    testing::{Remaining, SettleReport, StaleRow, StateType, TestEngine, remember_panic_locations},
    wiring::Wiring,
};

use crate::system::{
    Act, ClockAdvance, Mode, StoredValue, System, World, fault::FaultInjector,
    stored_values::read_all,
};

/// A [`System`] that runs a domain with its own store, clock, ids and record.
#[derive(Debug)]
pub(crate) struct DomainSystem {
    app: App,
    /// `None` in [`Mode::Sync`].
    engine: Option<TestEngine>,
    recorder: Arc<Recorder>,
    /// The store without faults.
    store: Arc<dyn Store>,
    is_paused: bool,
    remaining: Remaining,
    faults: Option<Arc<FaultInjector>>,
    /// Computed on first use.
    wiring: OnceLock<Wiring>,
}

impl DomainSystem {
    /// Starts a fresh world.
    pub(crate) fn start(world: World) -> Self {
        remember_panic_locations();

        let recorder = Arc::new(Recorder::default());
        let (mode, rebuild_domain) = (world.mode, world.rebuild_domain.clone());
        let (is_paused, faults) = (world.is_paused, world.faults.clone());
        let store = Arc::clone(&world.store);
        let app = world.start(&recorder);

        let engine = match mode {
            Mode::Sync => None,
            Mode::Engine | Mode::Differential => {
                let engine = Engine::test_mode(&app);
                Some(match rebuild_domain {
                    Some(rebuild_domain) => engine.rebuild_with(move || rebuild_domain()),
                    None => engine,
                })
            }
        };

        Self {
            app,
            engine,
            recorder,
            store,
            is_paused,
            remaining: Remaining::default(),
            faults,
            wiring: OnceLock::new(),
        }
    }

    /// Returns the recorder of this world.
    pub(crate) fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// Processes what an act left for later, and merges that result into the result of the act.
    ///
    /// If the engine is paused, this only counts what is left.
    async fn settle(&mut self, result: ProcessResult) -> ProcessResult {
        let Some(engine) = &mut self.engine else {
            return self.app.settle_inline(result).await;
        };

        // Without the box, the future of an act without an engine would be as large as with one.
        if !self.is_paused {
            let report = Box::pin(engine.run()).await;
            return result.merge(self.store_remaining(report));
        }

        match Box::pin(engine.remaining()).await {
            Ok(remaining) => {
                self.remaining = remaining;
                result
            }
            Err(err) => result.merge(Err(err)),
        }
    }

    /// Runs the engine of a paused harness.
    async fn run_engine(&mut self, n_cycles: Option<usize>) -> ProcessResult {
        let Some(engine) = &mut self.engine else {
            return ProcessResult::empty();
        };

        let report = match n_cycles {
            Some(n) => engine.run_cycles(n).await,
            None => engine.run().await,
        };

        self.store_remaining(report)
            .unwrap_or_else(ProcessResult::from_error)
    }

    /// Stores in `remaining` what the engine left, and returns the result in the report.
    fn store_remaining(
        &mut self,
        report: Result<SettleReport, Error>,
    ) -> Result<ProcessResult, Error> {
        let mut report = report?;
        // After a restart, the commands of the test go to the new handlers, too.
        if let Some(engine) = &self.engine {
            self.app = engine.app().clone();
        }
        self.remaining = std::mem::take(&mut report.remaining);
        Ok(report.into())
    }

    async fn process_all(&mut self, commands: &[SerializedMessage]) -> Vec<ProcessResult> {
        let headers = Headers::default();
        let processing = commands
            .iter()
            .map(|command| -> BoxFuture<'_, ProcessResult> {
                Box::pin(self.app.process_serialized(command, &headers))
            })
            .collect();
        // A plan with concurrent commands always has an injector, and the store waits at its barrier.
        let faults = self.faults.clone().unwrap_or_default();
        let mut results = faults.commit_barrier().run_concurrently(processing).await;

        // What all of the commands caused is merged into the result of the last one.
        if let Some(last) = results.pop() {
            results.push(self.settle(last).await);
        }

        results
    }

    async fn advance_clock(&mut self, advance: ClockAdvance) -> ProcessResult {
        let time = match advance {
            ClockAdvance::By(duration) => self.app.now() + duration,
            ClockAdvance::To(time) => time,
        };

        let result = match &mut self.engine {
            // A paused engine does not deliver what becomes due. It stays pending.
            Some(_) if self.is_paused => self.app.advance_to(time).map(|()| ProcessResult::empty()),
            Some(engine) => {
                let report = engine.run_until(time).await;
                self.store_remaining(report)
            }
            None => self.app.pass_time(time).await,
        };

        result.unwrap_or_else(ProcessResult::from_error)
    }

    async fn redeliver(&mut self, events: &[(Recorded, EntryId)], nth: u32) -> ProcessResult {
        let Some(engine) = &mut self.engine else {
            return self.app.redeliver(events, nth).await;
        };

        for (event, _) in events {
            if let Err(err) = engine.redeliver(event).await {
                return ProcessResult::from_error(err);
            }
        }

        ProcessResult::empty()
    }
}

impl System for DomainSystem {
    fn act<'a>(&'a mut self, act: Act<'a>, headers: &'a Headers) -> BoxFuture<'a, ProcessResult> {
        // Each arm has its own box. In a shared box, every future would be as large as the largest.
        match act {
            Act::Command(command) => Box::pin(async move {
                let result = self.app.process_serialized(command, headers).await;
                self.settle(result).await
            }),
            Act::Submit(command) => Box::pin(async move {
                match self.app.submit_serialized(command, headers, None).await {
                    Ok(_) => self.settle(ProcessResult::empty()).await,
                    Err(err) => ProcessResult::from_error(err),
                }
            }),
            Act::Events(events) | Act::History(events) => Box::pin(async move {
                let result = self.app.publish_serialized(events, headers).await;
                self.settle(result).await
            }),
            Act::Stored(events) => Box::pin(async move {
                let result = self.app.append_stored(events).await;
                self.settle(result).await
            }),
            Act::Aggregate(aggregate) => Box::pin(async move {
                let result = self.app.add_serialized(aggregate).await;
                self.settle(result).await
            }),
            Act::Time(advance) => Box::pin(async move {
                let result = self.advance_clock(advance).await;
                if self.is_paused {
                    return self.settle(result).await;
                }
                result
            }),
            Act::Engine(n_cycles) => Box::pin(self.run_engine(n_cycles)),
            Act::Redeliver(events, nth) => Box::pin(async move {
                let result = self.redeliver(events, nth).await;
                self.settle(result).await
            }),
        }
    }

    fn act_all<'a>(
        &'a mut self,
        commands: &'a [SerializedMessage],
    ) -> BoxFuture<'a, Vec<ProcessResult>> {
        Box::pin(self.process_all(commands))
    }

    fn read_states<'a>(
        &'a self,
        state_type: StateType,
        id: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Payload>, Error>> {
        Box::pin(async move {
            match id {
                Some(id) => {
                    let state = self.app.read_state(state_type, id).await?;
                    Ok(state.into_iter().collect())
                }
                None => self.app.read_all_rows(state_type).await,
            }
        })
    }

    fn stored_values(&self) -> BoxFuture<'_, Result<Vec<StoredValue>, Error>> {
        Box::pin(read_all(&*self.store, self.wiring()))
    }

    fn now(&self) -> Timestamp {
        self.app.now()
    }

    fn update_record(&self, record: &mut Record) {
        self.recorder.drain_into(record);
    }

    fn take_failures(&self) -> Vec<HandlerFailure> {
        self.recorder.take_failures()
    }

    fn handler_name(&self, handler: TypeId) -> Option<&'static str> {
        self.app
            .domain()
            .handlers()
            .iter()
            .find(|entry| entry.type_id == handler)
            .map(|entry| entry.name)
    }

    fn remaining(&self) -> &Remaining {
        &self.remaining
    }

    fn is_paused(&self) -> bool {
        self.is_paused
    }

    fn is_inline(&self) -> bool {
        self.engine.is_none()
    }

    fn stale_rows<'a>(
        &'a self,
        projections: &'a [&'static str],
    ) -> BoxFuture<'a, Result<(Vec<StaleRow>, RebuildReport), Error>> {
        Box::pin(self.app.stale_rows(projections))
    }

    fn labels(&self) -> MessageLabels {
        self.app.domain().labels().clone()
    }

    fn lanes_below(&self) -> Option<Priority> {
        self.app.domain().lanes_below()
    }

    fn wiring(&self) -> &Wiring {
        self.wiring.get_or_init(|| self.app.domain().wiring())
    }

    fn is_retired(&self, event: &MessageType) -> bool {
        self.app.domain().is_retired(event)
    }

    fn fold(&self, state_type: StateType, events: &[Recorded]) -> Option<Payload> {
        self.app.fold(state_type, events).ok().flatten()
    }

    fn fold_each(&self, state_type: StateType, events: &[Recorded]) -> Vec<Option<Payload>> {
        self.app.fold_each(state_type, events)
    }
}

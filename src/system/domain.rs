use std::{
    any::TypeId,
    sync::{Arc, OnceLock},
};

use flow_domain::{
    App, Engine, Error, Headers,
    engine::{Remaining, SettleReport, TestEngine},
    handler::remember_panic_locations,
    message::{Payload, Recorded},
    model::SerializedMessage,
    port::BoxFuture,
    record::{EntryId, Record, Recorder},
    runtime::{ProcessResult, RebuildReport, StaleRow, StateType},
    wiring::Wiring,
};

use crate::system::{Act, ClockAdvance, Mode, System, World, fault::FaultInjector};

/// A world of its own for a domain: store, clock, ids and record.
#[derive(Debug)]
pub(crate) struct DomainSystem {
    app: App,
    /// At level 3.
    engine: Option<TestEngine>,
    recorder: Arc<Recorder>,
    is_paused: bool,
    remaining: Remaining,
    faults: Option<Arc<FaultInjector>>,
    /// Made when it is asked for first.
    wiring: OnceLock<Wiring>,
}

impl DomainSystem {
    /// Starts a fresh world.
    pub(crate) fn start(world: World) -> Self {
        remember_panic_locations();
        let recorder = Arc::new(Recorder::default());
        let (mode, rebuild) = (world.mode, world.rebuild_domain.clone());
        let (is_paused, faults) = (world.is_paused, world.faults.clone());
        let app = world.start(&recorder);
        let engine = match mode {
            Mode::Sync => None,
            Mode::Engine | Mode::Differential => {
                let engine = Engine::test_mode(&app);
                Some(match rebuild {
                    Some(rebuild) => engine.rebuild_with(move || rebuild()),
                    None => engine,
                })
            }
        };

        Self {
            app,
            engine,
            recorder,
            is_paused,
            remaining: Remaining::default(),
            faults,
            wiring: OnceLock::new(),
        }
    }

    /// Handles what an act left for later.
    async fn settle(&mut self, processed: ProcessResult) -> ProcessResult {
        let Some(engine) = &mut self.engine else {
            return processed.merge(self.app.process_due().await);
        };

        // In boxes, or an act without an engine would be as large as one with it.
        if !self.is_paused {
            let settled = Box::pin(engine.run()).await;
            return processed.merge(self.store_remaining(settled));
        }

        match Box::pin(engine.remaining()).await {
            Ok(left) => {
                self.remaining = left;
                processed
            }
            Err(err) => processed.merge(Err(err)),
        }
    }

    /// Lets an engine run that waits to be told.
    async fn run_engine(&mut self, cycles: Option<usize>) -> ProcessResult {
        let Some(engine) = &mut self.engine else {
            return ProcessResult::empty();
        };

        let settled = match cycles {
            Some(n) => engine.run_cycles(n).await,
            None => engine.run().await,
        };

        self.store_remaining(settled)
            .unwrap_or_else(ProcessResult::from_error)
    }

    fn store_remaining(
        &mut self,
        settled: Result<SettleReport, Error>,
    ) -> Result<ProcessResult, Error> {
        let mut settled = settled?;
        self.remaining = std::mem::take(&mut settled.remaining);
        Ok(settled.into())
    }

    async fn process_all(&mut self, commands: &[SerializedMessage]) -> Vec<ProcessResult> {
        let headers = Headers::default();
        let processing = commands
            .iter()
            .map(|command| -> BoxFuture<'_, ProcessResult> {
                Box::pin(self.app.process_serialized(command, &headers))
            })
            .collect();
        // The plan says that there are such commands, so the world is made for them.
        let faults = self.faults.clone().unwrap_or_default();
        let mut all = faults.commit_barrier().run_concurrently(processing).await;

        if let Some(last) = all.pop() {
            all.push(self.settle(last).await);
        }

        all
    }

    async fn advance_clock(&mut self, pass: ClockAdvance) -> ProcessResult {
        let time = match pass {
            ClockAdvance::Ready(duration) => self.app.now() + duration,
            ClockAdvance::To(time) => time,
        };
        let passed = match &mut self.engine {
            // What comes due waits with everything else.
            Some(_) if self.is_paused => self.app.advance_to(time).map(|()| ProcessResult::empty()),
            Some(engine) => {
                let settled = engine.run_until(time).await;
                self.store_remaining(settled)
            }
            None => self.app.pass_time(time).await,
        };

        passed.unwrap_or_else(ProcessResult::from_error)
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
        // One box for each, or all would be as large as the largest.
        match act {
            Act::Command(command) => Box::pin(async move {
                let processed = self.app.process_serialized(command, headers).await;
                self.settle(processed).await
            }),
            Act::Submit(command) => Box::pin(async move {
                let submitted = self.app.submit_serialized(command, headers, None).await;
                match submitted {
                    Ok(_) => self.settle(ProcessResult::empty()).await,
                    Err(err) => ProcessResult::from_error(err),
                }
            }),
            Act::Events(events) => Box::pin(async move {
                let processed = self.app.publish_serialized(events, headers).await;
                self.settle(processed).await
            }),
            Act::Aggregate(aggregate) => Box::pin(async move {
                let processed = self.app.add_serialized(aggregate).await;
                self.settle(processed).await
            }),
            Act::Time(pass) => Box::pin(async move {
                let processed = self.advance_clock(pass).await;
                if self.is_paused {
                    return self.settle(processed).await;
                }
                processed
            }),
            Act::Engine(cycles) => Box::pin(self.run_engine(cycles)),
            Act::Redeliver(events, nth) => Box::pin(async move {
                let processed = self.redeliver(events, nth).await;
                self.settle(processed).await
            }),
        }
    }

    fn act_all<'a>(
        &'a mut self,
        commands: &'a [SerializedMessage],
    ) -> BoxFuture<'a, Vec<ProcessResult>> {
        Box::pin(self.process_all(commands))
    }

    fn read_state<'a>(
        &'a self,
        kept: StateType,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payload>, Error>> {
        Box::pin(self.app.read_state(kept, id))
    }

    fn read_rows(&self, projection: StateType) -> BoxFuture<'_, Result<Vec<Payload>, Error>> {
        Box::pin(self.app.read_all_rows(projection))
    }

    fn update_record(&self, record: &mut Record) {
        self.recorder.drain_into(record);
    }

    fn handler_name(&self, handler: TypeId) -> Option<&'static str> {
        let handlers = self.app.domain().handlers();
        handlers
            .iter()
            .find(|entry| entry.type_id == handler)
            .map(|entry| entry.name)
    }

    fn handler_names(&self) -> Vec<&'static str> {
        let handlers = self.app.domain().handlers();
        handlers.iter().map(|entry| entry.name).collect()
    }

    fn remaining(&self) -> &Remaining {
        &self.remaining
    }

    fn is_paused(&self) -> bool {
        self.is_paused && self.engine.is_some()
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

    fn projection_of(&self, projector: &str) -> Option<&'static str> {
        let wiring = self.wiring();
        wiring
            .subscriptions
            .iter()
            .find(|one| one.handler == projector)
            .and_then(|one| one.projection)
    }

    fn category_of(&self, aggregate: &str) -> Option<&'static str> {
        let wiring = self.wiring();
        wiring
            .aggregates
            .iter()
            .find(|one| one.name == aggregate)
            .map(|one| one.category)
    }

    fn message_names(&self) -> Vec<String> {
        let wiring = self.wiring();
        let aggregates = wiring.aggregates.iter();
        let own =
            aggregates.flat_map(|aggregate| aggregate.commands.iter().chain(&aggregate.events));
        own.chain(&wiring.events_from_outside).cloned().collect()
    }

    fn wiring(&self) -> &Wiring {
        self.wiring.get_or_init(|| self.app.domain().wiring())
    }

    fn fold(&self, kept: StateType, events: &[Recorded]) -> Option<Payload> {
        self.app.fold(kept, events).ok().flatten()
    }
}

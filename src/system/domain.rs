use std::{
    any::TypeId,
    sync::{Arc, OnceLock},
};

use flow_domain::{
    App, Engine, Error, Headers,
    engine::{Left, Settled, TestEngine},
    handler::remember_panic_locations,
    message::{Payload, Recorded},
    model::Written,
    port::BoxFuture,
    record::{EntryId, Record, Recorder},
    runtime::{Kept, Processed, Rebuilt, StaleRow},
    wiring::Wiring,
};

use crate::system::{Act, Mode, Pass, System, World, fault::ArmedFaults};

/// A world of its own for a domain: store, clock, ids and record.
#[derive(Debug)]
pub(crate) struct DomainSystem {
    app: App,
    /// At level 3.
    engine: Option<TestEngine>,
    recorder: Arc<Recorder>,
    is_paused: bool,
    left: Left,
    faults: Option<Arc<ArmedFaults>>,
    /// Made when it is asked for first.
    wiring: OnceLock<Wiring>,
}

impl DomainSystem {
    /// Starts a fresh world.
    pub(crate) fn start(world: World) -> Self {
        remember_panic_locations();
        let recorder = Arc::new(Recorder::default());
        let (mode, rebuild) = (world.mode, world.rebuild.clone());
        let (is_paused, faults) = (world.is_paused, world.faults.clone());
        let app = world.start(&recorder);
        let engine = match mode {
            Mode::Sync => None,
            Mode::Engine | Mode::Compared => {
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
            left: Left::default(),
            faults,
            wiring: OnceLock::new(),
        }
    }

    /// Handles what an act left for later.
    async fn settle(&mut self, processed: Processed) -> Processed {
        let Some(engine) = &mut self.engine else {
            return processed.and(self.app.process_due().await);
        };
        // In boxes, or an act without an engine would be as large as one with it.
        if !self.is_paused {
            let settled = Box::pin(engine.run()).await;
            return processed.and(self.keep_left(settled));
        }
        match Box::pin(engine.left()).await {
            Ok(left) => {
                self.left = left;
                processed
            }
            Err(err) => processed.and(Err(err)),
        }
    }

    /// Lets an engine run that waits to be told.
    async fn run_engine(&mut self, cycles: Option<usize>) -> Processed {
        let Some(engine) = &mut self.engine else {
            return Processed::nothing();
        };
        let settled = match cycles {
            Some(n) => engine.cycles(n).await,
            None => engine.run().await,
        };
        self.keep_left(settled).unwrap_or_else(Processed::refused)
    }

    fn keep_left(&mut self, settled: Result<Settled, Error>) -> Result<Processed, Error> {
        let mut settled = settled?;
        self.left = std::mem::take(&mut settled.left);
        Ok(settled.into())
    }

    async fn process_all(&mut self, commands: &[Written]) -> Vec<Processed> {
        let headers = Headers::default();
        let processing = commands
            .iter()
            .map(|command| -> BoxFuture<'_, Processed> {
                Box::pin(self.app.process_written(command, &headers))
            })
            .collect();
        // The plan says that there are such commands, so the world is made for them.
        let faults = self.faults.clone().unwrap_or_default();
        let mut all = faults.overlap().run(processing).await;
        if let Some(last) = all.pop() {
            all.push(self.settle(last).await);
        }
        all
    }

    async fn pass_time(&mut self, pass: Pass) -> Processed {
        let time = match pass {
            Pass::For(duration) => self.app.now() + duration,
            Pass::Until(time) => time,
        };
        let passed = match &mut self.engine {
            // What comes due waits with everything else.
            Some(_) if self.is_paused => self.app.advance_to(time).map(|()| Processed::nothing()),
            Some(engine) => {
                let settled = engine.run_until(time).await;
                self.keep_left(settled)
            }
            None => self.app.pass_time(time).await,
        };
        passed.unwrap_or_else(Processed::refused)
    }

    async fn deliver_again(&mut self, events: &[(Recorded, EntryId)], nth: u32) -> Processed {
        let Some(engine) = &mut self.engine else {
            return self.app.deliver_again(events, nth).await;
        };
        for (event, _) in events {
            if let Err(err) = engine.deliver_again(event).await {
                return Processed::refused(err);
            }
        }
        Processed::nothing()
    }
}

impl System for DomainSystem {
    fn act<'a>(&'a mut self, act: Act<'a>, headers: &'a Headers) -> BoxFuture<'a, Processed> {
        // One box for each, or all would be as large as the largest.
        match act {
            Act::Command(command) => Box::pin(async move {
                let processed = self.app.process_written(command, headers).await;
                self.settle(processed).await
            }),
            Act::Submit(command) => Box::pin(async move {
                let submitted = self.app.submit_written(command, headers, None).await;
                match submitted {
                    Ok(_) => self.settle(Processed::nothing()).await,
                    Err(err) => Processed::refused(err),
                }
            }),
            Act::Events(events) => Box::pin(async move {
                let processed = self.app.publish_written(events, headers).await;
                self.settle(processed).await
            }),
            Act::Aggregate(aggregate) => Box::pin(async move {
                let processed = self.app.add_written(aggregate).await;
                self.settle(processed).await
            }),
            Act::Time(pass) => Box::pin(async move {
                let processed = self.pass_time(pass).await;
                if self.is_paused {
                    return self.settle(processed).await;
                }
                processed
            }),
            Act::Engine(cycles) => Box::pin(self.run_engine(cycles)),
            Act::Again(events, nth) => Box::pin(async move {
                let processed = self.deliver_again(events, nth).await;
                self.settle(processed).await
            }),
        }
    }

    fn all<'a>(&'a mut self, commands: &'a [Written]) -> BoxFuture<'a, Vec<Processed>> {
        Box::pin(self.process_all(commands))
    }

    fn look_up<'a>(
        &'a self,
        kept: Kept,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payload>, Error>> {
        Box::pin(self.app.look_up(kept, id))
    }

    fn look_up_all(&self, projection: Kept) -> BoxFuture<'_, Result<Vec<Payload>, Error>> {
        Box::pin(self.app.look_up_all(projection))
    }

    fn update(&self, record: &mut Record) {
        self.recorder.update(record);
    }

    fn handler_name(&self, handler: TypeId) -> Option<&'static str> {
        let handlers = self.app.domain().handlers();
        let found = handlers.iter().find(|entry| entry.type_id == handler);
        found.map(|entry| entry.name)
    }

    fn handler_names(&self) -> Vec<&'static str> {
        let handlers = self.app.domain().handlers();
        handlers.iter().map(|entry| entry.name).collect()
    }

    fn left(&self) -> &Left {
        &self.left
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
    ) -> BoxFuture<'a, Result<(Vec<StaleRow>, Rebuilt), Error>> {
        Box::pin(self.app.stale_rows(projections))
    }

    fn projection_of(&self, projector: &str) -> Option<&'static str> {
        let wiring = self.wiring();
        let mut subscriptions = wiring.subscriptions.iter();
        let found = subscriptions.find(|one| one.handler == projector);
        found.and_then(|one| one.projection)
    }

    fn category_of(&self, aggregate: &str) -> Option<&'static str> {
        let wiring = self.wiring();
        let found = wiring.aggregates.iter().find(|one| one.name == aggregate);
        found.map(|one| one.category)
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

    fn fold(&self, kept: Kept, events: &[Recorded]) -> Option<Payload> {
        self.app.fold(kept, events).ok().flatten()
    }
}

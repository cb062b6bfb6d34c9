use std::{any::TypeId, sync::Arc};

use tracing::Span;

use crate::{
    error::{Error, HandlerFailure},
    handler::{HandlingContext, Ports, Session, Subscription, UnitOfWork, catch_panic},
    message::{Position, Recorded},
    record::{EntryId, InvariantSet},
    runtime::rebuild::{RebuildReport, report::SkippedEvent, scratch_store::ScratchStore},
};

/// How many events are read at once.
const PAGE_SIZE: usize = 512;

/// Hands the events of the store to projectors once more, which write aside.
pub(super) struct Replay<'a> {
    live_ports: &'a Ports,
    /// The same, but what is read and written is aside, and nobody is told of it.
    scratch_ports: Arc<Ports>,
    scratch_store: Arc<ScratchStore>,
    /// The places of the subscriptions that keep what is rebuilt.
    projector_idxs: Vec<usize>,
    report: RebuildReport,
    /// The unit of work of the last event, whose room the next one has.
    spare_work: Option<UnitOfWork>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(live: &'a Ports, is_wanted: impl Fn(TypeId) -> bool) -> Self {
        let keeps = |one: &Subscription| one.projection.is_some_and(|(_, id)| is_wanted(id));
        let projectors = live
            .catalog
            .subscriptions
            .iter()
            .enumerate()
            .filter(|(_, one)| keeps(one));
        let aside = Arc::new(ScratchStore::default());
        let ports = Ports {
            store: Arc::clone(&aside) as _,
            recorder: None,
            interceptor: None,
            invariants: InvariantSet::NONE,
            ..live.clone()
        };

        Self {
            live_ports: live,
            scratch_ports: Arc::new(ports),
            scratch_store: aside,
            projector_idxs: projectors.map(|(place, _)| place).collect(),
            report: RebuildReport::default(),
            spare_work: None,
        }
    }

    /// Reads all events in their order, page by page.
    pub(super) async fn run(&mut self) -> Result<(), Error> {
        let mut after = Position::START;
        loop {
            let page = self
                .live_ports
                .store
                .read_category(None, after, PAGE_SIZE)
                .await?;

            for event in &page {
                self.handle(event).await;
            }

            match page.last() {
                Some(last) if page.len() == PAGE_SIZE => after = last.position,
                _ => return Ok(()),
            }
        }
    }

    /// The rows as they are now, and what they were made of.
    pub(super) fn into_parts(self) -> (Arc<ScratchStore>, RebuildReport) {
        (self.scratch_store, self.report)
    }

    async fn handle(&mut self, event: &Recorded) {
        self.report.n_events += 1;
        let catalog = &self.live_ports.catalog;
        let mut is_routed = false;

        for place in &self.projector_idxs {
            let subscription = &catalog.subscriptions[*place];
            let Some(route) = catalog.route_in(*place, &event.envelope) else {
                continue;
            };

            is_routed = true;
            if subscription.skip_reason(&event.envelope).is_some() {
                continue;
            }

            let handler = subscription.handler;
            let context =
                HandlingContext::new(Arc::clone(&event.envelope), handler, EntryId::UNRECORDED);
            let work = match &mut self.spare_work {
                Some(work) => {
                    work.restart(context);
                    work
                }
                none => none.insert(UnitOfWork::begin(
                    Arc::clone(&self.scratch_ports),
                    context,
                    Session::default(),
                )),
            };
            let mut called = (route.call).call(&subscription.instance, &event.envelope, work);
            let handled = catch_panic(
                &Span::none(),
                (handler, EntryId::UNRECORDED),
                called.as_mut(),
            )
            .await;

            drop(called);
            match handled {
                Ok(_) => {
                    self.report.n_handled += 1;
                    work.take_writes(|table, id, value| {
                        self.scratch_store.write(handler, (table, id), value);
                    });
                }
                Err(err) => {
                    let event_name = route.event.name.as_str().to_owned();
                    let failure = HandlerFailure::new(handler, event_name, err);
                    self.report.skipped.push(SkippedEvent::new(event, failure));
                }
            }
        }

        let is_known = is_routed
            || catalog.knows_event(&event.envelope)
            || catalog.routes_of(&event.envelope).next().is_some();

        if !is_known {
            let message_type = event.metadata().message_type.to_string();
            *self.report.unknown.entry(message_type).or_default() += 1;
        }
    }
}

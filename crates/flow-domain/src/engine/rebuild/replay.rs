use std::{any::TypeId, pin::pin, sync::Arc};

use tracing::Span;

use crate::{
    engine::rebuild::{RebuildReport, report::SkippedEvent, scratch_store::ScratchStore},
    error::{Error, HandlerFailure},
    handler::{Catalog, HandlingContext, Hooks, Interest, Ports, Session, UnitOfWork, catch_panic},
    message::{Envelope, Position, Recorded},
    record::EntryId,
    runtime::call_within,
};

/// The number of events that are read at once.
const PAGE_SIZE: usize = 512;

/// Delivers the events of the store to projectors again. They write to a scratch store.
pub(super) struct Replay<'a> {
    live_ports: &'a Ports,
    /// The live ports with the scratch store, and without hooks.
    scratch_ports: Arc<Ports>,
    scratch_store: Arc<ScratchStore>,
    /// The indices of the subscriptions of the projectors.
    projector_idxs: Vec<usize>,
    /// The position of the last event that was delivered.
    position: Position,
    /// The events that a projector failed on, each with the projector.
    // Invariant: the report has them in the same order.
    skipped: Vec<(&'static str, Arc<Envelope>)>,
    report: RebuildReport,
    /// The unit of work of the last event; its allocated memory is reused.
    spare_work: Option<UnitOfWork>,
}

impl<'a> Replay<'a> {
    /// Prepares a replay for the projectors of all projections for which `is_wanted` returns true.
    pub(super) fn new(live_ports: &'a Ports, is_wanted: impl Fn(TypeId) -> bool) -> Self {
        let projector_idxs = live_ports
            .catalog
            .subscriptions
            .iter()
            .enumerate()
            .filter(|(_, subscription)| {
                subscription
                    .projection
                    .is_some_and(|(_, type_id)| is_wanted(type_id))
            })
            .map(|(idx, _)| idx)
            .collect();

        let scratch_store = Arc::new(ScratchStore::new(Arc::clone(&live_ports.store)));
        let scratch_ports = Ports {
            store: Arc::clone(&scratch_store) as _,
            hooks: Hooks::default(),
            ..live_ports.clone()
        };

        Self {
            live_ports,
            scratch_ports: Arc::new(scratch_ports),
            scratch_store,
            projector_idxs,
            position: Position::START,
            skipped: Vec::new(),
            report: RebuildReport::default(),
            spare_work: None,
        }
    }

    /// Delivers all events after the last one in their order, page by page.
    ///
    /// It can be called again, to deliver the events that were stored in the meantime.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails, or if a projector needs an event that cannot be read.
    pub(super) async fn run(&mut self) -> Result<(), Error> {
        loop {
            let page = self
                .live_ports
                .store
                .read_category(None, self.position, PAGE_SIZE)
                .await?;
            for event in &page {
                self.deliver(event).await?;
                self.position = event.position;
            }

            if page.len() < PAGE_SIZE {
                return Ok(());
            }
        }
    }

    /// Returns the indices of the subscriptions of the projectors.
    pub(super) fn subscriptions(&self) -> &[usize] {
        &self.projector_idxs
    }

    /// Returns the position of the last event that was delivered.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Returns the events that a projector failed on, with its name and the errors.
    pub(super) fn skipped(
        &self,
        projector: &str,
    ) -> impl Iterator<Item = (&'static str, &Arc<Envelope>, &Error)> {
        let all = self.skipped.iter().zip(&self.report.skipped);
        all.filter(move |((handler, _), _)| *handler == projector)
            .map(|((handler, event), skipped)| (*handler, event, &skipped.failure.error))
    }

    /// Returns the rebuilt rows and the report.
    pub(super) fn into_parts(self) -> (Arc<ScratchStore>, RebuildReport) {
        (self.scratch_store, self.report)
    }

    /// Delivers an event to all projectors that have a route for it.
    async fn deliver(&mut self, event: &Recorded) -> Result<(), Error> {
        self.report.n_events += 1;
        let catalog = &self.live_ports.catalog;

        let mut is_routed = false;
        for projector_idx in &self.projector_idxs {
            let subscription = &catalog.subscriptions[*projector_idx];
            let route = match catalog.interest(*projector_idx, &event.envelope) {
                Interest::Route(route) => route,
                Interest::None => continue,
                Interest::Newer | Interest::Unreadable => {
                    catalog
                        .require_readable(&event.envelope)
                        .map_err(|err| unreadable(catalog, event, err))?;
                    continue;
                }
            };
            is_routed = true;
            if subscription.skip_reason(&event.envelope).is_some() {
                continue;
            }

            let handler = subscription.handler;
            let context =
                HandlingContext::new(Arc::clone(&event.envelope), handler, EntryId::UNRECORDED);
            let work = begin_work(&mut self.spare_work, &self.scratch_ports, context);

            let limit = subscription.time_limit(&catalog.defaults);
            let call = (route.call).call(&subscription.instance, &event.envelope, work);
            let call = self.live_ports.hooks.limit_call(handler, call);
            let handling = (handler, EntryId::UNRECORDED);
            let result = {
                let call = pin!(call_within(limit, handler, call));
                catch_panic(&Span::none(), handling, call).await
            };

            match result {
                Ok(_) => {
                    self.report.n_handled += 1;
                    work.take_writes(|table, id, value| {
                        self.scratch_store.write(handler, (table, id), value);
                    });
                }
                // The projector would never get the event, and its rows would be lost.
                Err(err) if err.is_codec() => return Err(unreadable(catalog, event, err)),
                Err(err) => {
                    let event_name = catalog.labels.label_of_envelope(&event.envelope);
                    let failure = HandlerFailure::new(Some(handler), event_name, err);
                    self.skipped.push((handler, Arc::clone(&event.envelope)));
                    self.report.skipped.push(SkippedEvent::new(event, failure));
                }
            }
        }

        // A subscription that is not replayed here may have a route for the event.
        let is_known = is_routed
            || catalog.knows_event(&event.envelope)
            || catalog.routes_of(&event.envelope).next().is_some();
        if !is_known {
            let message_type = event.metadata().message_type.to_string();
            *self.report.unknown.entry(message_type).or_default() += 1;
        }

        Ok(())
    }
}

/// Returns the error for an event that a projector needs and that cannot be read.
fn unreadable(catalog: &Catalog, event: &Recorded, cause: Error) -> Error {
    let stored = &event.envelope.as_stored().metadata;
    let has_upcast = event.envelope.metadata.upcast_from.is_some()
        || catalog.upcasts.try_upcast(&event.envelope).is_some();
    let advice = match (has_upcast, cause.is_codec()) {
        (true, _) => " (correct its `Upcast`)",
        (false, true) => " (to read older events, give the event a new `version` and an `Upcast`)",
        // The cause says what to do.
        (false, false) => "",
    };
    let text = format!(
        "the rebuild changed no row: it cannot read the event `{}` at position {} in `{}`{advice}",
        stored.message_type, event.position, stored.stream,
    );

    Error::unreadable(text, cause)
}

/// Begins a unit of work in the memory of the last one, if there is one.
fn begin_work<'w>(
    spare: &'w mut Option<UnitOfWork>,
    ports: &Arc<Ports>,
    context: HandlingContext,
) -> &'w mut UnitOfWork {
    match spare {
        Some(work) => {
            work.restart(context);
            work
        }
        none => none.insert(UnitOfWork::begin(
            Arc::clone(ports),
            context,
            Session::default(),
        )),
    }
}

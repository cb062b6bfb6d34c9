use std::{any::TypeId, sync::Arc};

use tracing::Span;

use crate::{
    error::{Error, HandlerFailure},
    handler::{Context, Ports, Session, UnitOfWork, catch_panic},
    message::{Position, Recorded},
    record::{EntryId, Laws},
    runtime::rebuild::{Rebuilt, aside::Aside, report::Skipped},
};

/// How many events are read at once.
const PAGE: usize = 512;

/// Hands the events of the store to projectors once more, which write aside.
pub(super) struct Replay<'a> {
    live: &'a Ports,
    /// The same, but what is read and written is aside, and nobody is told of it.
    ports: Arc<Ports>,
    aside: Arc<Aside>,
    projections: &'a [TypeId],
    rebuilt: Rebuilt,
    /// The room of the last unit of work, for the next.
    spare: Session,
}

impl<'a> Replay<'a> {
    pub(super) fn new(live: &'a Ports, projections: &'a [TypeId]) -> Self {
        let aside = Arc::new(Aside::default());
        let ports = Ports {
            store: Arc::clone(&aside) as _,
            recorder: None,
            interceptor: None,
            laws: Laws::NONE,
            ..live.clone()
        };
        Self {
            live,
            ports: Arc::new(ports),
            aside,
            projections,
            rebuilt: Rebuilt::default(),
            spare: Session::default(),
        }
    }

    /// Reads all events in their order, page by page.
    pub(super) async fn run(mut self) -> Result<(Arc<Aside>, Rebuilt), Error> {
        let mut after = Position::START;
        loop {
            let page = self.live.store.read_category(None, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok((self.aside, self.rebuilt));
            };
            after = last.position;
            for event in &page {
                self.handle(event).await;
            }
        }
    }

    async fn handle(&mut self, event: &Recorded) {
        self.rebuilt.n_events += 1;
        let catalog = Arc::clone(&self.ports.catalog);
        let mut is_routed = false;
        for (subscription, route) in catalog.routes_of(&event.envelope) {
            is_routed = true;
            let (subscription, route) = catalog.route(subscription, route);
            let is_wanted = subscription
                .projection
                .is_some_and(|(_, projection)| self.projections.contains(&projection));
            if !is_wanted || subscription.lets_go(&event.envelope).is_some() {
                continue;
            }
            let handler = subscription.handler;
            let context = Context::new(Arc::clone(&event.envelope), handler, EntryId::UNRECORDED);
            let spare = std::mem::take(&mut self.spare);
            let mut work = UnitOfWork::begin(Arc::clone(&self.ports), context, spare);
            let mut called = (route.call).call(&subscription.instance, &event.envelope, &mut work);
            let handled = catch_panic(
                &Span::none(),
                (handler, EntryId::UNRECORDED),
                called.as_mut(),
            )
            .await;
            drop(called);
            match handled {
                Ok(_) => {
                    self.rebuilt.n_handled += 1;
                    work.take_writes(|table, id, value| {
                        self.aside.keep(handler, (table, id), value);
                    });
                }
                Err(err) => {
                    let event_name = route.event.name.as_str().to_owned();
                    let failure = HandlerFailure::new(handler, event_name, err);
                    self.rebuilt.skipped.push(Skipped::new(event, failure));
                }
            }
            self.spare = work.into_session();
        }
        if !is_routed && !catalog.knows_event(&event.envelope) {
            let message_type = event.metadata().message_type.to_string();
            *self.rebuilt.unknown.entry(message_type).or_default() += 1;
        }
    }
}

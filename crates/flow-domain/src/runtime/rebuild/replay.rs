use std::{any::TypeId, sync::Arc};

use tracing::Span;

use crate::{
    error::{Error, HandlerFailure},
    handler::{Context, Ports, Session, Subscription, UnitOfWork, catch_panic},
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
    /// The places of the subscriptions that keep what is rebuilt.
    projectors: Vec<usize>,
    rebuilt: Rebuilt,
    /// The unit of work of the last event, whose room the next one has.
    work: Option<UnitOfWork>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(live: &'a Ports, is_wanted: impl Fn(TypeId) -> bool) -> Self {
        let keeps = |one: &Subscription| one.projection.is_some_and(|(_, id)| is_wanted(id));
        let subscriptions = live.catalog.subscriptions.iter().enumerate();
        let projectors = subscriptions.filter(|(_, one)| keeps(one));
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
            projectors: projectors.map(|(place, _)| place).collect(),
            rebuilt: Rebuilt::default(),
            work: None,
        }
    }

    /// Reads all events in their order, page by page.
    pub(super) async fn run(&mut self) -> Result<(), Error> {
        let mut after = Position::START;
        loop {
            let page = self.live.store.read_category(None, after, PAGE).await?;
            for event in &page {
                self.handle(event).await;
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = last.position,
                _ => return Ok(()),
            }
        }
    }

    /// The rows as they are now, and what they were made of.
    pub(super) fn into_rebuilt(self) -> (Arc<Aside>, Rebuilt) {
        (self.aside, self.rebuilt)
    }

    async fn handle(&mut self, event: &Recorded) {
        self.rebuilt.n_events += 1;
        let catalog = &self.live.catalog;
        let mut is_routed = false;
        for place in &self.projectors {
            let subscription = &catalog.subscriptions[*place];
            let Some(route) = catalog.route_in(*place, &event.envelope) else {
                continue;
            };
            is_routed = true;
            if subscription.lets_go(&event.envelope).is_some() {
                continue;
            }
            let handler = subscription.handler;
            let context = Context::new(Arc::clone(&event.envelope), handler, EntryId::UNRECORDED);
            let work = match &mut self.work {
                Some(work) => {
                    work.begin_again(context);
                    work
                }
                none => none.insert(UnitOfWork::begin(
                    Arc::clone(&self.ports),
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
        }
        let is_known = is_routed
            || catalog.knows_event(&event.envelope)
            || catalog.routes_of(&event.envelope).next().is_some();
        if !is_known {
            let message_type = event.metadata().message_type.to_string();
            *self.rebuilt.unknown.entry(message_type).or_default() += 1;
        }
    }
}

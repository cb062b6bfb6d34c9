use std::{cmp::Reverse, collections::HashMap, iter, sync::Arc};

use crate::{
    error::Stall,
    handler::Catalog,
    message::{Envelope, MessageId, MessageLabels},
};

/// The deliveries of one act in order, to count them against a budget and to explain a stall.
///
/// Inline delivery and the test engine use the same log. So they stop at the same delivery, and
/// explain it in the same way.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeliveryLog {
    // Boxed, because the future of an act holds several logs. `None` until the first delivery.
    content: Option<Box<LogContent>>,
    planned: PlannedDeliveries,
}

/// The deliveries that the messages of handlers need, also those that were made.
#[derive(Clone, Copy, Debug, Default)]
struct PlannedDeliveries {
    n_events: usize,
    /// Commands that handlers sent, to be delivered at once.
    n_commands: usize,
}

#[derive(Clone, Debug, Default)]
struct LogContent {
    deliveries: Vec<LoggedDelivery>,
    /// The messages that deliveries sent, each with the index of the delivery.
    sent: Vec<(MessageId, usize)>,
}

#[derive(Clone, Debug)]
struct LoggedDelivery {
    message: Arc<Envelope>,
    /// The handler; `None` for a command without a handler.
    handler: Option<&'static str>,
}

/// A delivery with its texts and its cause.
struct TraceStep {
    message: String,
    handler: Option<&'static str>,
    /// The index of the step that sent the message. It is always an earlier step.
    cause_idx: Option<usize>,
}

impl DeliveryLog {
    #[cfg(feature = "testing")]
    pub(crate) fn len(&self) -> usize {
        self.deliveries().len()
    }

    /// Plans deliveries of events.
    pub(crate) fn plan_events(&mut self, n_deliveries: usize) {
        self.planned.n_events += n_deliveries;
    }

    /// Plans commands that a handler sent.
    pub(crate) fn plan_commands(&mut self, n_commands: usize) {
        self.planned.n_commands += n_commands;
    }

    /// Returns true if one more delivery exceeds the budget, or if the planned events will.
    ///
    /// What is planned must be delivered. So a handler that sends many messages in a cycle is stopped before
    /// they fill the memory.
    pub(crate) fn exceeds_with_events(&self, budget: usize) -> bool {
        budget <= self.deliveries().len() || budget < self.planned.n_events
    }

    /// Returns true if one more delivery exceeds the budget, or if the planned events and commands will.
    pub(crate) fn exceeds(&self, budget: usize) -> bool {
        budget <= self.deliveries().len() || budget < self.n_planned()
    }

    fn n_planned(&self) -> usize {
        self.planned.n_events + self.planned.n_commands
    }

    fn deliveries(&self) -> &[LoggedDelivery] {
        self.content
            .as_ref()
            .map_or(&[], |content| &content.deliveries)
    }

    fn sent(&self) -> &[(MessageId, usize)] {
        self.content.as_ref().map_or(&[], |content| &content.sent)
    }

    /// Adds a delivery, and the ids of the messages that its handler sent.
    pub(crate) fn add(
        &mut self,
        message: &Arc<Envelope>,
        handler: Option<&'static str>,
        sent: impl IntoIterator<Item = MessageId>,
    ) {
        let content = self.content.get_or_insert_default();
        let idx = content.deliveries.len();
        content.deliveries.push(LoggedDelivery {
            message: Arc::clone(message),
            handler,
        });
        content.sent.extend(sent.into_iter().map(|id| (id, idx)));
    }

    /// Adds the deliveries of a later log.
    #[cfg(feature = "testing")]
    pub(crate) fn append(&mut self, later: Self) {
        self.plan_events(later.planned.n_events);
        self.plan_commands(later.planned.n_commands);
        let Some(later) = later.content else { return };

        let content = self.content.get_or_insert_default();
        let n_before = content.deliveries.len();
        content.deliveries.extend(later.deliveries);
        content
            .sent
            .extend(later.sent.into_iter().map(|(id, idx)| (id, n_before + idx)));
    }

    #[cfg(feature = "testing")]
    pub(crate) fn clear(&mut self) {
        self.planned = PlannedDeliveries::default();
        if let Some(content) = &mut self.content {
            content.deliveries.clear();
            content.sent.clear();
        }
    }

    /// Explains why nothing was delivered after the last delivery.
    pub(crate) fn explain_stall(
        &self,
        budget: usize,
        labels: &MessageLabels,
        pending: Vec<String>,
    ) -> Stall {
        let steps = self.trace(labels);
        let (cycle, n_repeats) = find_cycle(&steps);

        Stall {
            budget,
            cycle,
            n_repeats,
            handler_calls: busiest_handlers(&steps),
            n_planned: self.n_planned(),
            pending,
        }
    }

    fn trace(&self, labels: &MessageLabels) -> Vec<TraceStep> {
        let sent_by: HashMap<MessageId, usize> = self.sent().iter().copied().collect();
        let mut attempts: HashMap<(MessageId, Option<&'static str>), usize> = HashMap::new();

        let deliveries = self.deliveries().iter().enumerate();
        deliveries
            .map(|(idx, delivery)| {
                let id = delivery.message.metadata.id;
                // A retry is caused by the attempt before.
                let earlier_attempt = attempts.insert((id, delivery.handler), idx);

                TraceStep {
                    message: labels.label_of_envelope(&delivery.message),
                    handler: delivery.handler,
                    cause_idx: earlier_attempt.or_else(|| sent_by.get(&id).copied()),
                }
            })
            .collect()
    }
}

/// Returns the text of a pending delivery: the handler and the message.
pub(crate) fn pending_text(catalog: &Catalog, handler: &str, message: &Envelope) -> String {
    format!("{handler} on {}", catalog.labels.label_of_envelope(message))
}

/// Returns the text of a pending command.
pub(crate) fn pending_command_text(catalog: &Catalog, command: &Envelope) -> String {
    let route = catalog.require_command_route(command).ok();
    pending_text(
        catalog,
        route.map_or("nobody", |route| route.handler),
        command,
    )
}

/// Returns the handlers with their number of calls, most calls first.
fn busiest_handlers(steps: &[TraceStep]) -> Vec<(&'static str, usize)> {
    let mut handlers: Vec<(&'static str, usize)> = Vec::new();
    for called in steps.iter().filter_map(|step| step.handler) {
        match handlers.iter_mut().find(|(handler, _)| *handler == called) {
            Some((_, n_calls)) => *n_calls += 1,
            None => handlers.push((called, 1)),
        }
    }

    handlers.sort_by_key(|(handler, n_calls)| (Reverse(*n_calls), *handler));
    handlers
}

/// Finds the messages and handlers that repeat on the longest chain of causes, and how often they do.
fn find_cycle(steps: &[TraceStep]) -> (Vec<String>, usize) {
    // From the last effect back to the first cause.
    let labels: Vec<_> = iter::successors(deepest_step(steps), |idx| steps[*idx].cause_idx)
        .map(|idx| (&*steps[idx].message, steps[idx].handler))
        .collect();

    // The last steps may not belong to the cycle. They are skipped until something repeats. The
    // period is the number of steps until it repeats.
    let repetition = (0..labels.len()).find_map(|n_skipped| {
        let labels = &labels[n_skipped..];
        let period = (1..=labels.len() / 2).find(|n| labels[..*n] == labels[*n..2 * n])?;
        Some((labels, period))
    });
    let Some((labels, period)) = repetition else {
        return (Vec::new(), 0);
    };

    let n_repeats = labels
        .chunks(period)
        .take_while(|chunk| *chunk == &labels[..period])
        .count();
    let cycle = labels[..period]
        .iter()
        .rev()
        .flat_map(|(message, handler)| iter::once(*message).chain(*handler))
        .map(str::to_owned)
        .collect();

    (cycle, n_repeats)
}

/// Returns the step with the longest chain of causes. If there are several, it returns the last one.
fn deepest_step(steps: &[TraceStep]) -> Option<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(steps.len());
    for step in steps {
        let depth = step.cause_idx.map_or(0, |cause| depths[cause] + 1);
        depths.push(depth);
    }

    (0..depths.len()).max_by_key(|idx| depths[*idx])
}

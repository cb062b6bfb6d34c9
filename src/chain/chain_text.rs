use std::{
    collections::{BTreeSet, VecDeque},
    ops::Range,
};

use flow_domain::{
    message::{Processing, Recorded},
    record::{Entry, EntryId, EntryKind, Record},
};

use crate::{
    chain::{
        drawing::Drawing,
        effects::{Effects, call_suffix, message_name},
        schedule::ScheduledCommands,
        tree::{Tree, TreeLine},
    },
    logs::Log,
    value::{RenderOptions, StatusText},
};

/// The detail of a message without a handler.
const NO_HANDLER: &str = "no handler";

/// Draws a part of the record as a tree that shows who caused what.
///
/// `part` is the range of the entries to draw. The line of the entry `marked` has a mark, and is
/// drawn even if other lines are omitted. The logs of a handler stand below its line.
pub(crate) fn chain_text(
    record: &Record,
    part: Range<usize>,
    marked: Option<EntryId>,
    logs: &[Log],
    options: &RenderOptions,
) -> String {
    let mut chain = ChainBuilder::new(record);
    chain.queue_roots(part);
    chain.build();

    let lines = chain.tree.lines_by_entry(record);
    for log in logs {
        if let Some(line) = lines.of(log.entry) {
            chain.tree.line_mut(line).logs.push(log.to_string());
        }
    }

    let marked = marked.and_then(|entry| lines.of(entry));
    Drawing::new(&chain.tree, marked, options.n_lines).render(options)
}

/// Builds the tree of a chain: first the roots, then everything that they caused.
struct ChainBuilder<'r> {
    record: &'r Record,
    effects: Effects<'r>,
    scheduled: ScheduledCommands<'r>,
    tree: Tree,
    /// The entries that are not in the tree yet, each with its parent line.
    ///
    /// A recursion instead of the queue would overflow the stack in a long flow.
    queue: VecDeque<(EntryId, Option<usize>)>,
}

impl<'r> ChainBuilder<'r> {
    fn new(record: &'r Record) -> Self {
        Self {
            record,
            effects: Effects::new(record),
            scheduled: ScheduledCommands::new(record),
            tree: Tree::default(),
            queue: VecDeque::new(),
        }
    }

    /// Queues the entries without a cause, and the earlier messages that this part handles.
    fn queue_roots(&mut self, part: Range<usize>) {
        let start = part.start;
        let mut earlier_messages: BTreeSet<EntryId> = BTreeSet::new();

        for entry in &self.record.entries()[part] {
            match entry.cause {
                None => self.queue.push_back((entry.id, None)),
                // The message is from before this part, and is handled only now.
                Some(cause) if cause.index() < start && earlier_messages.insert(cause) => {
                    self.queue.push_back((cause, None));
                }
                Some(_) => {}
            }
        }
    }

    fn build(&mut self) {
        while let Some((id, parent)) = self.queue.pop_front() {
            let entry = self.record.entry(id);

            match &entry.kind {
                EntryKind::CommandReceived(_) => {
                    self.add_command(entry, parent);
                }
                EntryKind::Scheduled { .. } => self.add_scheduled(entry, parent),
                EntryKind::Appended(event) => self.add_event(entry, event, parent),
                EntryKind::Raised(_) => self.add_raised(entry, parent),
                EntryKind::HandlerStarted { handler, .. } => self.add_worker(entry, handler),
                _ => {}
            }
        }
    }

    /// Adds the line of the message at this entry, and returns its index.
    fn add_message(
        &mut self,
        entry: &Entry,
        detail: impl Into<String>,
        parent: Option<usize>,
    ) -> usize {
        let line = TreeLine {
            label: message_name(entry, self.record),
            detail: StatusText::new(detail),
            entries: vec![entry.id],
            is_message: true,
            ..TreeLine::default()
        };

        self.tree.add(parent, line)
    }

    /// Adds a scheduled command. If it has no effect yet, its line shows when it is due, or that it
    /// was cancelled.
    fn add_scheduled(&mut self, entry: &Entry, parent: Option<usize>) {
        let line = self.add_command(entry, parent);

        if self.effects.caused_by(entry.id).next().is_none()
            && let Some(status) = self.scheduled.status(entry)
        {
            self.tree.line_mut(line).detail = StatusText::new(status.to_string());
        }
    }

    /// Adds the appended event in place of a raised one. An event that was not appended was rolled
    /// back.
    fn add_raised(&mut self, entry: &Entry, parent: Option<usize>) {
        let mut is_appended = false;
        for effect in self.effects.caused_by(entry.id) {
            if let EntryKind::Appended(event) = &effect.kind {
                is_appended = true;
                self.add_event(effect, event, parent);
            }
        }

        if !is_appended {
            self.add_message(entry, "rolled back", parent);
        }
    }

    /// Adds a command and its handler in one line, and returns the index of the line.
    fn add_command(&mut self, entry: &Entry, parent: Option<usize>) -> usize {
        let mut is_in_outbox = match &entry.kind {
            EntryKind::CommandReceived(command) => command.metadata.processing == Processing::Async,
            _ => false,
        };
        let mut detail = StatusText::new(if is_in_outbox {
            "pending in the outbox"
        } else {
            NO_HANDLER
        });
        // The line must exist before its effects are queued below it. Its detail is set at the
        // end.
        let line = self.add_message(entry, "", parent);

        for effect in self.effects.caused_by(entry.id) {
            match &effect.kind {
                EntryKind::HandlerStarted {
                    handler, attempt, ..
                } => {
                    let result = self.effects.call_result(effect).into_text();
                    detail = result.after(format!("{handler}  "));
                    let n_lost_races = self.effects.n_lost_races(effect);
                    detail.push_str(&call_suffix(*attempt, n_lost_races));
                    is_in_outbox = false;
                    self.tree.line_mut(line).entries.push(effect.id);
                    self.queue_effects(effect, line);
                }
                EntryKind::Published { .. } if is_in_outbox => {
                    detail = StatusText::new("published, pending");
                }
                EntryKind::NoSubscriber => detail = StatusText::new(NO_HANDLER),
                EntryKind::Expired => {
                    detail = StatusText::failure("EXPIRED: arrived after its deadline");
                }
                EntryKind::RetriesExhausted {
                    handler,
                    is_dead_lettered,
                    ..
                } => detail.push_str(exhausted_suffix(*handler, *is_dead_lettered)),
                _ => {}
            }
        }

        self.tree.line_mut(line).detail = detail;
        line
    }

    /// Adds an appended event, with one line below it for each of its handlers.
    fn add_event(&mut self, entry: &Entry, event: &Recorded, parent: Option<usize>) {
        let place = format!("{} @{}", event.stream(), event.version);
        let line = self.add_message(entry, place, parent);

        for effect in self.effects.caused_by(entry.id) {
            match effect.kind {
                EntryKind::HandlerStarted {
                    handler, attempt, ..
                } => self.add_delivery(effect, handler, attempt, line),
                EntryKind::RetriesExhausted {
                    handler,
                    is_dead_lettered,
                    ..
                } => {
                    let delivery = handler.and_then(|handler| self.tree.last_child(line, handler));
                    if let Some(delivery) = delivery {
                        let suffix = exhausted_suffix(handler, is_dead_lettered);
                        self.tree.line_mut(delivery).detail.push_str(suffix);
                    }
                }
                EntryKind::NoSubscriber => {
                    let suffix = format!("  {NO_HANDLER}");
                    self.tree.line_mut(line).detail.push_str(&suffix);
                }
                _ => {}
            }
        }
    }

    /// Adds a call for which no message is known: the work of a worker of a system.
    fn add_worker(&mut self, start_entry: &Entry, worker: &'static str) {
        let line = TreeLine {
            label: worker.to_owned(),
            detail: self.effects.call_result(start_entry).into_text(),
            entries: vec![start_entry.id],
            ..TreeLine::default()
        };

        let line = self.tree.add(None, line);
        self.queue_effects(start_entry, line);
    }

    /// Adds a handler call for an event.
    fn add_delivery(
        &mut self,
        start_entry: &Entry,
        handler: &'static str,
        attempt: u32,
        event_line: usize,
    ) {
        let mut detail = self.effects.call_result(start_entry).into_text();
        let n_lost_races = self.effects.n_lost_races(start_entry);
        detail.push_str(&call_suffix(attempt, n_lost_races));

        // A repeated call reuses the line of the previous one if that one caused no messages.
        let is_repeated = 1 < attempt || 0 < n_lost_races;
        let line = self
            .tree
            .last_child(event_line, handler)
            .filter(|line| is_repeated && !self.tree.nodes[*line].line.has_caused_messages)
            .unwrap_or_else(|| {
                let line = TreeLine {
                    label: handler.to_owned(),
                    ..TreeLine::default()
                };
                self.tree.add(Some(event_line), line)
            });

        let delivery = self.tree.line_mut(line);
        delivery.detail = detail;
        delivery.entries.push(start_entry.id);
        self.queue_effects(start_entry, line);
    }

    /// Queues the messages that a handler call caused, below its line.
    fn queue_effects(&mut self, start_entry: &Entry, line: usize) {
        let messages = self
            .effects
            .caused_by(start_entry.id)
            .filter(|effect| is_message(&effect.kind));

        for message in messages {
            self.tree.line_mut(line).has_caused_messages = true;
            self.queue.push_back((message.id, Some(line)));
        }
    }
}

/// Returns true if the entry created or stored a message.
fn is_message(kind: &EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::CommandReceived(_)
            | EntryKind::Scheduled { .. }
            | EntryKind::Raised(_)
            | EntryKind::Appended(_)
    )
}

/// Returns how the engine settled a message that it no longer retries.
///
/// `handler` is `None` for a message that has no handler: it is not retried at all.
fn exhausted_suffix(handler: Option<&str>, is_dead_lettered: bool) -> &'static str {
    match (handler, is_dead_lettered) {
        (Some(_), true) => "; retries exhausted, dead letter",
        (Some(_), false) => "; retries exhausted, skipped",
        (None, true) => "; dead letter",
        (None, false) => "; skipped",
    }
}

#[cfg(test)]
mod tests {
    use flow_domain::record::TableKind;

    use super::*;
    use crate::{FlowHarness, Mode, Outcome};

    fn cancelled_order() -> Outcome {
        let place = shop::PlaceOrder {
            order_id: "ord-1".into(),
            customer_id: "cust-1".into(),
            product_id: "prod-1".into(),
            quantity: 2,
            total_cents: 9_995,
        };
        let shop = FlowHarness::new(shop::domain).mode(Mode::Sync);

        shop.when(place).then_accepted().run()
    }

    /// Returns the chain with a mark at the call that wrote the last row.
    fn marked_chain(n_lines: usize) -> String {
        let outcome = cancelled_order();
        let record = outcome.record();
        let last_write = record
            .entries()
            .iter()
            .rev()
            .find(|entry| match &entry.kind {
                EntryKind::StateChanged(change) => change.table.kind == TableKind::Projection,
                _ => false,
            });

        let options = RenderOptions {
            n_lines,
            ..RenderOptions::PLAIN
        };
        let all = 0..record.entries().len();
        let marked = last_write.map(|entry| entry.id);

        chain_text(record, all, marked, &[], &options)
    }

    #[test]
    fn chain_marks_the_line_of_an_entry() {
        insta::assert_snapshot!(marked_chain(60), @r#"
        PlaceOrder                             OrderCommandHandler  stored Order "ord-1"
        └ OrderPlaced                          order-ord-1 @1
          ├ InventoryEventHandler              handled
          │ └ StockRefused                     inventory-prod-1 @1
          │   └ Fulfilment                     stored Fulfilment "ord-1"
          │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-1"
          │       └ OrderCancelled             order-ord-1 @2
          │         ├ InventoryEventHandler    handled, stored nothing
          │         └ OrderDashboardProjector  wrote OrderDashboard "ord-1"   <- here
          ├ Fulfilment                         stored Fulfilment "ord-1"
          └ OrderDashboardProjector            wrote OrderDashboard "ord-1"
        "#);
    }

    #[test]
    fn chain_shows_the_path_to_the_mark_first() {
        insta::assert_snapshot!(marked_chain(7), @r#"
        PlaceOrder                             OrderCommandHandler  stored Order "ord-1"
        └ OrderPlaced                          order-ord-1 @1
          ├ InventoryEventHandler              handled
          │ └ StockRefused                     inventory-prod-1 @1
          │   └ Fulfilment                     stored Fulfilment "ord-1"
          │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-1"
          │       └ OrderCancelled             order-ord-1 @2
          │         ├ 1 more
          │         └ OrderDashboardProjector  wrote OrderDashboard "ord-1"   <- here
          └ 2 more
        "#);
    }
}

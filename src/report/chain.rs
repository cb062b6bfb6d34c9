use std::{collections::VecDeque, ops::Range};

use flow_domain::{
    message::Processing,
    record::{Entry, EntryId, EntryKind, Record},
};

use crate::{
    expect::{MessageView, pending_due_time},
    report::{
        RenderOptions,
        effects::{Effects, attempt_suffix},
        tree::{Tree, TreeLine},
    },
    run::Log,
};

/// Draws what happened in a part of the record as a tree: who caused what. The line that tells of
/// `here` is marked, and is among those that are drawn if there are too many. What was logged stands
/// under the line of the handler that logged it.
pub(crate) fn chain_text(
    record: &Record,
    part: Range<usize>,
    here: Option<EntryId>,
    logs: &[Log],
    page: &RenderOptions,
) -> String {
    let mut chain = ChainBuilder::new(record);
    let start = part.start;
    let mut known: Vec<EntryId> = Vec::new();

    for entry in &record.entries()[part] {
        match entry.cause {
            None => chain.queue.push_back((entry.id, None)),
            // A message from before, which is handled only now.
            Some(cause) if cause.index() < start && !known.contains(&cause) => {
                known.push(cause);
                chain.queue.push_back((cause, None));
            }
            Some(_) => {}
        }
    }

    chain.build();
    for log in logs {
        if let Some(line) = chain.tree.line_of(log.entry, record) {
            chain.tree.line_mut(line).logs.push(log.to_string());
        }
    }

    chain.tree.draw(record, here, page)
}

/// A tree that grows from what came from outside.
struct ChainBuilder<'r> {
    record: &'r Record,
    effects: Effects<'r>,
    tree: Tree,
    /// Entries that are not in the tree yet, with the line below which they belong. A list, and no
    /// recursion: a flow may go on for long.
    queue: VecDeque<(EntryId, Option<usize>)>,
}

impl<'r> ChainBuilder<'r> {
    fn new(record: &'r Record) -> Self {
        Self {
            record,
            effects: Effects::new(record),
            tree: Tree::default(),
            queue: VecDeque::new(),
        }
    }

    fn build(&mut self) {
        while let Some((id, above)) = self.queue.pop_front() {
            let entry = self.record.entry(id);
            match &entry.kind {
                EntryKind::CommandReceived(envelope) => {
                    self.add_command(entry, MessageView::from(&**envelope).name, above);
                }
                EntryKind::Scheduled { command, .. } => {
                    let line = self.add_command(entry, MessageView::from(&**command).name, above);
                    if self.effects.caused_by(entry.id).next().is_none() {
                        self.tree.line_mut(line).detail = match pending_due_time(entry, self.record)
                        {
                            Ok(due) => format!("scheduled for {due}"),
                            Err(fate) => fate,
                        };
                    }
                }
                EntryKind::Appended(_) => self.add_event(entry, above),
                EntryKind::Raised(envelope) => {
                    let mut appended = self.effects.caused_by(entry.id).peekable();
                    if appended.peek().is_none() {
                        let told = TreeLine {
                            label: MessageView::from(&**envelope).name,
                            detail: "rolled back".to_owned(),
                            entries: vec![entry.id],
                            is_message: true,
                            ..TreeLine::default()
                        };

                        self.tree.add(above, told);
                    }

                    for event in appended {
                        self.add_event(event, above);
                    }
                }
                _ => {}
            }
        }
    }

    /// A command and its handler share a line.
    fn add_command(&mut self, entry: &Entry, name: String, above: Option<usize>) -> usize {
        let mut detail = match &entry.kind {
            EntryKind::CommandReceived(command)
                if command.metadata.processing == Processing::Async =>
            {
                "waits in the outbox".to_owned()
            }
            _ => "nobody handles it".to_owned(),
        };

        let told = TreeLine {
            label: name,
            is_message: true,
            ..TreeLine::default()
        };
        let line = self.tree.add(above, told);
        let mut ids = vec![entry.id];

        for effect in self.effects.caused_by(entry.id) {
            match &effect.kind {
                EntryKind::HandlerStarted {
                    handler, attempt, ..
                } => {
                    let ended = self.effects.outcome_text(effect);
                    detail = format!("{handler}  {ended}{}", attempt_suffix(*attempt));
                    ids.push(effect.id);
                    self.queue_effects(effect, line);
                }
                EntryKind::Published { .. } if detail.starts_with("waits") => {
                    "not handled yet".clone_into(&mut detail);
                }
                EntryKind::Expired => {
                    "EXPIRED: it came after its deadline".clone_into(&mut detail);
                }
                EntryKind::RetriesExhausted {
                    is_dead_lettered: is_kept,
                    ..
                } => detail.push_str(exhausted_suffix(*is_kept)),
                _ => {}
            }
        }

        let told = self.tree.line_mut(line);
        (told.detail, told.entries) = (detail, ids);

        line
    }

    fn add_event(&mut self, entry: &Entry, above: Option<usize>) {
        let EntryKind::Appended(event) = &entry.kind else {
            return;
        };

        let told = TreeLine {
            label: MessageView::from(&*event.envelope).name,
            detail: format!("{} @{}", event.stream(), event.version),
            entries: vec![entry.id],
            is_message: true,
            ..TreeLine::default()
        };
        let line = self.tree.add(above, told);

        for effect in self.effects.caused_by(entry.id) {
            match effect.kind {
                EntryKind::HandlerStarted {
                    handler, attempt, ..
                } => self.add_delivery(effect, (handler, attempt), line),
                EntryKind::RetriesExhausted {
                    handler,
                    is_dead_lettered: is_kept,
                    ..
                } => {
                    if let Some(given_up_on) = self.tree.last_child(line, handler) {
                        let told = self.tree.line_mut(given_up_on);
                        told.detail.push_str(exhausted_suffix(is_kept));
                    }
                }
                EntryKind::NoSubscriber => {
                    self.tree
                        .line_mut(line)
                        .detail
                        .push_str("  nobody handles it");
                }
                _ => {}
            }
        }
    }

    /// An event that was delivered to a handler.
    fn add_delivery(
        &mut self,
        started: &Entry,
        (handler, attempt): (&'static str, u32),
        event: usize,
    ) {
        let detail = format!(
            "{}{}",
            self.effects.outcome_text(started),
            attempt_suffix(attempt)
        );
        // Of the attempts that changed nothing only the last is told.
        let earlier = self.tree.last_child(event, handler);
        let line = earlier
            .filter(|line| 1 < attempt && !self.has_caused_messages(*line))
            .unwrap_or_else(|| {
                let told = TreeLine {
                    label: handler.to_owned(),
                    ..TreeLine::default()
                };
                self.tree.add(Some(event), told)
            });
        let told = self.tree.line_mut(line);

        told.detail = detail;
        told.entries.push(started.id);
        self.queue_effects(started, line);
    }

    /// Whether the handling that a line tells of raised or issued anything.
    fn has_caused_messages(&mut self, line: usize) -> bool {
        let ids = self.tree.line_mut(line).entries.clone();
        ids.into_iter().any(|id| {
            let mut effects = self.effects.caused_by(id);
            effects.any(|effect| is_message(&effect.kind))
        })
    }

    /// What a handling caused comes below its line.
    fn queue_effects(&mut self, started: &Entry, line: usize) {
        let messages = self.effects.caused_by(started.id);
        let messages = messages.filter(|effect| is_message(&effect.kind));
        self.queue
            .extend(messages.map(|effect| (effect.id, Some(line))));
    }
}

/// Whether a message came to be.
fn is_message(what: &EntryKind) -> bool {
    matches!(
        what,
        EntryKind::CommandReceived(_)
            | EntryKind::Scheduled { .. }
            | EntryKind::Raised(_)
            | EntryKind::Appended(_)
    )
}

fn exhausted_suffix(is_kept: bool) -> &'static str {
    if is_kept {
        "; given up, a dead letter"
    } else {
        "; given up and skipped"
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

    /// The chain with a mark at what wrote the last row, or at what that caused.
    fn marked_chain(n_lines: usize) -> String {
        let outcome = cancelled_order();
        let record = outcome.record();
        let wrote = record
            .entries()
            .iter()
            .rev()
            .find(|entry| match &entry.kind {
                EntryKind::StateChanged(written) => written.table.kind == TableKind::Projection,
                _ => false,
            });

        let page = RenderOptions {
            n_lines,
            ..RenderOptions::PLAIN
        };
        let all = 0..record.entries().len();

        chain_text(record, all, wrote.map(|entry| entry.id), &[], &page)
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
          │         ├ InventoryEventHandler    handled, changed nothing
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

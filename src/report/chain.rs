use std::{collections::VecDeque, ops::Range};

use flow_domain::{
    message::Processing,
    record::{Entry, EntryId, Happening, Record},
};

use crate::{
    expect::{Seen, still_to_come},
    report::{
        Page,
        effects::{Effects, at_attempt},
        tree::{Told, Tree},
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
    page: &Page,
) -> String {
    let mut chain = Chain::new(record);
    let start = part.start;
    let mut known: Vec<EntryId> = Vec::new();
    for entry in &record.entries()[part] {
        match entry.cause {
            None => chain.open.push_back((entry.id, None)),
            // A message from before, which is handled only now.
            Some(cause) if cause.index() < start && !known.contains(&cause) => {
                known.push(cause);
                chain.open.push_back((cause, None));
            }
            Some(_) => {}
        }
    }
    chain.grow();
    for log in logs {
        if let Some(line) = chain.tree.line_of(log.entry, record) {
            chain.tree.line(line).logs.push(log.to_string());
        }
    }
    chain.tree.draw(record, here, page)
}

/// A tree that grows from what came from outside.
struct Chain<'r> {
    record: &'r Record,
    effects: Effects<'r>,
    tree: Tree,
    /// Entries that are not in the tree yet, with the line below which they belong. A list, and no
    /// recursion: a flow may go on for long.
    open: VecDeque<(EntryId, Option<usize>)>,
}

impl<'r> Chain<'r> {
    fn new(record: &'r Record) -> Self {
        Self {
            record,
            effects: Effects::new(record),
            tree: Tree::default(),
            open: VecDeque::new(),
        }
    }

    fn grow(&mut self) {
        while let Some((id, above)) = self.open.pop_front() {
            let entry = self.record.entry(id);
            match &entry.what {
                Happening::CommandReceived(envelope) => {
                    self.command(entry, Seen::from(&**envelope).name, above);
                }
                Happening::Scheduled { command, .. } => {
                    let line = self.command(entry, Seen::from(&**command).name, above);
                    if self.effects.of(entry.id).next().is_none() {
                        self.tree.line(line).detail = match still_to_come(entry, self.record) {
                            Ok(due) => format!("scheduled for {due}"),
                            Err(fate) => fate,
                        };
                    }
                }
                Happening::Appended(_) => self.event(entry, above),
                Happening::Raised(envelope) => {
                    let mut appended = self.effects.of(entry.id).peekable();
                    if appended.peek().is_none() {
                        let told = Told {
                            label: Seen::from(&**envelope).name,
                            detail: "rolled back".to_owned(),
                            ids: vec![entry.id],
                            is_message: true,
                            ..Told::default()
                        };
                        self.tree.add(above, told);
                    }
                    for event in appended {
                        self.event(event, above);
                    }
                }
                _ => {}
            }
        }
    }

    /// A command and its handler share a line.
    fn command(&mut self, entry: &Entry, name: String, above: Option<usize>) -> usize {
        let mut detail = match &entry.what {
            Happening::CommandReceived(command)
                if command.metadata.processing == Processing::Async =>
            {
                "waits in the outbox".to_owned()
            }
            _ => "nobody handles it".to_owned(),
        };
        let told = Told {
            label: name,
            is_message: true,
            ..Told::default()
        };
        let line = self.tree.add(above, told);
        let mut ids = vec![entry.id];
        for effect in self.effects.of(entry.id) {
            match &effect.what {
                Happening::HandlerStarted {
                    handler, attempt, ..
                } => {
                    let ended = self.effects.ended(effect);
                    detail = format!("{handler}  {ended}{}", at_attempt(*attempt));
                    ids.push(effect.id);
                    self.open_effects(effect, line);
                }
                Happening::Published { .. } if detail.starts_with("waits") => {
                    "not handled yet".clone_into(&mut detail);
                }
                Happening::Expired => {
                    "EXPIRED: it came after its deadline".clone_into(&mut detail);
                }
                Happening::GivenUp { is_kept, .. } => detail.push_str(given_up(*is_kept)),
                _ => {}
            }
        }
        let told = self.tree.line(line);
        (told.detail, told.ids) = (detail, ids);
        line
    }

    fn event(&mut self, entry: &Entry, above: Option<usize>) {
        let Happening::Appended(event) = &entry.what else {
            return;
        };
        let told = Told {
            label: Seen::from(&*event.envelope).name,
            detail: format!("{} @{}", event.stream(), event.version),
            ids: vec![entry.id],
            is_message: true,
            ..Told::default()
        };
        let line = self.tree.add(above, told);
        for effect in self.effects.of(entry.id) {
            match effect.what {
                Happening::HandlerStarted {
                    handler, attempt, ..
                } => self.delivery(effect, (handler, attempt), line),
                Happening::GivenUp {
                    handler, is_kept, ..
                } => {
                    if let Some(given_up_on) = self.tree.last_below(line, handler) {
                        let told = self.tree.line(given_up_on);
                        told.detail.push_str(given_up(is_kept));
                    }
                }
                Happening::NoSubscriber => {
                    self.tree.line(line).detail.push_str("  nobody handles it");
                }
                _ => {}
            }
        }
    }

    /// An event that was delivered to a handler.
    fn delivery(&mut self, started: &Entry, (handler, attempt): (&'static str, u32), event: usize) {
        let detail = format!("{}{}", self.effects.ended(started), at_attempt(attempt));
        // Of the attempts that changed nothing only the last is told.
        let earlier = self.tree.last_below(event, handler);
        let earlier = earlier.filter(|line| 1 < attempt && !self.caused_messages(*line));
        let line = earlier.unwrap_or_else(|| {
            let told = Told {
                label: handler.to_owned(),
                ..Told::default()
            };
            self.tree.add(Some(event), told)
        });
        let told = self.tree.line(line);
        told.detail = detail;
        told.ids.push(started.id);
        self.open_effects(started, line);
    }

    /// Whether the handling that a line tells of raised or issued anything.
    fn caused_messages(&mut self, line: usize) -> bool {
        let ids = self.tree.line(line).ids.clone();
        ids.into_iter().any(|id| {
            let mut effects = self.effects.of(id);
            effects.any(|effect| is_message(&effect.what))
        })
    }

    /// What a handling caused comes below its line.
    fn open_effects(&mut self, started: &Entry, line: usize) {
        let messages = self.effects.of(started.id);
        let messages = messages.filter(|effect| is_message(&effect.what));
        self.open
            .extend(messages.map(|effect| (effect.id, Some(line))));
    }
}

/// Whether a message came to be.
fn is_message(what: &Happening) -> bool {
    matches!(
        what,
        Happening::CommandReceived(_)
            | Happening::Scheduled { .. }
            | Happening::Raised(_)
            | Happening::Appended(_)
    )
}

fn given_up(is_kept: bool) -> &'static str {
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

    fn cancelled() -> Outcome {
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
    fn marked(n_lines: usize) -> String {
        let outcome = cancelled();
        let record = outcome.record();
        let mut entries = record.entries().iter().rev();
        let wrote = entries.find(|entry| match &entry.what {
            Happening::Written(written) => written.table.kind == TableKind::Projection,
            _ => false,
        });
        let page = Page {
            n_lines,
            ..Page::PLAIN
        };
        let all = 0..record.entries().len();
        chain_text(record, all, wrote.map(|entry| entry.id), &[], &page)
    }

    #[test]
    fn the_line_that_tells_of_an_entry_is_marked() {
        insta::assert_snapshot!(marked(60), @r#"
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
    fn what_led_to_it_is_shown_before_anything_else() {
        insta::assert_snapshot!(marked(7), @r#"
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

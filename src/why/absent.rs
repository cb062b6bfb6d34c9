use flow_domain::{
    message::Version,
    record::{Ended, Happening, Lost, Table, TableKind},
};

use crate::why::{
    Nearness, Origin, Right, Verdict,
    facts::{Facts, Handling, Message},
    found::merge,
    sought::SoughtKept,
};

/// A handler, a message that it handles, and the category of that.
type Edge = (&'static str, String, &'static str);

/// The events that those are not told of who keep something.
#[derive(Debug)]
pub(super) struct NotTold {
    /// Those that nobody is told of.
    pub(super) unheard: Vec<Verdict>,
    /// Those that others are told of.
    pub(super) heard: Vec<Verdict>,
    /// Those that they brought about themselves, and may have to hear of.
    pub(super) answers: Vec<Verdict>,
    /// Those that a handler is not told of which is told of all others like them.
    pub(super) left_out: Vec<Verdict>,
    /// Those that carry the key of a process and are of aggregates of which it is told nothing at all.
    pub(super) unread: Vec<Verdict>,
}

/// Why something is not kept.
impl<'r> Facts<'r> {
    pub(super) fn absent(&self, sought: &SoughtKept) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        verdicts.extend(self.nobody_keeps(sought));
        verdicts.extend(self.deleted(sought));
        verdicts.extend(self.rolled_back(sought));
        let (troubles, scheduled) = self.trouble_of_writers(sought);
        verdicts.extend(troubles);
        let others = self.wrote_other(sought, self.n_given);
        let is_near = |other: &Verdict| {
            matches!(other, Verdict::WroteOther { nearness, .. } if *nearness != Nearness::Other)
                || matches!(other, Verdict::WrongKey { .. })
        };
        let (near, far): (Vec<_>, Vec<_>) = others.into_iter().partition(is_near);
        let is_near = !near.is_empty();
        verdicts.extend(near);
        verdicts.extend(scheduled);
        verdicts.extend(self.wrote_nothing(sought));
        let NotTold {
            unheard,
            heard,
            left_out,
            ..
        } = self.not_subscribed(sought, true);
        verdicts.extend(unheard.into_iter().chain(heard).chain(left_out));
        verdicts.extend(far);
        if !is_near {
            let (told, guessed) = self.missing_messages(sought);
            verdicts.extend(told.into_iter().chain(guessed));
        }
        if verdicts.is_empty() {
            verdicts.extend(self.wrote_other(sought, 0));
        }
        verdicts
    }

    pub(super) fn table(sought: &SoughtKept) -> Table {
        Table::new(sought.kept.kind, sought.kept.name)
    }

    /// The handlers that keep it, each with a message that it handles.
    pub(super) fn writers(&self, sought: &SoughtKept) -> Vec<Edge> {
        let commands = self.wiring.commands.iter();
        let subscriptions = self.wiring.subscriptions.iter();
        let own = self.aggregate(sought.kept.name);
        let raises_own = |raises: &[String]| {
            own.is_some_and(|own| raises.iter().any(|one| own.events.contains(one)))
        };
        match sought.kept.kind {
            TableKind::Aggregate => {
                let deciding = commands
                    .filter(|one| own.is_some_and(|own| own.category == one.category))
                    .map(|one| (one.handler, one.command.clone(), one.category));
                let reacting = subscriptions
                    .filter(|one| raises_own(&one.raises))
                    .map(|one| (one.handler, one.event.clone(), one.category));
                deciding.chain(reacting).collect()
            }
            TableKind::ProcessManager => subscriptions
                .filter(|one| one.handler == sought.kept.name)
                .map(|one| (one.handler, one.event.clone(), one.category))
                .collect(),
            _ => subscriptions
                .filter(|one| one.projection == Some(sought.kept.name))
                .map(|one| (one.handler, one.event.clone(), one.category))
                .collect(),
        }
    }

    pub(super) fn is_writer(&self, handling: &Handling<'_>, sought: &SoughtKept) -> bool {
        let message = self.message_of(handling);
        let writers = self.writers(sought);
        let wrote_it = handling
            .writes
            .iter()
            .any(|one| one.table == Self::table(sought));
        wrote_it
            || writers.iter().any(|edge| {
                edge.0 == handling.handler && message.is_some_and(|one| is_of(one, edge))
            })
    }

    fn is_about(&self, handling: &Handling<'_>, sought: &SoughtKept) -> bool {
        let Some(id) = &sought.id else { return true };
        let message = self.message_of(handling);
        message.is_some_and(|message| message.is_about(id))
    }

    fn nobody_keeps(&self, sought: &SoughtKept) -> Option<Verdict> {
        let is_projection = sought.kept.kind == TableKind::Projection;
        if !is_projection || !self.writers(sought).is_empty() {
            return None;
        }
        let mut events = self.acted_messages().filter(|one| one.is_event());
        let event = events.find(|one| sought.id.as_ref().is_none_or(|id| one.is_about(id)));
        Some(Verdict::NobodyKeeps {
            name: sought.kept.name,
            event: event.map(|event| event.name.clone()),
        })
    }

    fn deleted(&self, sought: &SoughtKept) -> Option<Verdict> {
        let id = sought.id.as_ref()?;
        let mut writes = self.writes_of(Self::table(sought), id);
        let (last, written) = writes.next_back()?;
        if written.after.is_some() {
            return None;
        }
        let earlier = writes.next_back();
        Some(Verdict::Overwritten {
            at: self.place(last),
            subject: sought.subject(),
            is_deleted: true,
            earlier: earlier.map(|(earlier, _)| self.place(earlier)),
        })
    }

    /// It was written and rolled back.
    fn rolled_back(&self, sought: &SoughtKept) -> Option<Verdict> {
        let id = sought.id.as_ref()?;
        let has_lost = |lost: &Lost| match lost {
            Lost::Value { table, id: lost } => *table == Self::table(sought) && **lost == **id,
            Lost::Event { stream, .. } => {
                sought.stream_category == Some(stream.category()) && stream.id() == id
            }
            _ => false,
        };
        let mut handlings = self.acted().rev();
        let outer = handlings.find(|one| match one.ended {
            Some(Ended::Failed(undone) | Ended::Rejected(undone)) => {
                undone.lost.iter().any(has_lost)
            }
            _ => false,
        })?;
        let issued = outer.caused.iter().map(|place| &self.messages[*place]);
        let mut inner = issued.flat_map(|message| self.handlings_of(message));
        let was_done_inside = inner
            .any(|inner| inner.ended == Some(&Ended::Handled) && self.is_writer(inner, sought));
        let (Some(Ended::Failed(undone) | Ended::Rejected(undone)), true) =
            (outer.ended, was_done_inside)
        else {
            return self.trouble_of(outer);
        };
        Some(Verdict::RolledBack {
            what: sought.subject(),
            at: self.place(outer),
            reason: undone.reason.clone(),
        })
    }

    /// What went wrong in the handlings that would have written it, and what did not reach a handler; and
    /// apart from that what comes later, as it is meant to.
    pub(super) fn trouble_of_writers(&self, sought: &SoughtKept) -> (Vec<Verdict>, Vec<Verdict>) {
        let handlings = self.acted().rev();
        let mut verdicts: Vec<Verdict> = handlings
            .filter(|one| self.is_writer(one, sought) && self.is_about(one, sought))
            .filter(|one| self.is_last_attempt(one) && one.ended != Some(&Ended::Deduplicated))
            .filter_map(|one| self.trouble_of(one))
            .collect();
        for edge in self.writers(sought) {
            let handler = edge.0;
            let messages = self.acted_messages().filter(|message| {
                is_of(message, &edge)
                    && message.kept.is_some()
                    && sought.id.as_ref().is_none_or(|id| message.is_about(id))
            });
            for message in messages {
                let mut handlings = self.handlings_of(message);
                if handlings.all(|one| one.handler != handler) {
                    verdicts.extend(self.not_delivered(handler, message));
                }
            }
        }
        verdicts
            .into_iter()
            .partition(|one| !matches!(one, Verdict::Scheduled { .. }))
    }

    /// A failure that was tried again, and went well then, is not why.
    pub(super) fn is_last_attempt(&self, handling: &Handling<'_>) -> bool {
        let mut others = self.handlings.iter();
        let is_later = |other: &Handling<'_>| {
            (other.handler, other.message) == (handling.handler, handling.message)
                && other.ended != Some(&Ended::Deduplicated)
                && handling.started < other.started
        };
        !others.any(is_later)
    }

    /// The handlings that wrote such a thing under another id, the nearest id first.
    /// `since` is the entry of the record from which on it is looked for.
    pub(super) fn wrote_other(&self, sought: &SoughtKept, since: usize) -> Vec<Verdict> {
        let Some(id) = &sought.id else {
            return Vec::new();
        };
        let mut found: Vec<((usize, usize), Verdict)> = Vec::new();
        let handlings = self.handlings.iter();
        let handlings: Vec<_> = handlings
            .filter(|one| since <= one.started.index())
            .collect();
        for (idx, handling) in handlings.iter().rev().enumerate() {
            let table = Self::table(sought);
            let written = handling.writes.iter();
            let written = written.filter(|one| one.table == table && one.after.is_some());
            let written = written.map(|one| one.id.to_string());
            let raised = handling.caused.iter().map(|place| &self.messages[*place]);
            let raised = raised.filter(|message| {
                message.kept.is_some()
                    && message.is_event()
                    && sought.stream_category == Some(message.category())
            });
            let raised = raised.map(|event| event.envelope.metadata.stream.id().to_owned());
            for wrote in written.chain(raised).filter(|wrote| wrote != id) {
                let Some((rank, verdict)) = self.other(handling, sought, (id, &wrote)) else {
                    continue;
                };
                found.push(((rank, idx), verdict));
            }
        }
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, verdict)| verdict).collect()
    }

    /// What it means that a handling wrote under another id than the one that was looked for.
    fn other(
        &self,
        handling: &Handling<'r>,
        sought: &SoughtKept,
        (wanted, wrote): (&str, &str),
    ) -> Option<(usize, Verdict)> {
        let message = self.message_of(handling)?;
        let field = message.field_with(wrote);
        let right = message.field_with(wanted);
        let value = serde_json::Value::String(wrote.to_owned());
        let origin = field
            .as_ref()
            .map(|field| self.origin_of(message, field, &value));
        let origin = origin.filter(|origin| matches!(origin, Origin::Changed { .. }));
        if self.is_made(handling, sought, wrote)
            && let (Some(field), Some(right)) = (&field, &right)
            && field != right
        {
            let verdict = Verdict::WrongKey {
                at: self.place(handling),
                name: sought.kept.name,
                id: wrote.to_owned(),
                field: Some(field.clone()),
                right: Right::Field(right.clone(), wanted.to_owned()),
                origin,
            };
            return Some((0, verdict));
        }
        let n_letters = strsim::damerau_levenshtein(wanted, wrote);
        let is_alike = n_letters * 3 <= wanted.len().max(wrote.len());
        let (rank, nearness) = match right {
            Some(right) => (0, Nearness::Carried(right)),
            None if is_alike => (n_letters, Nearness::Letters(n_letters)),
            None => (usize::MAX, Nearness::Other),
        };
        let verdict = Verdict::WroteOther {
            at: self.place(handling),
            wanted: sought.subject(),
            wrote: format!("{} {wrote:?}", sought.kept.name),
            nearness,
            origin,
        };
        Some((rank, verdict))
    }

    /// Whether a handling made an aggregate under this id, under which there was nothing before.
    fn is_made(&self, handling: &Handling<'r>, sought: &SoughtKept, id: &str) -> bool {
        let table = Self::table(sought);
        let mut writes = handling.writes.iter();
        let is_new = writes.any(|one| {
            one.table == table && *one.id == *id && one.before.is_none() && one.after.is_some()
        });
        let mut raised = handling.caused.iter().map(|place| &self.messages[*place]);
        let begins_stream = |event: &Message<'_>| {
            let appended = event.kept.map(|entry| &self.record.entry(entry).what);
            let first = Version::NONE.next();
            sought.stream_category == Some(event.category())
                && event.envelope.metadata.stream.id() == id
                && matches!(appended, Some(Happening::Appended(event)) if event.version == first)
        };
        sought.kept.kind == TableKind::Aggregate && (is_new || raised.any(begins_stream))
    }

    /// The handlings that went well and wrote nothing of the kind.
    pub(super) fn wrote_nothing(&self, sought: &SoughtKept) -> Vec<Verdict> {
        let table = Self::table(sought);
        let handlings = self.acted().rev().filter(|one| {
            let wrote = one.writes.iter().any(|written| written.table == table);
            let raised = self.caused_by(one);
            one.is_handled() && !wrote && raised.is_empty() && self.is_writer(one, sought)
        });
        let (about, others): (Vec<_>, Vec<_>) =
            handlings.partition(|one| self.is_about(one, sought));
        let handlings = about.into_iter().chain(others);
        handlings
            .map(|one| {
                let nothing = || Verdict::WroteNothing {
                    at: self.place(one),
                    wanted: sought.subject(),
                    missed: missed(one),
                };
                self.wrong_key(one).unwrap_or_else(nothing)
            })
            .collect()
    }

    /// The events of the acts that those who keep it are not told of. `is_absent` says that it is not
    /// there at all.
    pub(super) fn not_subscribed(&self, sought: &SoughtKept, is_absent: bool) -> NotTold {
        let writers = self.writers(sought);
        let own = self.aggregate(sought.kept.name);
        let events = self.acted_messages().filter(|message| {
            // An aggregate need not be told of what it raised itself.
            let is_own = own.is_some_and(|own| own.category == message.category());
            let is_about = |id: &String| message.is_about(id);
            message.is_event()
                && !is_own
                && message.kept.is_some()
                && sought.id.as_ref().is_none_or(is_about)
                && !writers.iter().any(|edge| is_of(message, edge))
        });
        let (unheard, heard): (Vec<_>, Vec<_>) = events.partition(|event| self.is_unheard(event));
        let handlers: Vec<&'static str> = writers.iter().map(|edge| edge.0).collect();
        let reader_of = |event: &Message<'r>| {
            let mut handlers = handlers.iter().copied();
            handlers.find(|handler| self.reads(handler, event.category()))
        };
        let unheard = unheard.into_iter().map(|event| match reader_of(event) {
            Some(handler) => self.not_told(event, Some(handler)),
            None => self.not_told(event, None),
        });
        let has_handled = self
            .acted()
            .any(|one| self.is_writer(one, sought) && self.is_about(one, sought));
        let is_done = sought.kept.kind == TableKind::Aggregate || is_absent && has_handled;
        let left_out = heard.iter().filter_map(|event| self.left_out(event));
        let left_out: Vec<_> = match sought.kept.kind {
            TableKind::Aggregate => left_out.collect(),
            _ => Vec::new(),
        };
        let unread = heard.iter().filter(|event| reader_of(event).is_none());
        let unread = unread.map(|event| self.not_told(event, Some(sought.kept.name)));
        let unread: Vec<_> = match sought.kept.kind {
            TableKind::ProcessManager => unread.collect(),
            _ => Vec::new(),
        };
        let heard = heard.into_iter().filter(|_| !is_done);
        let heard = heard.filter_map(|event| reader_of(event).map(|reader| (event, reader)));
        let (own, heard): (Vec<_>, Vec<_>) =
            heard.partition(|(event, reader)| self.is_caused_by(event, reader));
        let not_told = |list: Vec<(&Message<'r>, &'static str)>| {
            let list = list.into_iter();
            list.map(|(event, reader)| self.not_told(event, Some(reader)))
                .collect()
        };
        // A process may wait for what comes of its commands; a handler knows what it did.
        let awaits = sought.kept.kind == TableKind::ProcessManager;
        NotTold {
            unheard: unheard.collect(),
            heard: not_told(heard),
            answers: if awaits { not_told(own) } else { Vec::new() },
            left_out,
            unread,
        }
    }

    /// Whether a handler caused a message, directly or not.
    fn is_caused_by(&self, message: &Message<'r>, handler: &str) -> bool {
        let by = |message: &Message<'r>| self.handling_of(message);
        let handlings = std::iter::successors(by(message), |one| {
            let message = self.message_of(one)?;
            self.handling_of(message)
        });
        handlings.into_iter().any(|one| one.handler == handler)
    }

    /// Whether a handler reads events of this category.
    pub(super) fn reads(&self, handler: &str, category: &str) -> bool {
        let mut edges = self.wiring.subscriptions.iter();
        edges.any(|edge| edge.handler == handler && edge.category == category)
    }

    /// Why the messages did not come on which it would have been written.
    pub(super) fn missing_messages(&self, sought: &SoughtKept) -> (Vec<Verdict>, Vec<Verdict>) {
        let mut all = Vec::new();
        for edge in self.writers(sought) {
            let mut came = self.acted_messages();
            if !came.any(|message| is_of(message, &edge) && message.kept.is_some()) {
                all.push(self.no_message_about(&edge.1, sought.id.as_deref()));
            }
        }
        merge(all).into_told_and_guessed()
    }
}

fn is_of(message: &Message<'_>, (_, name, category): &Edge) -> bool {
    message.name == *name && message.category() == *category
}

/// What a handling looked for in vain, in words.
pub(super) fn missed(handling: &Handling<'_>) -> Option<String> {
    let (table, id) = handling.missed.first()?;
    Some(format!("{} {id:?}", table.name))
}

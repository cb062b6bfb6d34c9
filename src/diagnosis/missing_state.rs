use flow_domain::{
    message::Version,
    record::{DiscardedEffect, EntryKind, HandlerOutcome, Table, TableKind},
};

use crate::diagnosis::{
    Cause, ExpectedKey, Similarity, ValueOrigin,
    candidates::merge,
    causal_index::{CausalIndex, IndexedCall, IndexedMessage},
    subject::StateSubject,
};

/// A handler, a message that it handles, and the category of that.
type WriterRoute = (&'static str, String, &'static str);

/// The events that those are not told of who keep something.
#[derive(Debug)]
pub(super) struct SubscriptionGaps {
    /// Those that nobody is told of.
    pub(super) no_subscriber: Vec<Cause>,
    /// Those that others are told of.
    pub(super) other_subscribers: Vec<Cause>,
    /// Those that they brought about themselves, and may have to hear of.
    pub(super) self_caused: Vec<Cause>,
    /// Those that a handler is not told of which is told of all others like them.
    pub(super) omitted: Vec<Cause>,
    /// Those that carry the key of a process and are of aggregates of which it is told nothing at all.
    pub(super) unread_categories: Vec<Cause>,
}

/// Why something is not kept.
impl<'r> CausalIndex<'r> {
    pub(super) fn absence_causes(&self, sought: &StateSubject) -> Vec<Cause> {
        let mut verdicts = Vec::new();
        verdicts.extend(self.no_projector(sought));
        verdicts.extend(self.deleted_state(sought));
        verdicts.extend(self.rolled_back_state(sought));
        let (troubles, scheduled) = self.writer_problems(sought);
        verdicts.extend(troubles);
        let others = self.writes_under_other_ids(sought, self.n_given);
        let is_near = |other: &Cause| {
            matches!(other, Cause::WroteOther { similarity: nearness, .. } if *nearness != Similarity::Unrelated)
                || matches!(other, Cause::WrongKey { .. })
        };
        let (near, far): (Vec<_>, Vec<_>) = others.into_iter().partition(is_near);
        let is_near = !near.is_empty();

        verdicts.extend(near);
        verdicts.extend(scheduled);
        verdicts.extend(self.calls_without_writes(sought));
        let SubscriptionGaps {
            no_subscriber: unheard,
            other_subscribers: heard,
            omitted: left_out,
            ..
        } = self.subscription_gaps(sought, true);

        verdicts.extend(unheard.into_iter().chain(heard).chain(left_out));
        verdicts.extend(far);
        if !is_near {
            let (told, guessed) = self.missing_triggers(sought);
            verdicts.extend(told.into_iter().chain(guessed));
        }

        if verdicts.is_empty() {
            verdicts.extend(self.writes_under_other_ids(sought, 0));
        }

        verdicts
    }

    pub(super) fn table_of(sought: &StateSubject) -> Table {
        Table::new(sought.state_type.kind, sought.state_type.name)
    }

    /// The handlers that keep it, each with a message that it handles.
    pub(super) fn writers_of(&self, sought: &StateSubject) -> Vec<WriterRoute> {
        let commands = self.wiring.commands.iter();
        let subscriptions = self.wiring.subscriptions.iter();
        let own = self.aggregate(sought.state_type.name);
        let raises_own = |raises: &[String]| {
            own.is_some_and(|own| raises.iter().any(|one| own.events.contains(one)))
        };

        match sought.state_type.kind {
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
                .filter(|one| one.handler == sought.state_type.name)
                .map(|one| (one.handler, one.event.clone(), one.category))
                .collect(),
            _ => subscriptions
                .filter(|one| one.projection == Some(sought.state_type.name))
                .map(|one| (one.handler, one.event.clone(), one.category))
                .collect(),
        }
    }

    pub(super) fn is_writer(&self, handling: &IndexedCall<'_>, sought: &StateSubject) -> bool {
        let message = self.message_of(handling);
        let writers = self.writers_of(sought);
        let wrote_it = handling
            .writes
            .iter()
            .any(|one| one.table == Self::table_of(sought));

        wrote_it
            || writers.iter().any(|edge| {
                edge.0 == handling.handler && message.is_some_and(|one| matches_route(one, edge))
            })
    }

    fn is_call_about(&self, handling: &IndexedCall<'_>, sought: &StateSubject) -> bool {
        let Some(id) = &sought.id else { return true };
        let message = self.message_of(handling);
        message.is_some_and(|message| message.is_about(id))
    }

    fn no_projector(&self, sought: &StateSubject) -> Option<Cause> {
        let is_projection = sought.state_type.kind == TableKind::Projection;
        if !is_projection || !self.writers_of(sought).is_empty() {
            return None;
        }

        let event = self
            .messages_in_acts()
            .filter(|one| one.is_event())
            .find(|one| sought.id.as_ref().is_none_or(|id| one.is_about(id)));

        Some(Cause::NoProjector {
            projection: sought.state_type.name,
            event: event.map(|event| event.name.clone()),
        })
    }

    fn deleted_state(&self, sought: &StateSubject) -> Option<Cause> {
        let id = sought.id.as_ref()?;
        let mut writes = self.writes_of(Self::table_of(sought), id);
        let (last, written) = writes.next_back()?;

        if written.after.is_some() {
            return None;
        }

        let earlier = writes.next_back();
        Some(Cause::Overwritten {
            at: self.handler_call(last),
            subject: sought.description(),
            is_deleted: true,
            earlier: earlier.map(|(earlier, _)| self.handler_call(earlier)),
        })
    }

    /// It was written and rolled back.
    fn rolled_back_state(&self, sought: &StateSubject) -> Option<Cause> {
        let id = sought.id.as_ref()?;
        let has_lost = |lost: &DiscardedEffect| match lost {
            DiscardedEffect::Value { table, id: lost } => {
                *table == Self::table_of(sought) && **lost == **id
            }
            DiscardedEffect::Event { stream, .. } => {
                sought.stream_category == Some(stream.category()) && stream.id() == id
            }
            _ => false,
        };

        let outer = self.calls_in_acts().rev().find(|one| match one.outcome {
            Some(HandlerOutcome::Failed(undone) | HandlerOutcome::Rejected(undone)) => {
                undone.discarded.iter().any(has_lost)
            }
            _ => false,
        })?;

        let mut inner = outer
            .caused
            .iter()
            .map(|place| &self.messages[*place])
            .flat_map(|message| self.calls_of(message));

        let was_done_inside = inner.any(|inner| {
            inner.outcome == Some(&HandlerOutcome::Handled) && self.is_writer(inner, sought)
        });
        let (Some(HandlerOutcome::Failed(undone) | HandlerOutcome::Rejected(undone)), true) =
            (outer.outcome, was_done_inside)
        else {
            return self.problem_of_call(outer);
        };

        Some(Cause::RolledBack {
            what: sought.description(),
            at: self.handler_call(outer),
            reason: undone.reason.clone(),
        })
    }

    /// What went wrong in the handlings that would have written it, and what did not reach a handler; and
    /// apart from that what comes later, as it is meant to.
    pub(super) fn writer_problems(&self, sought: &StateSubject) -> (Vec<Cause>, Vec<Cause>) {
        let handlings = self.calls_in_acts().rev();
        let mut verdicts: Vec<Cause> = handlings
            .filter(|one| self.is_writer(one, sought) && self.is_call_about(one, sought))
            .filter(|one| {
                self.is_last_attempt(one) && one.outcome != Some(&HandlerOutcome::Deduplicated)
            })
            .filter_map(|one| self.problem_of_call(one))
            .collect();

        for edge in self.writers_of(sought) {
            let handler = edge.0;
            let messages = self.messages_in_acts().filter(|message| {
                matches_route(message, &edge)
                    && message.stored_at.is_some()
                    && sought.id.as_ref().is_none_or(|id| message.is_about(id))
            });

            for message in messages {
                let mut handlings = self.calls_of(message);
                if handlings.all(|one| one.handler != handler) {
                    verdicts.extend(self.delivery_problem(handler, message));
                }
            }
        }

        verdicts
            .into_iter()
            .partition(|one| !matches!(one, Cause::Scheduled { .. }))
    }

    /// A failure that was tried again, and went well then, is not why.
    pub(super) fn is_last_attempt(&self, handling: &IndexedCall<'_>) -> bool {
        let mut others = self.calls.iter();
        let is_later = |other: &IndexedCall<'_>| {
            (other.handler, other.message) == (handling.handler, handling.message)
                && other.outcome != Some(&HandlerOutcome::Deduplicated)
                && handling.started < other.started
        };
        !others.any(is_later)
    }

    /// The handlings that wrote such a thing under another id, the nearest id first.
    /// `since` is the entry of the record from which on it is looked for.
    pub(super) fn writes_under_other_ids(&self, sought: &StateSubject, since: usize) -> Vec<Cause> {
        let Some(id) = &sought.id else {
            return Vec::new();
        };

        let mut found: Vec<((usize, usize), Cause)> = Vec::new();
        let handlings = self.calls.iter();
        let handlings: Vec<_> = handlings
            .filter(|one| since <= one.started.index())
            .collect();

        for (idx, handling) in handlings.iter().rev().enumerate() {
            let table = Self::table_of(sought);
            let written = handling.writes.iter();
            let written = written.filter(|one| one.table == table && one.after.is_some());
            let written = written.map(|one| one.id.to_string());
            let raised = handling.caused.iter().map(|place| &self.messages[*place]);
            let raised = raised.filter(|message| {
                message.stored_at.is_some()
                    && message.is_event()
                    && sought.stream_category == Some(message.category())
            });
            let raised = raised.map(|event| event.envelope.metadata.stream.id().to_owned());

            for wrote in written.chain(raised).filter(|wrote| wrote != id) {
                let Some((rank, verdict)) = self.other_id_cause(handling, sought, (id, &wrote))
                else {
                    continue;
                };
                found.push(((rank, idx), verdict));
            }
        }

        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, verdict)| verdict).collect()
    }

    /// What it means that a handling wrote under another id than the one that was looked for.
    fn other_id_cause(
        &self,
        handling: &IndexedCall<'r>,
        sought: &StateSubject,
        (wanted, wrote): (&str, &str),
    ) -> Option<(usize, Cause)> {
        let message = self.message_of(handling)?;
        let field = message.field_carrying(wrote);
        let right = message.field_carrying(wanted);
        let value = serde_json::Value::String(wrote.to_owned());
        let origin = field
            .as_ref()
            .map(|field| self.origin_of(message, field, &value));
        let origin = origin.filter(|origin| matches!(origin, ValueOrigin::Changed { .. }));

        if self.is_new_aggregate(handling, sought, wrote)
            && let (Some(field), Some(right)) = (&field, &right)
            && field != right
        {
            let verdict = Cause::WrongKey {
                at: self.handler_call(handling),
                type_name: sought.state_type.name,
                id: wrote.to_owned(),
                field: Some(field.clone()),
                expected_key: ExpectedKey::InField(right.clone(), wanted.to_owned()),
                origin,
            };

            return Some((0, verdict));
        }

        let n_letters = strsim::damerau_levenshtein(wanted, wrote);
        let is_alike = n_letters * 3 <= wanted.len().max(wrote.len());
        let (rank, nearness) = match right {
            Some(right) => (0, Similarity::InField(right)),
            None if is_alike => (n_letters, Similarity::EditDistance(n_letters)),
            None => (usize::MAX, Similarity::Unrelated),
        };

        let verdict = Cause::WroteOther {
            at: self.handler_call(handling),
            wanted: sought.description(),
            wrote: format!("{} {wrote:?}", sought.state_type.name),
            similarity: nearness,
            origin,
        };

        Some((rank, verdict))
    }

    /// Whether a handling made an aggregate under this id, under which there was nothing before.
    fn is_new_aggregate(
        &self,
        handling: &IndexedCall<'r>,
        sought: &StateSubject,
        id: &str,
    ) -> bool {
        let table = Self::table_of(sought);
        let is_new = handling.writes.iter().any(|one| {
            one.table == table && *one.id == *id && one.before.is_none() && one.after.is_some()
        });
        let mut raised = handling.caused.iter().map(|place| &self.messages[*place]);
        let begins_stream = |event: &IndexedMessage<'_>| {
            let appended = event.stored_at.map(|entry| &self.record.entry(entry).kind);
            let first = Version::NONE.next();
            sought.stream_category == Some(event.category())
                && event.envelope.metadata.stream.id() == id
                && matches!(appended, Some(EntryKind::Appended(event)) if event.version == first)
        };

        sought.state_type.kind == TableKind::Aggregate && (is_new || raised.any(begins_stream))
    }

    /// The handlings that went well and wrote nothing of the kind.
    pub(super) fn calls_without_writes(&self, sought: &StateSubject) -> Vec<Cause> {
        let table = Self::table_of(sought);
        let handlings = self.calls_in_acts().rev().filter(|one| {
            let wrote = one.writes.iter().any(|written| written.table == table);
            let raised = self.caused_names(one);
            one.has_succeeded() && !wrote && raised.is_empty() && self.is_writer(one, sought)
        });
        let (about, others): (Vec<_>, Vec<_>) =
            handlings.partition(|one| self.is_call_about(one, sought));
        let handlings = about.into_iter().chain(others);

        handlings
            .map(|one| {
                let nothing = || Cause::WroteNothing {
                    at: self.handler_call(one),
                    wanted: sought.description(),
                    not_found: first_not_found(one),
                };
                self.wrong_key(one).unwrap_or_else(nothing)
            })
            .collect()
    }

    /// The events of the acts that those who keep it are not told of. `is_absent` says that it is not
    /// there at all.
    pub(super) fn subscription_gaps(
        &self,
        sought: &StateSubject,
        is_absent: bool,
    ) -> SubscriptionGaps {
        let writers = self.writers_of(sought);
        let own = self.aggregate(sought.state_type.name);
        let events = self.messages_in_acts().filter(|message| {
            // An aggregate need not be told of what it raised itself.
            let is_own = own.is_some_and(|own| own.category == message.category());
            let is_about = |id: &String| message.is_about(id);

            message.is_event()
                && !is_own
                && message.stored_at.is_some()
                && sought.id.as_ref().is_none_or(is_about)
                && !writers.iter().any(|edge| matches_route(message, edge))
        });
        let (unheard, heard): (Vec<_>, Vec<_>) =
            events.partition(|event| self.is_unsubscribed(event));
        let handlers: Vec<&'static str> = writers.iter().map(|edge| edge.0).collect();
        let reader_of = |event: &IndexedMessage<'r>| {
            handlers
                .iter()
                .copied()
                .find(|handler| self.reads_category(handler, event.category()))
        };

        let unheard = unheard.into_iter().map(|event| match reader_of(event) {
            Some(handler) => self.no_subscriber(event, Some(handler)),
            None => self.no_subscriber(event, None),
        });
        let has_handled = self
            .calls_in_acts()
            .any(|one| self.is_writer(one, sought) && self.is_call_about(one, sought));
        let is_done = sought.state_type.kind == TableKind::Aggregate || is_absent && has_handled;
        let left_out = heard
            .iter()
            .filter_map(|event| self.omitted_subscription(event));
        let left_out: Vec<_> = match sought.state_type.kind {
            TableKind::Aggregate => left_out.collect(),
            _ => Vec::new(),
        };
        let unread = heard.iter().filter(|event| reader_of(event).is_none());
        let unread = unread.map(|event| self.no_subscriber(event, Some(sought.state_type.name)));
        let unread: Vec<_> = match sought.state_type.kind {
            TableKind::ProcessManager => unread.collect(),
            _ => Vec::new(),
        };
        let heard = heard.into_iter().filter(|_| !is_done);
        let heard = heard.filter_map(|event| reader_of(event).map(|reader| (event, reader)));
        let (own, heard): (Vec<_>, Vec<_>) =
            heard.partition(|(event, reader)| self.is_caused_by(event, reader));
        let not_told = |list: Vec<(&IndexedMessage<'r>, &'static str)>| {
            list.into_iter()
                .map(|(event, reader)| self.no_subscriber(event, Some(reader)))
                .collect()
        };
        // A process may wait for what comes of its commands; a handler knows what it did.
        let awaits = sought.state_type.kind == TableKind::ProcessManager;

        SubscriptionGaps {
            no_subscriber: unheard.collect(),
            other_subscribers: not_told(heard),
            self_caused: if awaits { not_told(own) } else { Vec::new() },
            omitted: left_out,
            unread_categories: unread,
        }
    }

    /// Whether a handler caused a message, directly or not.
    fn is_caused_by(&self, message: &IndexedMessage<'r>, handler: &str) -> bool {
        let by = |message: &IndexedMessage<'r>| self.producer_of(message);
        let handlings = std::iter::successors(by(message), |one| {
            let message = self.message_of(one)?;
            self.producer_of(message)
        });
        handlings.into_iter().any(|one| one.handler == handler)
    }

    /// Whether a handler reads events of this category.
    pub(super) fn reads_category(&self, handler: &str, category: &str) -> bool {
        self.wiring
            .subscriptions
            .iter()
            .any(|edge| edge.handler == handler && edge.category == category)
    }

    /// Why the messages did not come on which it would have been written.
    pub(super) fn missing_triggers(&self, sought: &StateSubject) -> (Vec<Cause>, Vec<Cause>) {
        let mut all = Vec::new();
        for edge in self.writers_of(sought) {
            let mut came = self.messages_in_acts();
            if !came.any(|message| matches_route(message, &edge) && message.stored_at.is_some()) {
                all.push(self.missing_message_about(&edge.1, sought.id.as_deref()));
            }
        }

        merge(all).into_likely_and_guesses()
    }
}

fn matches_route(message: &IndexedMessage<'_>, (_, name, category): &WriterRoute) -> bool {
    message.name == *name && message.category() == *category
}

/// What a handling looked for in vain, in words.
pub(super) fn first_not_found(handling: &IndexedCall<'_>) -> Option<String> {
    let (table, id) = handling.not_found.first()?;
    Some(format!("{} {id:?}", table.name))
}

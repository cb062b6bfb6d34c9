use crate::{
    message::{Envelope, Payload},
    record::{Entry, EntryKind, Record, TableKind},
    testing::mutation::{Edit, Mutation, MutationKind},
    wiring::Domain,
};

impl Mutation {
    /// Lists the possible mistakes of the routes of `domain`, in the order of the routes.
    ///
    /// `records` are the records of earlier runs. They show the messages and outputs that a
    /// mutation can change.
    pub fn all(domain: &Domain, records: &[&Record]) -> Vec<Self> {
        let catalog = domain.catalog();
        let commands = catalog
            .commands
            .iter()
            .map(|route| (route.handler, route.command));
        let events = catalog.subscriptions.iter().flat_map(|subscription| {
            subscription
                .routes
                .iter()
                .map(|route| (subscription.handler, route.event.name))
        });

        let mut all = Vec::new();
        for (handler, message) in commands.chain(events) {
            let message = message.as_str();
            let mut add = |kind| {
                let mutation = Self {
                    handler: handler.to_owned(),
                    message: message.to_owned(),
                    kind,
                };
                if !all.contains(&mutation) {
                    all.push(mutation);
                }
            };

            add(MutationKind::Unrouted);
            add(MutationKind::Fails);
            add(MutationKind::Panics);
            for record in records {
                for kind in kinds_in_record(record, handler, message) {
                    add(kind);
                }
            }
        }

        all
    }
}

/// Returns the possible changes of the input and outputs of `handler` when it handled `message`.
fn kinds_in_record(record: &Record, handler: &str, message: &str) -> Vec<MutationKind> {
    let mut kinds = Vec::new();
    for entry in record.entries() {
        if let EntryKind::HandlerStarted {
            handler: called, ..
        } = entry.kind
            && called == handler
            && let Some(input) = handled_message(entry, record)
            && name_of(input) == message
        {
            let edits = Edit::all_of(message, &input.message, None);
            kinds.extend(edits.into_iter().map(MutationKind::Misreads));
            for effect in record.effects(entry.id) {
                kinds.extend(miswrites_of(effect));
            }
        }
    }

    kinds
}

/// Returns the message of the handler call that started with this entry.
fn handled_message<'a>(start_entry: &Entry, record: &'a Record) -> Option<&'a Envelope> {
    record
        .causes(start_entry.id)
        .find_map(|cause| message_of(&cause.kind))
}

fn message_of(kind: &EntryKind) -> Option<&Envelope> {
    match kind {
        EntryKind::Appended(event) => Some(&event.envelope),
        EntryKind::CommandReceived(message)
        | EntryKind::Scheduled {
            command: message, ..
        }
        | EntryKind::Raised(message) => Some(message),
        _ => None,
    }
}

fn name_of(message: &Envelope) -> &str {
    message.metadata.message_type.name()
}

/// Returns the possible changes of one effect of a handler call.
fn miswrites_of(effect: &Entry) -> Vec<MutationKind> {
    let (name, content, id): (&str, &Payload, Option<&str>) = match &effect.kind {
        EntryKind::StateChanged(change) => match &change.after {
            Some(after) if change.table.kind.has_user_data() => {
                (change.table.name, after, Some(&change.id))
            }
            _ => return Vec::new(),
        },
        kind => match message_of(kind) {
            Some(message) => (name_of(message), &message.message, None),
            None => return Vec::new(),
        },
    };

    let mut edits = Edit::all_of(name, content, id);
    if let EntryKind::StateChanged(change) = &effect.kind
        && change.table.kind == TableKind::Aggregate
    {
        // A wrong id of an aggregate comes from its events: the mutations of the events cover it.
        edits.retain(|edit| matches!(edit, Edit::Swap(..)));
    }

    edits
        .into_iter()
        .map(|edit| MutationKind::Miswrites(name.to_owned(), edit))
        .collect()
}

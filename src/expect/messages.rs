use std::sync::Arc;

use flow_domain::{
    Error, Message,
    message::{Envelope, MessageLabels},
    model::{AnyCommand, IntoMessages, SameContent, SerializedMessage},
    record::{EntryId, EntryKind, Record},
};

use crate::{
    expect::{
        Claim, EmptyInput, Expectation, Mismatch, Subject, alignment::align, check::Check,
        never_happens::NeverHappens,
    },
    outcome::{Outcome, Problem, ProblemKind},
    value::{MessageView, cut_list},
};

/// Expects exactly these commands, in this order, from handlers because of the last act.
///
/// For none, use [`no_commands`]. A command does not count if it was rolled back with the handler that issued it. A scheduled command
/// does not count either: see [`scheduled`](crate::expect::scheduled).
pub fn commands<M: IntoMessages<AnyCommand>>(expected: M) -> impl Expectation + use<M> {
    let expected = Arc::new(ExpectedMessages::new(&expected));
    let described = Arc::clone(&expected);

    Check::about_messages(
        move |labels| format!("commands {}", described.names(labels)),
        move |outcome| {
            EmptyInput::ExpectedCommands.require(expected.is_empty())?;
            check_commands(&expected, outcome)
        },
    )
}

/// Expects that no handler issued a command because of the last act.
///
/// A command that was rolled back with the handler that issued it does not count, and neither does a
/// scheduled command. This fails if no handler can issue a command; see
/// [`docs::guards`](crate::docs::guards).
pub fn no_commands() -> impl Expectation {
    let expected = ExpectedMessages::new::<AnyCommand>(&());

    Check::new("no commands", move |outcome| {
        check_commands(&expected, outcome)
    })
    .excluding(NeverHappens::any_command)
    .claiming(Claim::Exclusion)
}

/// The messages that a test expects, as JSON, and how to compare each by its Rust type.
///
/// Their round trip is not checked, because no handler receives them.
pub(super) struct ExpectedMessages(Result<Vec<(SerializedMessage, SameContent)>, Error>);

impl ExpectedMessages {
    pub(super) fn new<Kind>(messages: &impl IntoMessages<Kind>) -> Self {
        let mut list = Vec::new();
        let serialized = messages.try_for_each(&mut |message| {
            list.push((message.to_serialized()?, message.same_content()));
            Ok(())
        });

        Self(serialized.map(|()| list))
    }

    /// # Errors
    ///
    /// Returns a mismatch if a message has no JSON form.
    pub(super) fn views(&self, labels: &MessageLabels) -> Result<Vec<MessageView>, Mismatch> {
        let list = self
            .0
            .as_ref()
            .map_err(|err| Mismatch::not_serialized("messages that have a JSON form", err))?;
        let views = list.iter().map(|(message, same_content)| {
            MessageView::of_serialized(message, labels).compared_by(*same_content)
        });

        Ok(views.collect())
    }

    pub(super) fn names(&self, labels: &MessageLabels) -> String {
        match self.views(labels) {
            Ok(views) => name_list(&views),
            Err(_) => "that have no JSON form".to_owned(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.as_ref().is_ok_and(Vec::is_empty)
    }
}

fn names(messages: &[MessageView]) -> Vec<String> {
    messages.iter().map(MessageView::label).collect()
}

/// Returns the names of the messages as one text.
pub(super) fn name_list(messages: &[MessageView]) -> String {
    if messages.is_empty() {
        return "nothing".to_owned();
    }

    cut_list(names(messages)).join(", ")
}

/// Requires that two lists hold equal messages in the same order.
pub(super) fn compare_messages(
    expected: &[MessageView],
    found: &[MessageView],
) -> Result<(), Mismatch> {
    if expected == found {
        return Ok(());
    }

    let alignment = align(expected, found);
    let subject = Subject::Messages {
        missing: alignment.missing,
        unexpected: alignment.unexpected,
        expected: names(expected),
        found: names(found),
    };
    Err(Mismatch::new(name_list(expected), name_list(found))
        .with_differences(alignment.lines)
        .with_subject(subject))
}

fn check_commands(expected: &ExpectedMessages, outcome: &Outcome) -> Result<(), Mismatch> {
    let labels = outcome.record().labels();
    let (mut found, mut rolled_back) = (Vec::new(), Vec::new());
    for (command, rolled_back_by) in outcome.last_act_commands() {
        let view = MessageView::new(command, labels);
        match rolled_back_by {
            None => found.push(view),
            Some(handler) => {
                let shown = view.show();
                rolled_back.push(format!(
                    "rolled back  {shown}, because {handler} did not succeed"
                ));
            }
        }
    }

    compare_messages(&expected.views(labels)?, &found).map_err(|mut mismatch| {
        mismatch.differences.append(&mut rolled_back);
        mismatch
    })
}

/// Returns the message that was issued, scheduled or stored at this entry.
pub(super) fn message_at(entry: EntryId, record: &Record) -> Option<&Envelope> {
    match &record.entry(entry).kind {
        EntryKind::CommandReceived(message)
        | EntryKind::Scheduled {
            command: message, ..
        } => Some(message),
        EntryKind::Appended(event) => Some(&event.envelope),
        _ => None,
    }
}

/// Returns the name of a message type, as texts show it.
pub(super) fn type_name<M: Message>(labels: &MessageLabels) -> String {
    labels.label_of_type(M::NAME, M::SCHEMAS)
}

/// Returns the label of a message type, or of the first variant of an enum.
pub(super) fn first_name<M: Message>(labels: &MessageLabels) -> String {
    M::SCHEMAS.first().map_or_else(
        || M::NAME.to_owned(),
        |schema| labels.label(schema.category, schema.name).into_owned(),
    )
}

/// Returns true if the problem is of this kind, and about a message of type `M`.
pub(super) fn is_problem_of<M: Message>(
    problem: &Problem<'_>,
    kind: ProblemKind,
    labels: &MessageLabels,
) -> bool {
    let is_named = |message: &str| {
        M::SCHEMAS
            .iter()
            .any(|schema| labels.label(schema.category, schema.name) == message)
    };
    problem.kind == kind && is_named(problem.message())
}

/// Requires that the domain knows the message type `M`.
///
/// An expectation about an unknown message is a mistake: no run could ever contain the message.
pub(super) fn require_known_message<M: Message>(outcome: &Outcome) -> Result<(), Mismatch> {
    let labels = outcome.record().labels();
    let known = outcome.system().message_names();
    let is_known = M::SCHEMAS
        .iter()
        .any(|schema| known.contains(&labels.label(schema.category, schema.name).into_owned()));
    if is_known {
        return Ok(());
    }

    let found = if outcome.is_unit_test {
        "the aggregate does not list it in `events(..)`, so it cannot raise it"
    } else {
        "no such message in the domain"
    };
    Err(Mismatch::new(
        format!("the message {}", type_name::<M>(labels)),
        found,
    ))
}

use std::fmt;

use flow_domain::json::Json;

use crate::{
    diagnosis::{
        Cause, ExpectedKey, HandlerCall, NearMiss, Similarity, ValueOrigin,
        field_cause::field_lines,
    },
    value::cut_middle,
};

/// Writes what happened, in one clause or a few lines. [`Cause::advice`] says what to do.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each function below writes only the variants that are listed for it here.
        match self {
            Self::NoHandler { .. }
            | Self::NoSubscriber { .. }
            | Self::NoProducer { .. }
            | Self::NoProjector { .. }
            | Self::NeverSent { .. } => self.fmt_wiring(f),

            Self::NotRaised { .. }
            | Self::Unexpected { .. }
            | Self::Accepted { .. }
            | Self::InvariantViolated { .. }
            | Self::NothingFailed { .. } => self.fmt_effects(f),

            Self::Rejected { .. }
            | Self::HandlerFailed { .. }
            | Self::Unreadable { .. }
            | Self::RolledBack { .. }
            | Self::Filtered { .. }
            | Self::Undelivered { .. }
            | Self::Deduplicated { .. }
            | Self::HandledRepeatedly { .. } => self.fmt_failure(f),

            Self::WroteNothing { .. }
            | Self::WroteOther { .. }
            | Self::Overwritten { .. }
            | Self::WrongKey { .. }
            | Self::FieldsDiffer { .. } => self.fmt_state(f),

            Self::Scheduled { .. }
            | Self::Pending { .. }
            | Self::NotInMode { .. }
            | Self::OrderDiffers { .. }
            | Self::ExpectationTooEarly { .. } => self.fmt_timing(f),
        }
    }
}

impl Cause {
    /// Writes which handler, projector or sender is missing.
    fn fmt_wiring(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHandler { command, .. } => write!(f, "no handler for the command {command}"),
            Self::NoSubscriber {
                event,
                handler,
                near_miss,
                ..
            } => {
                match handler {
                    Some(handler) => {
                        write!(f, "{event} was raised, but {handler} does not handle it")?;
                    }
                    None => write!(f, "{event} was raised, but no handler handles it")?,
                }

                match relevant_near_miss(near_miss.as_ref(), *handler) {
                    Some(near_miss) => write!(f, "; {near_miss}"),
                    None => Ok(()),
                }
            }
            Self::NoProducer { event, aggregate } => write!(
                f,
                "{aggregate} lists {event}, but no registered handler declares that it raises \
                 {event}"
            ),
            Self::NoProjector { projection, event } => match event {
                Some(event) => write!(
                    f,
                    "{event} was raised, but no projector writes {projection}"
                ),
                None => write!(f, "no projector writes {projection}"),
            },
            Self::NeverSent { message, .. } => {
                write!(
                    f,
                    "{message} was never sent; no handler of the domain sends it"
                )
            }
            _ => Ok(()),
        }
    }

    /// Writes what handlers did, although nothing failed.
    fn fmt_effects(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRaised {
                at,
                wanted,
                is_command,
                instead,
                changed,
            } => {
                let verb = if *is_command { "issued" } else { "raised" };
                let wanted = wanted.join(" or ");

                f.write_str(&handled_clause(at))?;
                if let Some(changed) = changed {
                    write!(f, ", changed {changed}")?;
                }

                match instead.as_slice() {
                    [] => write!(f, " and {verb} no {wanted}"),
                    instead => write!(f, " and {verb} {}, but no {wanted}", instead.join(", ")),
                }
            }
            Self::Unexpected { action, at } => match at {
                Some(at) => write!(f, "{} and {action}", handled_clause(at)),
                None => write!(f, "the test flow itself {action}"),
            },
            Self::Accepted { at, effects } => match effects.as_slice() {
                [] => write!(f, "{} and stored nothing", handled_clause(at)),
                effects => write!(f, "{}; effects: {}", handled_clause(at), effects.join(", ")),
            },
            Self::InvariantViolated { at, invariant } => {
                write!(
                    f,
                    "{} and violated the invariant `{invariant}`",
                    handled_clause(at)
                )
            }
            Self::NothingFailed { n_handled } => match n_handled {
                0 => f.write_str("no message was handled"),
                1 => f.write_str("1 message was handled successfully"),
                n => write!(f, "{n} messages were handled, all successfully"),
            },
            _ => Ok(()),
        }
    }

    /// Writes what failed, was rolled back, was skipped or was repeated.
    fn fmt_failure(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { at, reason, .. } => {
                write!(f, "{} rejected {}: {reason}", at.handler, at.message)
            }
            Self::HandlerFailed {
                at,
                error,
                attempts,
                is_dead_letter,
                ..
            } => {
                write!(f, "{} failed on {}", at.handler, at.message)?;
                write_attempts(f, &at.message, *attempts, *is_dead_letter)?;
                write!(f, ": {error}")
            }
            Self::Unreadable { at, subject, error } => write!(
                f,
                "{} and wrote {subject}, which cannot be read: {error}",
                handled_clause(at)
            ),
            Self::RolledBack { what, at, reason } => {
                write!(
                    f,
                    "{what} was rolled back because {} did not succeed on {}: {reason}",
                    at.handler, at.message
                )
            }
            Self::Filtered { at, reason } => {
                write!(f, "{} skipped {}: {reason}", at.handler, at.message)
            }
            Self::Undelivered {
                message, reason, ..
            } => write!(f, "{message} {reason}"),
            Self::Deduplicated { at } => write!(
                f,
                "{} skipped {} as a duplicate: it handles each message `once`, and it handled \
                 this one before",
                at.handler, at.message
            ),
            Self::HandledRepeatedly { at, times } => write!(
                f,
                "{} handled the same {} more than once, and {times} calls changed something",
                at.handler, at.message
            ),
            _ => Ok(()),
        }
    }

    /// Writes how a state got a wrong id or value, or that it was not written.
    fn fmt_state(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WroteNothing {
                at,
                wanted,
                not_found,
                ..
            } => {
                write!(f, "{} and wrote no {wanted}", handled_clause(at))?;
                match not_found {
                    Some(id) => write!(f, "; it did not find {id}"),
                    None => Ok(()),
                }
            }
            Self::WroteOther {
                at,
                wrote,
                similarity,
                origin,
                ..
            } => {
                write!(f, "{} and wrote {wrote}", handled_clause(at))?;
                write_similarity(f, similarity, &at.message)?;
                write_id_origin(f, origin.as_ref())
            }
            Self::Overwritten {
                at,
                subject,
                is_deleted,
                earlier,
            } => {
                let verb = if *is_deleted { "deleted" } else { "overwrote" };

                write!(f, "{} and {verb} {subject}", handled_clause(at))?;
                write_earlier_call(f, earlier.as_ref())
            }
            Self::WrongKey {
                at,
                type_name,
                id,
                field,
                expected_key,
                origin,
            } => {
                let field = field
                    .as_ref()
                    .map(|field| format!(" (the `{field}` of {})", at.message));
                let used = format!("{type_name} {id:?}{}", field.unwrap_or_default());

                f.write_str(&handled_clause(at))?;
                write_wrong_key(f, &used, type_name, expected_key)?;
                write_id_origin(f, origin.as_ref())
            }
            Self::FieldsDiffer { fields, .. } => f.write_str(&field_lines(fields)),
            _ => Ok(()),
        }
    }

    /// Writes which message or expectation came too early or too late.
    fn fmt_timing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheduled { command, due, .. } => {
                write!(f, "{command} is scheduled for {due} and is not due yet")
            }
            Self::Pending {
                message, waits_for, ..
            } => write!(f, "{message} is pending {waits_for}"),
            Self::NotInMode { feature, method } => {
                write!(f, "`Mode::Sync` {feature}, but `{method}` needs an engine")
            }
            Self::OrderDiffers {
                expected,
                found,
                at,
                ..
            } => write_side_by_side(f, expected, found, at.as_ref()),
            Self::ExpectationTooEarly { step, described } => write!(
                f,
                "the expectation holds only after step {step} ({described})"
            ),
            _ => Ok(()),
        }
    }
}

fn handled_clause(at: &HandlerCall) -> String {
    format!("{} handled {}", at.handler, at.message)
}

/// Returns the near miss, unless it is about another handler than `handler`.
pub(super) fn relevant_near_miss<'n>(
    near_miss: Option<&'n NearMiss>,
    handler: Option<&str>,
) -> Option<&'n NearMiss> {
    near_miss.filter(|near_miss| handler.is_none_or(|handler| handler == near_miss.handler()))
}

/// Writes how many attempts failed, and whether the message became a dead letter.
fn write_attempts(
    f: &mut fmt::Formatter<'_>,
    message: &str,
    n_attempts: u32,
    is_dead_letter: bool,
) -> fmt::Result {
    match (n_attempts, is_dead_letter) {
        (1, false) => Ok(()),
        (1, true) => write!(f, ", and {message} became a dead letter"),
        (n, false) => write!(f, " after {n} attempts"),
        (n, true) => write!(f, " after {n} attempts, and {message} became a dead letter"),
    }
}

/// Writes the call that had written the state before.
fn write_earlier_call(f: &mut fmt::Formatter<'_>, earlier: Option<&HandlerCall>) -> fmt::Result {
    match earlier {
        Some(call) => write!(
            f,
            ", which {} wrote when it handled {}",
            call.handler, call.message
        ),
        None => Ok(()),
    }
}

/// Writes how the written id differs from the wanted id.
fn write_similarity(
    f: &mut fmt::Formatter<'_>,
    similarity: &Similarity,
    message: &str,
) -> fmt::Result {
    match similarity {
        Similarity::EditDistance(1) => f.write_str(" (1 edit away)"),
        Similarity::EditDistance(n) => write!(f, " ({n} edits away)"),
        Similarity::InField { field, id } => {
            write!(f, "; {id:?} is the `{field}` of {message}")
        }
        Similarity::Unrelated => Ok(()),
    }
}

/// Writes which state the handler used, and which id it should have used.
fn write_wrong_key(
    f: &mut fmt::Formatter<'_>,
    used: &str,
    type_name: &str,
    expected_key: &ExpectedKey,
) -> fmt::Result {
    match expected_key {
        ExpectedKey::InField(field, id) => {
            write!(f, " and looked up {used} instead of {id:?} (the `{field}`)")
        }
        ExpectedKey::Similar(id) => {
            write!(f, " and did not find {used}; {type_name} {id:?} exists")
        }
        ExpectedKey::Unknown => write!(f, " and did not find {used}"),
    }
}

/// Writes where an id comes from, on its own line.
fn write_id_origin(f: &mut fmt::Formatter<'_>, origin: Option<&ValueOrigin>) -> fmt::Result {
    match origin {
        Some(origin) => write!(f, "\nthe id {origin}"),
        None => Ok(()),
    }
}

/// Writes the expected and the found order in two columns, with a mark where they differ.
fn write_side_by_side(
    f: &mut fmt::Formatter<'_>,
    expected: &[String],
    found: &[String],
    at: Option<&HandlerCall>,
) -> fmt::Result {
    let longest = expected.iter().map(|name| name.chars().count()).max();
    let width = longest.unwrap_or(0).max("expected".len());

    write!(
        f,
        "the expected messages came in another order\n{:<width$}  found",
        "expected"
    )?;
    for (expected, found) in expected.iter().zip(found) {
        let mark = if expected == found { "" } else { "  <-" };
        write!(f, "\n{expected:<width$}  {found}{mark}")?;
    }

    let first_difference = expected
        .iter()
        .zip(found)
        .find(|(expected, found)| expected != found);
    match at.zip(first_difference) {
        Some((at, (_, early))) => write!(
            f,
            "\n{} sent {early} too early, when it handled {}",
            at.handler, at.message
        ),
        None => Ok(()),
    }
}

impl fmt::Display for HandlerCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return f.write_str(self.handler);
        }

        write!(f, "{} on {}", self.handler, self.message)
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Category {
                handler,
                wanted,
                found,
            } => write!(
                f,
                "{handler} is subscribed to an event of this name in the category `{wanted}`, \
                 not `{found}`"
            ),
            Self::Version { handler, wanted } | Self::Name { handler, wanted } => {
                write!(f, "{handler} is subscribed to {wanted}")
            }
        }
    }
}

/// Returns a value as JSON, cut in the middle if it is long.
pub(super) fn short_json(value: &Json) -> String {
    cut_middle(value.to_string())
}

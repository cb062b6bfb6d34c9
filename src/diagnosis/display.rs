use std::fmt;

use serde_json::Value;

use crate::{
    diagnosis::{Cause, ExpectedKey, FieldCause, HandlerCall, NearMiss, Similarity, ValueOrigin},
    report::cut_middle,
};

/// What happened, in one clause or a few lines; what to do is [`Verdict::advice`].
impl fmt::Display for Cause {
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each case, to be read side by side"
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHandler { command, .. } => write!(f, "nobody handles the command {command}"),
            Self::Rejected { at, reason, .. } => {
                write!(f, "{} refused {}: {reason}", at.handler, at.message)
            }
            Self::NotRaised {
                at,
                wanted,
                is_command,
                instead,
                changed,
            } => {
                let verb = if *is_command { "issued" } else { "raised" };
                write!(f, "{}", handled_clause(at))?;
                if let Some(changed) = changed {
                    write!(f, ", changed {changed}")?;
                }

                write!(f, " and {verb} no {wanted}")?;
                match instead.as_slice() {
                    [] => Ok(()),
                    instead => write!(f, ", but {}", instead.join(", ")),
                }
            }
            Self::NoSubscriber {
                event,
                handler,
                near_miss: near,
                ..
            } => {
                match handler {
                    Some(handler) => {
                        write!(f, "{event} was raised, and {handler} does not handle it")?;
                    }
                    None => write!(f, "{event} was raised, and nobody handles it")?,
                }

                let near = relevant_near_miss(near.as_ref(), *handler);
                near.map_or(Ok(()), |near| write!(f, "; {near}"))
            }
            Self::Filtered { at, reason } => {
                write!(f, "{} let {} go: {reason}", at.handler, at.message)
            }
            Self::Scheduled { command, due, .. } => {
                write!(f, "{command} is scheduled for {due}, which has not come")
            }
            Self::HandlerFailed {
                at,
                error,
                attempts,
                is_dead_letter,
                is_panic,
                ..
            } => {
                let (verb, error) = match is_panic {
                    true => ("panicked", error.trim_start_matches("panicked ")),
                    false => ("failed", error.as_str()),
                };
                write!(f, "{} {verb} on {}", at.handler, at.message)?;
                match (attempts, is_dead_letter) {
                    (1, false) => {}
                    (1, true) => f.write_str(", and it is a dead letter")?,
                    (n, false) => write!(f, ", {n} times")?,
                    (n, true) => write!(f, ", {n} times, and it is a dead letter")?,
                }

                write!(f, ": {error}")
            }
            Self::Deduplicated { at } => write!(
                f,
                "{} had handled this {} before, and handles each `once`",
                at.handler, at.message
            ),
            Self::WroteNothing {
                at,
                wanted,
                not_found: missed,
            } => {
                write!(f, "{} and wrote no {wanted}", handled_clause(at))?;
                missed.as_ref().map_or(Ok(()), |missed| {
                    write!(f, "; it looked for {missed}, which is not there")
                })
            }
            Self::WroteOther {
                at,
                wanted,
                wrote,
                similarity: nearness,
                origin,
            } => {
                write!(f, "{} and wrote {wrote}", handled_clause(at))?;
                match nearness {
                    Similarity::EditDistance(1) => f.write_str(" (one letter away)")?,
                    Similarity::EditDistance(n) => write!(f, " ({n} letters away)")?,
                    Similarity::InField(field) => {
                        let id = wanted.split_once(' ').map_or(wanted.as_str(), |(_, id)| id);
                        write!(f, "; {id} is the `{field}` of {}", at.message)?;
                    }
                    Similarity::Unrelated => {}
                }

                write_id_origin(f, origin.as_ref())
            }
            Self::Overwritten {
                at,
                subject,
                is_deleted,
                earlier,
            } => {
                let verb = if *is_deleted { "deleted" } else { "wrote over" };
                write!(f, "{} and {verb} {subject}", handled_clause(at))?;
                earlier
                    .as_ref()
                    .map_or(Ok(()), |earlier| write!(f, ", which was of {earlier}"))
            }
            Self::RolledBack { what, at, reason } => {
                write!(f, "{what} was rolled back with {at}: {reason}")
            }
            Self::Pending {
                message, waits_for, ..
            } => write!(
                f,
                "{message} waits {waits_for}: the engine has not run since"
            ),
            Self::NotInMode {
                feature: what,
                method: word,
            } => {
                write!(f, "`Mode::Sync` {what}, and `{word}` asks for that")
            }
            Self::FieldsDiffer { fields, .. } => f.write_str(&field_lines(fields)),
            Self::OrderDiffers {
                expected,
                found,
                at,
            } => write_side_by_side(f, (expected, found), at.as_ref()),
            Self::AssertedTooEarly { step, described } => {
                write!(
                    f,
                    "it is so after step {step}, {described}, and was asked before"
                )
            }
            Self::WrongKey {
                at,
                type_name: name,
                id,
                field,
                expected_key: right,
                origin,
            } => {
                write!(f, "{} and looked for {name} {id:?}", handled_clause(at))?;
                if let Some(field) = field {
                    write!(f, ", its `{field}`")?;
                }

                match right {
                    ExpectedKey::InField(field, id) => {
                        write!(f, ", and not for {id:?}, its `{field}`")?;
                    }
                    ExpectedKey::Similar(id) => write!(f, "; there is {id:?}")?,
                    ExpectedKey::Unknown => f.write_str(", which is not there")?,
                }

                write_id_origin(f, origin.as_ref())
            }
            Self::Unexpected { action: did, at } => match at {
                Some(at) => write!(f, "{} and {did}", handled_clause(at)),
                None => write!(f, "the sentence itself {did}"),
            },
            Self::Accepted { at, effects: did } => match did.as_slice() {
                [] => write!(f, "{} and changed nothing", handled_clause(at)),
                did => write!(f, "{}: {}", handled_clause(at), did.join(", ")),
            },
            Self::NoProducer { event, aggregate } => write!(
                f,
                "{aggregate} lists {event}, and no handler that is registered says that it raises it"
            ),
            Self::NoProjector {
                projection: name,
                event,
            } => match event {
                Some(event) => write!(f, "{event} was raised, and no projector keeps {name}"),
                None => write!(f, "no projector keeps {name}"),
            },
            Self::Unreadable { at, subject, error } => {
                write!(
                    f,
                    "{} and wrote {subject}, which cannot be read: {error}",
                    handled_clause(at)
                )
            }
            Self::InvariantViolated { at, invariant: law } => {
                write!(f, "{} and broke the law `{law}`", handled_clause(at))
            }
            Self::HandledRepeatedly { at, times } => write!(
                f,
                "{} handled the same {} {times} times, and each counts",
                at.handler, at.message
            ),
            Self::NothingFailed { n_handled } => match n_handled {
                0 => f.write_str("nothing was handled"),
                1 => f.write_str("the one message that was handled was handled well"),
                n => write!(
                    f,
                    "the {n} messages that were handled were all handled well"
                ),
            },
            Self::NeverSent { message } => {
                write!(f, "{message} did not come; nobody in the domain sends it")
            }
        }
    }
}

fn handled_clause(at: &HandlerCall) -> String {
    format!("{} handled {}", at.handler, at.message)
}

/// What is nearly the same, unless it is somebody else who wants that.
pub(super) fn relevant_near_miss<'n>(
    near: Option<&'n NearMiss>,
    handler: Option<&str>,
) -> Option<&'n NearMiss> {
    near.filter(|near| handler.is_none_or(|handler| handler == near.handler()))
}

/// Where an id is from, on a line of its own.
fn write_id_origin(f: &mut fmt::Formatter<'_>, origin: Option<&ValueOrigin>) -> fmt::Result {
    origin.map_or(Ok(()), |origin| write!(f, "\nthe id {origin}"))
}

/// The fields that differ; those that were set together, and of which nothing else is known, in one line.
fn field_lines(fields: &[FieldCause]) -> String {
    let mut lines: Vec<(Vec<&str>, String)> = Vec::new();
    for field in fields {
        let cause = field.to_string();
        match lines.iter_mut().find(|(_, known)| *known == cause) {
            Some((paths, _)) => paths.push(&field.path),
            None => lines.push((vec![&field.path], cause)),
        }
    }

    let lines = lines.iter().map(|(paths, cause)| {
        let verb = if paths.len() == 1 { "was" } else { "were" };
        format!("{} {verb} {cause}", paths.join(", "))
    });
    lines.collect::<Vec<String>>().join("\n")
}

fn write_side_by_side(
    f: &mut fmt::Formatter<'_>,
    (expected, found): (&[String], &[String]),
    at: Option<&HandlerCall>,
) -> fmt::Result {
    let width = expected.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or(0).max("expected".len());

    write!(
        f,
        "the same came in another order\n{:<width$}  found",
        "expected"
    )?;

    for (one, other) in expected.iter().zip(found) {
        let mark = if one == other { "" } else { "  <-" };
        write!(f, "\n{one:<width$}  {other}{mark}")?;
    }

    at.map_or(Ok(()), |at| write!(f, "\nwhat came early is of {at}"))
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
                "{handler} wants that of the category `{wanted}`, and this is of `{found}`"
            ),
            Self::Version { handler, wanted } | Self::Name { handler, wanted } => {
                write!(f, "{handler} wants {wanted}")
            }
        }
    }
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TestFlow { message, field } => {
                write!(f, "is as the sentence has it: the `{field}` of {message}")
            }
            Self::Changed {
                at,
                field,
                original: said,
            } => write!(
                f,
                "comes from {}: the `{field}` of {} is {}",
                at.handler,
                at.message,
                short_json(said)
            ),
            Self::OtherField { at, field } => {
                write!(
                    f,
                    "comes from {}: it is the `{field}` of {}",
                    at.handler, at.message
                )
            }
            Self::Created { at } => write!(f, "comes from {at}"),
        }
    }
}

/// Behind the name of the field: `set last by OrderDashboardProjector on OrderPlaced`.
impl fmt::Display for FieldCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.event, &self.set_by) {
            (Some(event), Some(by)) => write!(f, "set last by {event}, of {by}")?,
            (Some(event), None) => write!(f, "set last by {event}, which was given")?,
            (None, Some(by)) => write!(f, "set last by {by}")?,
            (None, None) => f.write_str("given")?,
        }

        if self.was_as_expected {
            f.write_str(", and was as expected before")?;
        }

        match &self.origin {
            Some(ValueOrigin::TestFlow { .. }) if self.expected.is_none() => Ok(()),
            // That is told already.
            Some(ValueOrigin::Created { at }) if Some(at) == self.set_by.as_ref() => Ok(()),
            Some(origin) => write!(f, "; the value {origin}"),
            None => Ok(()),
        }
    }
}

pub(super) fn short_json(value: &Value) -> String {
    cut_middle(value.to_string())
}

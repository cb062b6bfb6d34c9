use std::fmt;

use serde_json::Value;

use crate::{
    report::cut,
    why::{FieldCause, NearMiss, Nearness, Origin, Place, Right, Verdict},
};

/// What happened, in one clause or a few lines; what to do is [`Verdict::advice`].
impl fmt::Display for Verdict {
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
            Self::RaisedNothing {
                at,
                wanted,
                is_command,
                instead,
                changed,
            } => {
                let verb = if *is_command { "issued" } else { "raised" };
                write!(f, "{}", handled(at))?;
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
                near,
                ..
            } => {
                match handler {
                    Some(handler) => {
                        write!(f, "{event} was raised, and {handler} does not handle it")?;
                    }
                    None => write!(f, "{event} was raised, and nobody handles it")?,
                }
                let near = near_to(near.as_ref(), *handler);
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
            Self::WroteNothing { at, wanted, missed } => {
                write!(f, "{} and wrote no {wanted}", handled(at))?;
                missed.as_ref().map_or(Ok(()), |missed| {
                    write!(f, "; it looked for {missed}, which is not there")
                })
            }
            Self::WroteOther {
                at,
                wanted,
                wrote,
                nearness,
                origin,
            } => {
                write!(f, "{} and wrote {wrote}", handled(at))?;
                match nearness {
                    Nearness::Letters(1) => f.write_str(" (one letter away)")?,
                    Nearness::Letters(n) => write!(f, " ({n} letters away)")?,
                    Nearness::Carried(field) => {
                        let id = wanted.split_once(' ').map_or(wanted.as_str(), |(_, id)| id);
                        write!(f, "; {id} is the `{field}` of {}", at.message)?;
                    }
                    Nearness::Other => {}
                }
                id_of(f, origin.as_ref())
            }
            Self::Overwritten {
                at,
                subject,
                is_deleted,
                earlier,
            } => {
                let verb = if *is_deleted { "deleted" } else { "wrote over" };
                write!(f, "{} and {verb} {subject}", handled(at))?;
                earlier
                    .as_ref()
                    .map_or(Ok(()), |earlier| write!(f, ", which was of {earlier}"))
            }
            Self::RolledBack { what, at, reason } => {
                write!(f, "{what} was rolled back with {at}: {reason}")
            }
            Self::Waits {
                message, waits_for, ..
            } => write!(
                f,
                "{message} waits {waits_for}: the engine has not run since"
            ),
            Self::NotInMode { what, word } => {
                write!(f, "`Mode::Sync` {what}, and `{word}` asks for that")
            }
            Self::FieldsDiffer { fields, .. } => f.write_str(&told(fields)),
            Self::OrderDiffers {
                expected,
                found,
                at,
            } => side_by_side(f, (expected, found), at.as_ref()),
            Self::AskedTooEarly { step, described } => {
                write!(
                    f,
                    "it is so after step {step}, {described}, and was asked before"
                )
            }
            Self::WrongKey {
                at,
                name,
                id,
                field,
                right,
                origin,
            } => {
                write!(f, "{} and looked for {name} {id:?}", handled(at))?;
                if let Some(field) = field {
                    write!(f, ", its `{field}`")?;
                }
                match right {
                    Right::Field(field, id) => write!(f, ", and not for {id:?}, its `{field}`")?,
                    Right::Near(id) => write!(f, "; there is {id:?}")?,
                    Right::Unknown => f.write_str(", which is not there")?,
                }
                id_of(f, origin.as_ref())
            }
            Self::Unexpected { did, at } => match at {
                Some(at) => write!(f, "{} and {did}", handled(at)),
                None => write!(f, "the sentence itself {did}"),
            },
            Self::Accepted { at, did } => match did.as_slice() {
                [] => write!(f, "{} and changed nothing", handled(at)),
                did => write!(f, "{}: {}", handled(at), did.join(", ")),
            },
            Self::NobodyRaises { event, aggregate } => write!(
                f,
                "{aggregate} lists {event}, and no handler that is registered says that it raises it"
            ),
            Self::NobodyKeeps { name, event } => match event {
                Some(event) => write!(f, "{event} was raised, and no projector keeps {name}"),
                None => write!(f, "no projector keeps {name}"),
            },
            Self::Unreadable { at, subject, error } => {
                write!(
                    f,
                    "{} and wrote {subject}, which cannot be read: {error}",
                    handled(at)
                )
            }
            Self::BrokeLaw { at, law } => {
                write!(f, "{} and broke the law `{law}`", handled(at))
            }
            Self::HandledAgain { at, times } => write!(
                f,
                "{} handled the same {} {times} times, and each counts",
                at.handler, at.message
            ),
            Self::AllWentWell { n_handled } => match n_handled {
                0 => f.write_str("nothing was handled"),
                1 => f.write_str("the one message that was handled was handled well"),
                n => write!(
                    f,
                    "the {n} messages that were handled were all handled well"
                ),
            },
            Self::NeverCame { message } => {
                write!(f, "{message} did not come; nobody in the domain sends it")
            }
        }
    }
}

fn handled(at: &Place) -> String {
    format!("{} handled {}", at.handler, at.message)
}

/// What is nearly the same, unless it is somebody else who wants that.
pub(super) fn near_to<'n>(
    near: Option<&'n NearMiss>,
    handler: Option<&str>,
) -> Option<&'n NearMiss> {
    near.filter(|near| handler.is_none_or(|handler| handler == near.handler()))
}

/// Where an id is from, on a line of its own.
fn id_of(f: &mut fmt::Formatter<'_>, origin: Option<&Origin>) -> fmt::Result {
    origin.map_or(Ok(()), |origin| write!(f, "\nthe id {origin}"))
}

/// The fields that differ; those that were set together, and of which nothing else is known, in one line.
fn told(fields: &[FieldCause]) -> String {
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

fn side_by_side(
    f: &mut fmt::Formatter<'_>,
    (expected, found): (&[String], &[String]),
    at: Option<&Place>,
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

impl fmt::Display for Place {
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

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sentence { message, field } => {
                write!(f, "is as the sentence has it: the `{field}` of {message}")
            }
            Self::Changed { at, field, said } => write!(
                f,
                "comes from {}: the `{field}` of {} is {}",
                at.handler,
                at.message,
                shown(said)
            ),
            Self::Taken { at, field } => {
                write!(
                    f,
                    "comes from {}: it is the `{field}` of {}",
                    at.handler, at.message
                )
            }
            Self::Made { at } => write!(f, "comes from {at}"),
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
        if self.was_right {
            f.write_str(", and was as expected before")?;
        }
        match &self.origin {
            Some(Origin::Sentence { .. }) if self.expected.is_none() => Ok(()),
            // That is told already.
            Some(Origin::Made { at }) if Some(at) == self.set_by.as_ref() => Ok(()),
            Some(origin) => write!(f, "; the value {origin}"),
            None => Ok(()),
        }
    }
}

pub(super) fn shown(value: &Value) -> String {
    cut(value.to_string())
}

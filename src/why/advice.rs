use crate::{
    report::first_few,
    why::{
        FieldCause, KeptAs, Missing, NearMiss, Nearness, Right, Verdict,
        words::{near_to, shown},
    },
};

impl Verdict {
    /// What to do about it, where there is something that helps more often than not.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each case, to be read side by side"
    )]
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::NoHandler { command, relative, .. } => match relative {
                Some(relative) => format!(
                    "name {command} in the routes of {relative}, which handles others of the same aggregate: `on.command(..)`"
                ),
                None => format!("register a command handler whose routes name {command}"),
            },
            Self::Rejected {
                unmade: Some(unmade),
                ..
            } => format!(
                "begin with {unmade} by `.given_command(..)` or `.given_aggregate(..)`: it has events, but is kept as state, which they do not make"
            ),
            Self::Rejected { is_answer: false, .. } => {
                "make what it asks for true in `given_..`".to_owned()
            }
            Self::Rejected { .. } => {
                "make what it asks for true in `given_..`, or expect the refusal: `.then_rejected(..)`".to_owned()
            }
            Self::RaisedNothing {
                at,
                wanted,
                changed: Some(changed),
                ..
            } => format!(
                "raise {wanted} where {} changes {changed}: nobody hears of a change without an event",
                at.handler
            ),
            Self::RaisedNothing { at, wanted, is_command: false, instead, .. } if instead.is_empty() => format!(
                "look for a forgotten `work.add(..)` in {}, or for the branch that leads to {wanted} and was not taken",
                at.handler
            ),
            Self::RaisedNothing { at, wanted, .. } => format!(
                "look at what {} decides on: the branch that leads to {wanted} was not taken",
                at.handler
            ),
            Self::NoSubscriber { event, handler, near, .. } => match (near_to(near.as_ref(), *handler), handler) {
                (Some(NearMiss::Category { wanted, .. }), _) => format!(
                    "name the aggregate that raises it: `#[event(part_of = ..)]` decides on the category, here `{wanted}`"
                ),
                (Some(NearMiss::Version { handler, .. }), _) => {
                    format!("add a method for {event} to {handler}, or upcast the old version")
                }
                (_, Some(handler)) => {
                    format!("add it to the routes of {handler}: `on.event(Self::on_..)`")
                }
                (_, None) => format!("name {event} in the routes of the handler that is to know of it"),
            },
            Self::Filtered { .. } => {
                "if it should not be let go, look at `origin`, the deadline, or what starts the process manager".to_owned()
            }
            Self::Scheduled { .. } => {
                "let time pass before it is asked: `.when_time_passes(..)`".to_owned()
            }
            Self::HandlerFailed {
                missing: Some(missing),
                ..
            } => missing.advice(),
            Self::HandlerFailed { at, .. } => format!(
                "mend {}, or expect what is so without it: `.then_handler_failed_saying::<{}>(\"..\")`",
                at.handler, at.handler
            ),
            Self::Deduplicated { .. } => {
                "a message with an id of its own is handled again; the same one is not".to_owned()
            }
            Self::HandledAgain { at, .. } => format!(
                "what comes again has the same id: let {} handle each `once`, or write what is the same twice",
                at.handler
            ),
            Self::WroteNothing { at, .. } => {
                format!("look for a forgotten `work.add(..)` or `rows.put(..)` in {}", at.handler)
            }
            Self::WroteOther { at, wrote, nearness: Nearness::Carried(field), .. } => {
                format!("ask for {wrote}, or have {} write it under its `{field}`", at.handler)
            }
            Self::WroteOther { wanted, .. } => {
                format!("ask for the id that is there, or mend where {wanted} gets its id from")
            }
            Self::Overwritten { at, .. } => {
                format!("look at what {} does to what is there already", at.handler)
            }
            Self::RolledBack { .. } => {
                "what is done in one unit of work stays or goes together".to_owned()
            }
            Self::Waits { .. } => "let the engine run first: `.when_engine_runs()`".to_owned(),
            Self::NotInMode { .. } => "run it with `.mode(Mode::Engine)`".to_owned(),
            Self::AskedTooEarly { step, .. } => format!("say it after step {step}"),
            Self::WrongKey {
                at,
                origin: Some(origin),
                ..
            } => {
                let made = origin.place().unwrap_or(at);
                format!("mend {}: the id that it gives on is another's", made.handler)
            }
            Self::WrongKey {
                at,
                right: Right::Field(field, _),
                ..
            } => format!("look it up by `{field}` in {}", at.handler),
            Self::OrderDiffers { .. } => {
                "if the order does not matter, say `.then_event(..)` for each".to_owned()
            }
            Self::FieldsDiffer { fields, .. } => {
                let mut fields = fields.iter();
                return fields.find_map(FieldCause::advice);
            }
            Self::WrongKey { .. }
            | Self::Unexpected { .. }
            | Self::AllWentWell { .. }
            | Self::Unreadable { .. }
            | Self::BrokeLaw { .. }
            | Self::Accepted { .. } => return None,
            Self::NobodyKeeps { name, .. } => {
                format!("register one: `.projector(..)` with `type Projection = {name}`")
            }
            Self::NobodyRaises { event, .. } => format!(
                "register the handler that raises {event}: `.event_handler(..)` or `.command_handler(..)`"
            ),
            Self::NeverCame { message } => {
                format!("have it come, if it is to: `.when(..)` or `.when_event({message} {{ .. }})`")
            }
        })
    }
}

impl Missing {
    fn advice(&self) -> String {
        let Self {
            what, id, known, ..
        } = self;
        let words = match self.kept_as {
            KeptAs::State => "`.given_command(..)` or `.given_aggregate(..)`",
            KeptAs::Events => "`.given_command(..)` or `.given_events(..)`",
            KeptAs::Row => "the event that makes it, in `.given_events(..)`",
        };
        let begin = format!("begin with {what} {id:?}, if it is to be there: {words}");
        if known.is_empty() {
            return begin;
        }
        let known = first_few(known.iter().map(|id| format!("{id:?}")));
        format!("{begin}; what is there: {known}")
    }
}

impl FieldCause {
    /// Where the expected value is to be had, if the message has it.
    fn advice(&self) -> Option<String> {
        let at = self.origin.as_ref()?.place()?;
        let field = self.right_field.as_ref()?;
        Some(format!(
            "if {} is to be {}, have {} take it from the `{field}` of {}",
            self.path,
            shown(self.expected.as_ref()?),
            at.handler,
            at.message
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kept_as: KeptAs, known: &[&str], expected: &str) {
        let missing = Missing {
            what: "Order",
            id: "ord-1".to_owned(),
            kept_as,
            known: known.iter().map(|id| (*id).to_owned()).collect(),
        };

        assert_eq!(missing.advice(), expected);
    }

    #[test]
    fn how_a_sentence_begins_with_something_depends_on_how_it_is_kept() {
        check(
            KeptAs::Events,
            &[],
            "begin with Order \"ord-1\", if it is to be there: `.given_command(..)` or `.given_events(..)`",
        );
        check(
            KeptAs::Row,
            &["a", "b", "c", "d", "e", "f"],
            "begin with Order \"ord-1\", if it is to be there: the event that makes it, in \
             `.given_events(..)`; what is there: \"a\", \"b\", \"c\", \"d\", \"e\", and 1 more",
        );
    }
}

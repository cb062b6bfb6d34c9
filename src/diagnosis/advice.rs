use crate::{
    diagnosis::{
        Cause, ExpectedKey, FieldCause, MissingState, NearMiss, Similarity, StoredAs,
        display::{relevant_near_miss, short_json},
    },
    report::first_few,
};

impl Cause {
    /// What to do about it, where there is something that helps more often than not.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each case, to be read side by side"
    )]
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::NoHandler { command, related_handler: relative, .. } => match relative {
                Some(relative) => format!(
                    "name {command} in the routes of {relative}, which handles others of the same aggregate: `on.command(..)`"
                ),
                None => format!("register a command handler whose routes name {command}"),
            },
            Self::Rejected {
                missing_state: Some(unmade),
                ..
            } => format!(
                "begin with {unmade} by `.given_command(..)` or `.given_aggregate(..)`: it has events, but is kept as state, which they do not make"
            ),
            Self::Rejected { is_command_result: false, .. } => {
                "make what it asks for true in `given_..`".to_owned()
            }
            Self::Rejected { .. } => {
                "make what it asks for true in `given_..`, or expect the refusal: `.then_rejected(..)`".to_owned()
            }
            Self::NotRaised {
                at,
                wanted,
                changed: Some(changed),
                ..
            } => format!(
                "raise {wanted} where {} changes {changed}: nobody hears of a change without an event",
                at.handler
            ),
            Self::NotRaised { at, wanted, is_command: false, instead, .. } if instead.is_empty() => format!(
                "look for a forgotten `work.add(..)` in {}, or for the branch that leads to {wanted} and was not taken",
                at.handler
            ),
            Self::NotRaised { at, wanted, .. } => format!(
                "look at what {} decides on: the branch that leads to {wanted} was not taken",
                at.handler
            ),
            Self::NoSubscriber { event, handler, near_miss: near, .. } => match (relevant_near_miss(near.as_ref(), *handler), handler) {
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
            Self::HandledRepeatedly { at, .. } => format!(
                "what comes again has the same id: let {} handle each `once`, or write what is the same twice",
                at.handler
            ),
            Self::WroteNothing { at, .. } => {
                format!("look for a forgotten `work.add(..)` or `rows.put(..)` in {}", at.handler)
            }
            Self::WroteOther { at, wrote, similarity: Similarity::InField(field), .. } => {
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
            Self::Pending { .. } => "let the engine run first: `.when_engine_runs()`".to_owned(),
            Self::NotInMode { .. } => "run it with `.mode(Mode::Engine)`".to_owned(),
            Self::AssertedTooEarly { step, .. } => format!("say it after step {step}"),
            Self::WrongKey {
                at,
                origin: Some(origin),
                ..
            } => {
                let made = origin.handler_call().unwrap_or(at);
                format!("mend {}: the id that it gives on is another's", made.handler)
            }
            Self::WrongKey {
                at,
                expected_key: ExpectedKey::InField(field, _),
                ..
            } => format!("look it up by `{field}` in {}", at.handler),
            Self::OrderDiffers { .. } => {
                "if the order does not matter, say `.then_event(..)` for each".to_owned()
            }
            Self::FieldsDiffer { fields, .. } => {
                return fields.iter().find_map(FieldCause::advice);
            }
            Self::WrongKey { .. }
            | Self::Unexpected { .. }
            | Self::NothingFailed { .. }
            | Self::Unreadable { .. }
            | Self::InvariantViolated { .. }
            | Self::Accepted { .. } => return None,
            Self::NoProjector { projection: name, .. } => {
                format!("register one: `.projector(..)` with `type Projection = {name}`")
            }
            Self::NoProducer { event, .. } => format!(
                "register the handler that raises {event}: `.event_handler(..)` or `.command_handler(..)`"
            ),
            Self::NeverSent { message } => {
                format!("have it come, if it is to: `.when(..)` or `.when_event({message} {{ .. }})`")
            }
        })
    }
}

impl MissingState {
    fn advice(&self) -> String {
        let Self {
            type_name: what,
            id,
            known_ids: known,
            ..
        } = self;

        let words = match self.stored_as {
            StoredAs::State => "`.given_command(..)` or `.given_aggregate(..)`",
            StoredAs::Events => "`.given_command(..)` or `.given_events(..)`",
            StoredAs::Row => "the event that makes it, in `.given_events(..)`",
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
        let at = self.origin.as_ref()?.handler_call()?;
        let field = self.expected_field.as_ref()?;

        Some(format!(
            "if {} is to be {}, have {} take it from the `{field}` of {}",
            self.path,
            short_json(self.expected.as_ref()?),
            at.handler,
            at.message
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kept_as: StoredAs, known: &[&str], expected: &str) {
        let missing = MissingState {
            type_name: "Order",
            id: "ord-1".to_owned(),
            stored_as: kept_as,
            known_ids: known.iter().map(|id| (*id).to_owned()).collect(),
        };

        assert_eq!(missing.advice(), expected);
    }

    #[test]
    fn missing_state_advice_depends_on_storage() {
        check(
            StoredAs::Events,
            &[],
            "begin with Order \"ord-1\", if it is to be there: `.given_command(..)` or `.given_events(..)`",
        );

        check(
            StoredAs::Row,
            &["a", "b", "c", "d", "e", "f"],
            "begin with Order \"ord-1\", if it is to be there: the event that makes it, in \
             `.given_events(..)`; what is there: \"a\", \"b\", \"c\", \"d\", \"e\", and 1 more",
        );
    }
}

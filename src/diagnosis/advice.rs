use flow_domain::record::TableKind;

use crate::{
    diagnosis::{
        Cause, ExpectedKey, FieldCause, MissingState, NearMiss, Similarity, StoredAs,
        display::{relevant_near_miss, short_json},
    },
    expect::TIMER_ADVICE,
    value::first_few,
};

impl Cause {
    /// Returns what to do about the cause; `None` if no advice helps in most cases.
    pub fn advice(&self) -> Option<String> {
        // Each function gives advice for its own variants, and none for the others.
        self.wiring_advice()
            .or_else(|| self.effect_advice())
            .or_else(|| self.failure_advice())
            .or_else(|| self.state_advice())
            .or_else(|| self.timing_advice())
    }

    /// Returns the advice for a handler, projector or sender that is missing.
    fn wiring_advice(&self) -> Option<String> {
        let advice = match self {
            Self::NoHandler {
                command,
                related_handler,
                ..
            } => match related_handler {
                Some(handler) => format!(
                    "add a route for {command} to {handler}, which handles other commands of the \
                     same aggregate: `on.command(..)`"
                ),
                None => format!("register a command handler with a route for {command}"),
            },
            Self::NoSubscriber {
                event,
                handler,
                near_miss,
                ..
            } => subscription_advice(event, *handler, near_miss.as_ref()),
            Self::NoProjector { projection, .. } => {
                format!(
                    "register a projector with `type Projection = {projection}`: `.projector(..)`"
                )
            }
            Self::NoProducer { event, .. } => format!(
                "declare {event} in the route of the handler that raises it, `.raises::<{event}>()`, \
                 or register the handler"
            ),
            Self::NeverSent {
                message,
                is_command,
            } => {
                let step = if *is_command {
                    "`.when(..)`"
                } else {
                    "`.when_event(..)`"
                };
                format!(
                    "send {message} from the test flow, if it comes from outside the domain: {step}"
                )
            }
            _ => return None,
        };

        Some(advice)
    }

    /// Returns the advice for a call that did not raise or issue what was expected.
    fn effect_advice(&self) -> Option<String> {
        let Self::NotRaised {
            at,
            wanted,
            is_command,
            instead,
            changed,
        } = self
        else {
            return None;
        };
        let wanted = wanted.join(" or ");

        Some(match changed {
            Some(changed) => format!(
                "raise {wanted} where {} changes {changed}: without an event, no subscriber learns \
                 of the change",
                at.handler
            ),
            None if !is_command && instead.is_empty() => format!(
                "look for a missing `work.add(..)` in {}, or check the conditions that lead to {wanted}",
                at.handler
            ),
            None => format!(
                "check the conditions in {} that lead to {wanted}",
                at.handler
            ),
        })
    }

    /// Returns the advice for a call that failed, was rolled back, was skipped or was repeated.
    fn failure_advice(&self) -> Option<String> {
        let advice = match self {
            Self::Rejected {
                missing_state: Some(state),
                ..
            } => format!(
                "create {state} with `.given_command(..)` or `.given_aggregate(..)`: it is stored \
                 as state, so its events do not create it"
            ),
            Self::Rejected { at, .. } => format!(
                "set up the required state in a `given_..` step, if {} should be accepted",
                at.message
            ),
            Self::HandlerFailed {
                missing: Some(missing),
                ..
            } => missing.advice(),
            Self::HandlerFailed {
                is_timed_out: true, ..
            } => TIMER_ADVICE.to_owned(),
            Self::RolledBack { at, .. } => format!(
                "check why {} did not succeed: a unit of work is committed or rolled back as a whole",
                at.handler
            ),
            Self::Deduplicated { at } => format!(
                "send a new {}: only a message with the same id is skipped",
                at.message
            ),
            Self::HandledRepeatedly { at, .. } => format!(
                "add `on.subscription().once()` to {}, or make the handler idempotent: a \
                 redelivered message has the same id",
                at.handler
            ),
            _ => return None,
        };

        Some(advice)
    }

    /// Returns the advice for a state that has a wrong id or value, or was not written.
    fn state_advice(&self) -> Option<String> {
        let advice = match self {
            Self::WroteNothing { at, table, .. } => match table {
                TableKind::Aggregate => {
                    format!("look for a missing `work.add(..)` in {}", at.handler)
                }
                TableKind::Projection => {
                    format!("look for a missing `rows.put(..)` in {}", at.handler)
                }
                _ => return None,
            },
            Self::WroteOther {
                at,
                wanted,
                similarity: Similarity::InField { field, .. },
                ..
            } => format!(
                "check {wanted} in the test, or let {} use the `{field}` of {} as the id",
                at.handler, at.message
            ),
            Self::WroteOther { at, wanted, .. } => format!(
                "check {wanted} in the test, or correct the id that {} writes",
                at.handler
            ),
            Self::Overwritten { at, subject, .. } => {
                format!("check what {} does with an existing {subject}", at.handler)
            }
            Self::WrongKey {
                at,
                origin: Some(origin),
                ..
            } => {
                let origin_call = origin.handler_call().unwrap_or(at);
                format!("correct {}: it passes on a wrong id", origin_call.handler)
            }
            Self::WrongKey {
                at,
                type_name,
                expected_key: ExpectedKey::InField(field, _),
                ..
            } => format!(
                "let {} use the `{field}` of {} as the id of {type_name}",
                at.handler, at.message
            ),
            Self::FieldsDiffer { fields, .. } => {
                return fields.iter().find_map(FieldCause::advice);
            }
            _ => return None,
        };

        Some(advice)
    }

    /// Returns the advice for messages and expectations that come too early or too late.
    fn timing_advice(&self) -> Option<String> {
        let advice = match self {
            Self::Scheduled { .. } => {
                "let time pass before this step: `.when_time_passes(..)`".to_owned()
            }
            Self::Pending { .. } => {
                "let the engine run before this step: `.when_engine_runs()`".to_owned()
            }
            Self::NotInMode { .. } => "run the flow with `.mode(Mode::Engine)`".to_owned(),
            Self::ExpectationTooEarly { step, .. } => {
                format!("move the expectation after step {step}")
            }
            Self::OrderDiffers {
                is_command: false, ..
            } => "use `.then_event(..)` for each event, if the order does not matter".to_owned(),
            _ => return None,
        };

        Some(advice)
    }
}

/// Returns how to subscribe a handler to an event.
///
/// `handler` should handle the event; `None` if the search does not know the handler.
fn subscription_advice(event: &str, handler: Option<&str>, near_miss: Option<&NearMiss>) -> String {
    match (relevant_near_miss(near_miss, handler), handler) {
        (Some(NearMiss::Category { wanted, .. }), _) => format!(
            "set `#[event(part_of = ..)]` to the aggregate that raises {event}; its category is \
             now `{wanted}`"
        ),
        (Some(NearMiss::Version { handler, .. }), _) => route_advice(event, handler),
        (_, Some(handler)) => route_advice(event, handler),
        (_, None) => route_advice(event, "the handler that needs it"),
    }
}

fn route_advice(event: &str, handler: &str) -> String {
    format!("add a route for {event} to {handler}: `on.event(Self::the_method)`")
}

impl MissingState {
    /// Returns how a test flow creates the state, and which ids exist.
    fn advice(&self) -> String {
        let steps = match self.stored_as {
            StoredAs::State => "`.given_command(..)` or `.given_aggregate(..)`",
            StoredAs::Events => "`.given_command(..)` or `.given_events(..)`",
            StoredAs::Row => "an event in `.given_events(..)`",
        };
        let advice = format!(
            "create {} {:?} with {steps}, if it should exist",
            self.type_name, self.id
        );

        if self.known_ids.is_empty() {
            return advice;
        }

        let known_ids = first_few(self.known_ids.iter().map(|id| format!("{id:?}")));
        format!("{advice}; existing ids: {known_ids}")
    }
}

impl FieldCause {
    /// Returns where the handler can take the expected value from, if its message has it.
    fn advice(&self) -> Option<String> {
        let at = self.origin.as_ref()?.handler_call()?;
        let field = self.expected_field.as_ref()?;

        Some(format!(
            "let {} take `{}` from the `{field}` of {}, if {} is correct",
            at.handler,
            self.path,
            at.message,
            short_json(self.expected.as_ref()?)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stored_as: StoredAs, known_ids: &[&str], expected: &str) {
        let missing = MissingState {
            type_name: "Order",
            id: "ord-1".to_owned(),
            stored_as,
            known_ids: known_ids.iter().map(|id| (*id).to_owned()).collect(),
        };

        assert_eq!(missing.advice(), expected);
    }

    #[test]
    fn command_is_sent_with_when() {
        let never_sent = |is_command| Cause::NeverSent {
            message: "PayOrder".to_owned(),
            is_command,
        };

        let advice = |is_command| never_sent(is_command).advice().unwrap();

        assert!(advice(true).ends_with(": `.when(..)`"));
        assert!(advice(false).ends_with(": `.when_event(..)`"));
    }

    #[test]
    fn missing_state_advice_depends_on_storage() {
        check(
            StoredAs::Events,
            &[],
            "create Order \"ord-1\" with `.given_command(..)` or `.given_events(..)`, if it \
             should exist",
        );

        check(
            StoredAs::Row,
            &["a", "b", "c", "d", "e", "f"],
            "create Order \"ord-1\" with an event in `.given_events(..)`, if it should exist; \
             existing ids: \"a\", \"b\", \"c\", \"d\", \"e\", and 1 more",
        );
    }
}

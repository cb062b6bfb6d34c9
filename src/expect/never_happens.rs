use std::collections::BTreeSet;

use flow_domain::{
    Message,
    message::{Envelope, MessageLabels},
    record::{EntryKind, HandlerKind, TableKind},
    testing::StateType,
    wiring::{SubscriptionWiring, Wiring},
};

use crate::{
    expect::{Mismatch, Requirement, messages::type_name},
    outcome::Outcome,
};

/// Why an expectation can never fail: nothing can cause what it excludes.
///
/// Only declarations show what a handler raises and issues, and they may be incomplete. If every
/// handler declares something, the expectation fails. If only every command handler does, there is a
/// warning: an event handler that declares nothing then most likely has no effects.
#[derive(Debug)]
pub(super) struct NeverHappens {
    /// What can never happen: `no handler declares that it raises OrderPlaced`.
    reason: String,
    /// What to do about it.
    advice: String,
    certainty: Certainty,
}

/// How certain it is that an expectation can never fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certainty {
    /// It can fail in no mode, so it fails the flow.
    Certain,
    /// The same flow can fail in another run, so there is a warning.
    InThisRun,
    /// Some handler declares nothing, so there is a warning.
    Probable,
}

/// An effect of a handler that a route declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Raises,
    Issues,
}

impl NeverHappens {
    /// The expectation can fail in no mode.
    pub(super) fn in_any_mode(reason: impl Into<String>, advice: &str) -> Self {
        Self {
            reason: reason.into(),
            advice: advice.to_owned(),
            certainty: Certainty::Certain,
        }
    }

    /// The expectation cannot fail in this mode, but the same flow may fail in another one.
    ///
    /// A test that chooses its mode may run in all of them. In each of its runs a warning would be wrong.
    pub(super) fn in_this_mode(reason: &str, outcome: &Outcome) -> Option<Self> {
        let advice = "Run the flow in `Mode::Engine`, too";
        (!outcome.is_mode_chosen).then(|| Self::in_this_run(reason, advice))
    }

    /// The expectation cannot fail in this run.
    pub(super) fn in_this_run(reason: impl Into<String>, advice: &str) -> Self {
        Self {
            reason: reason.into(),
            advice: advice.to_owned(),
            certainty: Certainty::InThisRun,
        }
    }

    /// Finds out whether no handler can raise an event of type `E`.
    pub(super) fn event<E: Message>(outcome: &Outcome) -> Option<Self> {
        Self::of_message::<E>(Effect::Raises, outcome)
    }

    /// Finds out whether no handler can issue or schedule a command of type `C`.
    pub(super) fn command<C: Message>(outcome: &Outcome) -> Option<Self> {
        Self::of_message::<C>(Effect::Issues, outcome)
    }

    /// Finds out whether no handler can raise any event.
    pub(super) fn any_event(outcome: &Outcome) -> Option<Self> {
        Self::of_any(Effect::Raises, outcome)
    }

    /// Finds out whether no handler can issue any command.
    pub(super) fn any_command(outcome: &Outcome) -> Option<Self> {
        Self::of_any(Effect::Issues, outcome)
    }

    /// Finds out whether no message can reach the handler with this name.
    pub(super) fn call(handler: &str, outcome: &Outcome) -> Option<Self> {
        let wiring = outcome.system().wiring();
        let commands = wiring
            .commands
            .iter()
            .filter(|route| route.handler == handler)
            .map(|route| route.command.as_str());
        let events = events_to(wiring, |route| route.handler == handler);

        Self::of_handler(handler, commands.chain(events).collect(), outcome)
    }

    /// Finds out whether no message can reach the handlers that write states of this type.
    ///
    /// Nothing is known of an aggregate: any handler of a command may add one.
    pub(super) fn state(state_type: StateType, outcome: &Outcome) -> Option<Self> {
        let name = state_type.name;
        let events = events_to(outcome.system().wiring(), |route| match state_type.kind {
            TableKind::Projection => route.projection == Some(name),
            TableKind::ProcessManager => route.handler == name,
            _ => false,
        });

        let writer = format!("the handler that writes {name}");

        Self::of_handler(&writer, events.collect(), outcome)
    }

    /// Finds out whether none of the messages that reach `handler` can be sent.
    ///
    /// The test may have sent one itself.
    fn of_handler(handler: &str, messages: BTreeSet<&str>, outcome: &Outcome) -> Option<Self> {
        let wiring = outcome.system().wiring();
        let is_declared = [Effect::Raises, Effect::Issues]
            .into_iter()
            .flat_map(|effect| declared(effect, wiring))
            .any(|declared| messages.contains(declared));
        if messages.is_empty() || is_declared || has_message(outcome, &messages) {
            return None;
        }

        let names: Vec<&str> = messages.into_iter().collect();
        Self::new(
            format!(
                "no handler declares a message that reaches {handler} ({}), and the test sends none",
                names.join(", ")
            ),
            "If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or \
             `.issues::<..>()`"
                .to_owned(),
            outcome,
        )
    }

    fn of_message<M: Message>(effect: Effect, outcome: &Outcome) -> Option<Self> {
        let (labels, wiring) = (outcome.record().labels(), outcome.system().wiring());
        let names: BTreeSet<String> = M::SCHEMAS
            .iter()
            .map(|schema| labels.label(schema.category, schema.name).into_owned())
            .collect();
        let is_declared = declared(effect, wiring).any(|declared| names.contains(declared));
        let is_named = |message: &Envelope| names.contains(&labels.label_of_envelope(message));
        if is_declared || has_effect(effect, outcome, is_named) {
            return None;
        }

        let origin = if wiring
            .events_from_outside
            .iter()
            .any(|event| names.contains(event))
        {
            " (the event comes from outside the domain)"
        } else {
            ""
        };
        let verb = effect.verb();
        Self::new(
            format!(
                "no handler declares that it {verb} {}{origin}",
                type_name::<M>(labels)
            ),
            format!(
                "If a handler {verb} it, declare it in the routes: `.{verb}::<{}>()`",
                M::NAME
            ),
            outcome,
        )
    }

    fn of_any(effect: Effect, outcome: &Outcome) -> Option<Self> {
        if !outcome.system().has_known_wiring() {
            return Self::unreported_event(effect, outcome);
        }

        let is_declared = declared(effect, outcome.system().wiring()).next().is_some();
        if is_declared || has_effect(effect, outcome, |_| true) {
            return None;
        }

        let (verb, noun) = (effect.verb(), effect.noun());
        Self::new(
            format!("no handler declares that it {verb} {noun}"),
            format!("If a handler {verb} one, declare it in the routes: `.{verb}::<..>()`"),
            outcome,
        )
    }

    /// Finds out whether a system of which the wiring is not known reports no events.
    fn unreported_event(effect: Effect, outcome: &Outcome) -> Option<Self> {
        let is_possible = effect != Effect::Raises || outcome.system().reports_events();
        (!is_possible).then(|| {
            Self::in_this_run(
                "the system reports no events",
                "Pass each event that it commits to `CommittedEvents::add`, or describe an `.event_log(..)`",
            )
        })
    }

    /// Returns `None` if the handlers declare too little to tell.
    fn new(reason: String, advice: String, outcome: &Outcome) -> Option<Self> {
        let wiring = outcome.system().wiring();
        let do_commands_declare = wiring
            .commands
            .iter()
            .all(|route| !route.raises.is_empty() || !route.issues.is_empty());
        let do_events_declare = wiring
            .subscriptions
            .iter()
            .filter(|route| route.kind != HandlerKind::Projector)
            .all(|route| !route.raises.is_empty() || !route.issues.is_empty());
        // A unit test has no handlers, and a domain without declarations shows nothing.
        let declares_anything = [Effect::Raises, Effect::Issues]
            .into_iter()
            .any(|effect| declared(effect, wiring).next().is_some());

        (declares_anything && do_commands_declare).then_some(Self {
            reason,
            advice,
            certainty: if do_events_declare {
                Certainty::Certain
            } else {
                Certainty::Probable
            },
        })
    }

    /// Requires that the expectation can fail.
    ///
    /// # Errors
    ///
    /// Returns a mismatch if it can fail in no mode.
    pub(super) fn require_possible(never: Option<Self>) -> Result<(), Mismatch> {
        match never {
            Some(never) if never.certainty == Certainty::Certain => {
                let found = format!("{}\n{}", never.reason, never.advice);
                let mismatch = Mismatch::new("an expectation that can fail", found);
                Err(mismatch.with_requirement(Requirement::Impossible))
            }
            _ => Ok(()),
        }
    }

    /// Returns the warning if the expectation may fail in another mode, or after all.
    pub(super) fn warning(never: Option<Self>) -> Option<String> {
        let never = never?;
        let passes = match never.certainty {
            Certainty::Certain => return None,
            Certainty::InThisRun => "cannot fail here",
            Certainty::Probable => "probably always passes",
        };

        Some(format!(
            "{}, so this expectation {passes}. {}",
            never.reason, never.advice
        ))
    }
}

impl Effect {
    /// Returns the verb, which is also the name of the method that declares the effect.
    fn verb(self) -> &'static str {
        match self {
            Self::Raises => "raises",
            Self::Issues => "issues",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Raises => "an event",
            Self::Issues => "a command",
        }
    }
}

/// Returns the events of the routes for which `matches` returns true.
fn events_to(
    wiring: &Wiring,
    matches: impl Fn(&SubscriptionWiring) -> bool,
) -> impl Iterator<Item = &str> {
    let routes = wiring.subscriptions.iter();
    routes
        .filter(move |route| matches(route))
        .map(|route| route.event.as_str())
}

/// Returns the messages that the routes of the domain declare to raise or to issue.
fn declared(effect: Effect, wiring: &Wiring) -> impl Iterator<Item = &str> {
    let of_commands = wiring.commands.iter().map(move |route| match effect {
        Effect::Raises => &route.raises,
        Effect::Issues => &route.issues,
    });
    let of_events = wiring.subscriptions.iter().map(move |route| match effect {
        Effect::Raises => &route.raises,
        Effect::Issues => &route.issues,
    });

    of_commands.chain(of_events).flatten().map(String::as_str)
}

/// Returns true if a handler had this effect in this run, given steps included.
///
/// The expectation can then fail, although no route declares the message.
fn has_effect(effect: Effect, outcome: &Outcome, matches: impl Fn(&Envelope) -> bool) -> bool {
    outcome.record().entries().iter().any(|entry| {
        match (effect, &entry.kind) {
            (Effect::Raises, EntryKind::Raised(event)) => matches(event),
            (Effect::Issues, EntryKind::Scheduled { command, .. }) => matches(command),
            // A command without a cause is one of the test.
            (Effect::Issues, EntryKind::CommandReceived(command)) => {
                entry.cause.is_some() && matches(command)
            }
            _ => false,
        }
    })
}

/// Returns true if one of these messages is in the record, whoever sent it.
fn has_message(outcome: &Outcome, names: &BTreeSet<&str>) -> bool {
    let labels: &MessageLabels = outcome.record().labels();
    let is_named = |message: &Envelope| names.contains(&*labels.label_of_envelope(message));

    outcome
        .record()
        .entries()
        .iter()
        .any(|entry| match &entry.kind {
            EntryKind::Raised(message)
            | EntryKind::CommandReceived(message)
            | EntryKind::Scheduled {
                command: message, ..
            } => is_named(message),
            EntryKind::Appended(event) => is_named(&event.envelope),
            _ => false,
        })
}

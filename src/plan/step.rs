use std::{panic::Location, sync::Arc};

use flow_domain::{
    Error, Headers,
    message::{MessageLabels, Priority},
    model::SerializedMessage,
    record::InvariantViolation,
    testing::{SerializedAggregate, StoredEvent},
};

use crate::{
    expect::{Expectation, describe},
    outcome::{Keyword, Outcome, ReplyName, StepText},
    system::{ClockAdvance, fault::Fault},
    value::MessageView,
};

/// A step of a plan, with its line in the test.
pub(crate) struct Step<'t> {
    pub(crate) location: &'static Location<'static>,
    pub(crate) kind: StepKind<'t>,
}

/// A message of the test as JSON, or why it has none.
pub(crate) type MessageResult = Result<SerializedMessage, Error>;

/// A command that a closure of the test built, and whether it violates an invariant.
pub(crate) type BuiltMessage = (MessageResult, Option<InvariantViolation>);

/// A closure of the test that builds a command from the outcome so far.
pub(crate) type CommandBuilder<'t> = Box<dyn Fn(&Outcome) -> BuiltMessage + Send + Sync + 't>;

/// What a step does.
pub(crate) enum StepKind<'t> {
    GivenNothing,
    GivenEvents(Result<Vec<SerializedMessage>, Error>),
    /// Events as programs of yesterday stored them, or why they cannot be read.
    GivenStored(Result<Vec<StoredEvent>, Error>),
    /// The aggregate, or its description and why it has no JSON form.
    GivenAggregate(Result<SerializedAggregate, (String, Error)>),
    GivenCommand(MessageResult),
    When(MessageAct),
    WhenWith(CommandBuilder<'t>, ReplyName),
    WhenTime(ClockAdvance),
    /// The number of cycles; `None` for as many as there is work for.
    WhenEngine(Option<usize>),
    WhenAll(Result<Vec<SerializedMessage>, Error>),
    WhenRedelivered(u32),
    Then(Box<dyn Expectation + 't>),
    Fault(Arc<Fault>),
}

/// A message that the test sends.
#[derive(Debug)]
pub(crate) struct MessageAct {
    pub(crate) message: MessageResult,
    pub(crate) sending: Sending,
    pub(crate) headers: Headers,
    /// The priority, and the line that sets it.
    pub(crate) priority: Option<(&'static Location<'static>, Priority)>,
    /// The line that sets a deadline.
    pub(crate) deadline: Option<&'static Location<'static>>,
}

/// How the test sends a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sending {
    /// It processes a command, and sees the reply.
    Command(ReplyName),
    /// It submits a command, and does not see its result.
    Submitted,
    /// It publishes an event.
    Event,
}

impl StepKind<'_> {
    pub(crate) fn is_act(&self) -> bool {
        self.keyword() == Keyword::When
    }

    pub(crate) fn is_expectation(&self) -> bool {
        self.keyword() == Keyword::Then
    }

    pub(crate) fn keyword(&self) -> Keyword {
        match self {
            Self::GivenNothing
            | Self::GivenEvents(_)
            | Self::GivenStored(_)
            | Self::GivenAggregate(_)
            | Self::GivenCommand(_) => Keyword::Given,
            Self::When(_)
            | Self::WhenWith(..)
            | Self::WhenTime(_)
            | Self::WhenEngine(_)
            | Self::WhenAll(_)
            | Self::WhenRedelivered(_) => Keyword::When,
            Self::Fault(_) => Keyword::Fault,
            Self::Then(_) => Keyword::Then,
        }
    }

    /// Returns the text of the step for the story, with these labels of the messages.
    pub(crate) fn text(&self, labels: &MessageLabels) -> StepText {
        let view = |message| MessageView::of_serialized(message, labels);
        let text = match self {
            Self::GivenEvents(Ok(messages)) | Self::WhenAll(Ok(messages)) => {
                return StepText::Messages(messages.iter().map(view).collect());
            }
            Self::GivenCommand(Ok(message))
            | Self::When(MessageAct {
                message: Ok(message),
                ..
            }) => return StepText::Message(view(message)),
            Self::WhenWith(..) => return StepText::BuiltCommand(None),
            Self::Then(expectation) => return StepText::Expectation(describe(&**expectation)),

            Self::GivenNothing => "nothing".to_owned(),
            Self::GivenStored(Ok(events)) => stored_text(events),
            Self::GivenAggregate(Ok(aggregate)) => format!("{} {:?}", aggregate.name, aggregate.id),
            Self::WhenTime(ClockAdvance::By(duration)) => {
                format!("time passes: {}", humantime::format_duration(*duration))
            }
            Self::WhenTime(ClockAdvance::To(time)) => format!("the time reaches {time}"),
            Self::WhenEngine(None) => "the engine runs".to_owned(),
            Self::WhenEngine(Some(1)) => "the engine runs 1 cycle".to_owned(),
            Self::WhenEngine(Some(n)) => format!("the engine runs {n} cycles"),
            Self::WhenRedelivered(1) => "redelivered once".to_owned(),
            Self::WhenRedelivered(n) => format!("redelivered {n} times"),
            Self::Fault(fault) => fault.to_string(),

            // The value could not be serialized. The failure of the step says why.
            Self::GivenEvents(Err(_)) => "events".to_owned(),
            Self::GivenStored(Err(_)) => "stored events".to_owned(),
            Self::GivenAggregate(Err((aggregate, _))) => aggregate.clone(),
            Self::WhenAll(Err(_)) => "commands".to_owned(),
            Self::When(MessageAct {
                sending: Sending::Event,
                ..
            }) => "an event".to_owned(),
            Self::GivenCommand(Err(_)) | Self::When(_) => "a command".to_owned(),
        };

        StepText::Text(text)
    }
}

fn stored_text(events: &[StoredEvent]) -> String {
    let lines: Vec<String> = events
        .iter()
        .map(|event| format!("stored {} {:?}", event.message_type, event.content))
        .collect();

    lines.join(", ")
}

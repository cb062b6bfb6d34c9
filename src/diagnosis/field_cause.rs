use std::fmt;

use flow_domain::json::Json;

use crate::diagnosis::{HandlerCall, display::short_json};

/// Where the value of a differing field comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldCause {
    /// The path of the field.
    pub path: String,
    /// The expected value; `None` if the field was not expected.
    pub expected: Option<Json>,
    /// The value that was found; `None` if the field does not exist.
    pub found: Option<Json>,
    /// The handler call that set the field last; `None` if the test flow set the field.
    pub set_by: Option<HandlerCall>,
    /// The event that set the field, if the state is event-sourced.
    pub event: Option<String>,
    /// Whether the field had the expected value before it was set last.
    pub was_as_expected: bool,
    /// Where the value comes from, if the search can trace it.
    pub origin: Option<ValueOrigin>,
    /// A field with the expected value, in the message that the call in `origin` handled.
    pub expected_field: Option<String>,
}

/// Where a value comes from, traced back through the messages that passed it on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueOrigin {
    /// The test flow itself contains the value, in this message.
    TestFlow {
        /// The message.
        message: String,
        /// Its field.
        field: String,
    },
    /// A handler changed the value: the field of the same name in its message has another value.
    Changed {
        /// The call of the handler.
        at: HandlerCall,
        /// The field of the message.
        field: String,
        /// The value in the message.
        original: Json,
    },
    /// A handler copied the value from another field of its message.
    OtherField {
        /// The call of the handler.
        at: HandlerCall,
        /// The other field.
        field: String,
    },
    /// A handler created the value.
    Created {
        /// The call of the handler.
        at: HandlerCall,
    },
}

impl ValueOrigin {
    /// Returns the handler call that created or changed the value.
    pub fn handler_call(&self) -> Option<&HandlerCall> {
        match self {
            Self::TestFlow { .. } => None,
            Self::Changed { at, .. } | Self::OtherField { at, .. } | Self::Created { at } => {
                Some(at)
            }
        }
    }
}

impl FieldCause {
    fn is_changed_by_handler(&self) -> bool {
        matches!(self.origin, Some(ValueOrigin::Changed { .. }))
    }

    /// Returns true if the value was copied from a field of another name.
    fn is_from_other_field(&self) -> bool {
        matches!(self.origin, Some(ValueOrigin::OtherField { .. }))
    }

    /// Returns the handler call that created the value, or else the one that set it.
    pub(super) fn handler_call(&self) -> Option<&HandlerCall> {
        let origin_call = self.origin.as_ref().and_then(ValueOrigin::handler_call);
        origin_call.or(self.set_by.as_ref())
    }
}

/// Returns the field that says most about the cause.
///
/// A value that a handler changed is the strongest sign. Next is a field that had the expected
/// value before. The weakest sign is a value that was copied from another field.
pub(super) fn strongest_field(fields: &[FieldCause]) -> Option<&FieldCause> {
    let changed = fields.iter().find(|field| field.is_changed_by_handler());
    let was_as_expected = fields.iter().find(|field| field.was_as_expected);
    let from_other_field = fields.iter().find(|field| field.is_from_other_field());

    changed.or(was_as_expected).or(from_other_field)
}

/// Returns one line for each field that differs:
/// ``OrderHandler handled PlaceOrder and was the last to set `status` ..``.
///
/// Fields with the same cause share a line.
pub(super) fn field_lines(fields: &[FieldCause]) -> String {
    let mut lines: Vec<(String, &FieldCause)> = Vec::new();
    for field in fields {
        match lines
            .iter_mut()
            .find(|(_, known)| known.has_same_cause(field))
        {
            Some((paths, _)) => {
                paths.push_str(", ");
                paths.push_str(&field.quoted_path());
            }
            None => lines.push((field.quoted_path(), field)),
        }
    }

    lines
        .iter()
        .map(|(paths, field)| field.text_for(paths))
        .collect::<Vec<String>>()
        .join("\n")
}

impl FieldCause {
    fn quoted_path(&self) -> String {
        if self.path.is_empty() {
            return "the whole value".to_owned();
        }
        format!("`{}`", self.path)
    }

    /// Returns where the value comes from, unless that adds nothing to who set the field.
    fn origin_to_show(&self) -> Option<&ValueOrigin> {
        self.origin.as_ref().filter(|origin| match origin {
            ValueOrigin::TestFlow { .. } => self.expected.is_some(),
            ValueOrigin::Created { at } => Some(at) != self.set_by.as_ref(),
            _ => true,
        })
    }

    /// Returns true if the two fields have the same text, except for their paths.
    fn has_same_cause(&self, other: &Self) -> bool {
        self.set_by == other.set_by
            && self.event == other.event
            && self.was_as_expected == other.was_as_expected
            && self.origin_to_show() == other.origin_to_show()
    }

    /// Returns who set the fields at `paths`, and where the value comes from.
    fn text_for(&self, paths: &str) -> String {
        let mut text = match (&self.event, &self.set_by) {
            (Some(event), Some(call)) => format!(
                "{} handled {} and raised {event}, the last event to set {paths}",
                call.handler, call.message
            ),
            (Some(event), None) => {
                format!("{event} from the test flow was the last event to set {paths}")
            }
            (None, Some(call)) => format!(
                "{} handled {} and was the last to set {paths}",
                call.handler, call.message
            ),
            (None, None) => format!("the test flow set {paths}"),
        };

        if self.was_as_expected {
            text.push_str("; this replaced the expected value");
        }

        if let Some(origin) = self.origin_to_show() {
            text.push_str("; the value ");
            text.push_str(&origin.to_string());
        }

        text
    }
}

/// Writes who set the field:
/// ``BoardProjector handled CoffeeServed and was the last to set `status` ..``.
impl fmt::Display for FieldCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text_for(&self.quoted_path()))
    }
}

/// Writes where the value comes from. The text stands after `the value` or `the id`.
impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TestFlow { message, field } => {
                write!(f, "is the `{field}` of {message} in the test flow")
            }
            Self::Changed {
                at,
                field,
                original,
            } => write!(
                f,
                "comes from {}, but the `{field}` of {} is {}",
                at.handler,
                at.message,
                short_json(original)
            ),
            Self::OtherField { at, field } => write!(
                f,
                "comes from {}: it is the `{field}` of {}",
                at.handler, at.message
            ),
            Self::Created { at } => write!(f, "comes from {at}"),
        }
    }
}

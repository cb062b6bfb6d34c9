use std::fmt;

use flow_domain::{json::Json, message::Payload};

use crate::value::cut_middle;

/// A stored text that is not JSON, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotJson {
    text: Payload,
    reason: String,
}

/// Reads a stored text as JSON.
///
/// # Errors
///
/// Returns an error if the text is not JSON.
pub(crate) fn read_json(payload: &Payload) -> Result<Json, NotJson> {
    payload.to_json().map_err(|err| NotJson {
        text: payload.clone(),
        reason: err.with_causes().to_string(),
    })
}

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = cut_middle(self.text.as_json().to_owned());
        write!(f, "{} (from {text})", self.reason)
    }
}

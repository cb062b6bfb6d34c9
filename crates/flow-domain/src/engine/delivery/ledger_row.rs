use serde::{Deserialize, Serialize};

use crate::{clock::Timestamp, error::Error, message::Payload};

/// What a group has done with one partition, as the store keeps it.
// Invariant: the names of the fields are part of the stored format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct LedgerRow {
    pub(in crate::engine) topics: Vec<TopicProgress>,
    /// How many owners in a row died without any progress.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(in crate::engine) n_deaths: u32,
}

/// How far a topic was read, and which of the messages before that are not settled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct TopicProgress {
    /// The name of the topic.
    pub(in crate::engine) topic: String,
    /// The place up to which everything is settled, except for `open`.
    pub(in crate::engine) read: u64,
    /// In the order of their places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::engine) open: Vec<OpenMessage>,
}

/// A message that is not settled, although a later one of its partition may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct OpenMessage {
    pub(in crate::engine) place: u64,
    /// The number of the next attempt, from 1.
    pub(in crate::engine) attempt: u32,
    /// When the next attempt may begin; `None` means now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::engine) due: Option<Timestamp>,
}

impl LedgerRow {
    pub(in crate::engine) fn encode(&self) -> Payload {
        let json = serde_json::to_string(self).expect("numbers and texts have a JSON form");
        Payload::from_json(json)
    }

    pub(in crate::engine) fn decode(payload: &Payload) -> Result<Self, Error> {
        payload.decode("Ledger")
    }

    pub(in crate::engine) fn progress(&self, topic: &str) -> Option<&TopicProgress> {
        self.topics.iter().find(|progress| progress.topic == topic)
    }

    pub(in crate::engine) fn open(&self) -> impl Iterator<Item = &OpenMessage> {
        self.topics.iter().flat_map(|progress| &progress.open)
    }
}

impl TopicProgress {
    /// Returns the place up to which the group needs no message any more.
    pub(in crate::engine) fn floor(&self) -> u64 {
        let first_open = self.open.first().map_or(u64::MAX, |open| open.place);
        self.read.min(first_open.saturating_sub(1))
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

use std::fmt;

use crate::message::Payload;

/// A rule that must hold for every domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Invariant {
    /// A message, state or row is equal after it is serialized and deserialized.
    RoundTrip,
    /// An event-sourced aggregate that is folded from its events equals the live one.
    Fold,
    /// A projection that is rebuilt from all events equals the live one.
    Rebuild,
    /// An aggregate that is stored as state does not change without raising an event.
    SilentChange,
    /// A snapshot that is read back equals the state that is folded from the events.
    Snapshot,
}

impl Invariant {
    /// All invariants.
    pub const ALL: [Self; 5] = [
        Self::RoundTrip,
        Self::Fold,
        Self::Rebuild,
        Self::SilentChange,
        Self::Snapshot,
    ];

    /// Returns the name of the invariant: `round trip`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoundTrip => "round trip",
            Self::Fold => "fold",
            Self::Rebuild => "rebuild",
            Self::SilentChange => "silent change",
            Self::Snapshot => "snapshot",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of invariants.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct InvariantSet(u8);

impl InvariantSet {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Returns the set without `invariant`.
    #[must_use]
    pub const fn without(self, invariant: Invariant) -> Self {
        Self(self.0 & !invariant.bit())
    }

    /// Returns true if `invariant` is in the set.
    pub const fn has(self, invariant: Invariant) -> bool {
        self.0 & invariant.bit() != 0
    }

    /// Returns the set of all invariants.
    pub const fn all() -> Self {
        Self((1 << Invariant::ALL.len()) - 1)
    }
}

impl fmt::Debug for InvariantSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = Invariant::ALL
            .into_iter()
            .filter(|invariant| self.has(*invariant));
        f.debug_list().entries(members).finish()
    }
}

/// A violation of an invariant: two values that should be equal and are not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvariantViolation {
    /// The invariant that was violated.
    pub invariant: Invariant,
    /// The message or state that violates it: `OrderPlaced`, `Account "acc-1"`.
    pub violated_by: String,
    /// The value in memory as `{:?}` shows it.
    pub live: String,
    /// The value after it was decoded, folded or rebuilt; an error if that failed.
    pub restored: Result<String, String>,
    /// The JSON of the value in memory and of the restored value, if both have a JSON form.
    pub json: Option<(Payload, Payload)>,
    /// The type that could not be decoded, if the value was not restored for this reason.
    pub codec_type: Option<String>,
    /// Whether it is an event-sourced aggregate without earlier events: a new one.
    pub is_new_aggregate: bool,
}

impl InvariantViolation {
    /// Creates a violation from two values that should be equal.
    pub(crate) fn new(
        invariant: Invariant,
        violated_by: String,
        live: impl Into<String>,
        restored: Result<String, String>,
    ) -> Self {
        Self {
            invariant,
            violated_by,
            live: live.into(),
            restored,
            json: None,
            codec_type: None,
            is_new_aggregate: false,
        }
    }
}

impl fmt::Display for InvariantViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            invariant,
            violated_by,
            live,
            restored: Ok(restored) | Err(restored),
            ..
        } = self;
        let (live, restored) = (on_one_line(live), on_one_line(restored));

        write!(
            f,
            "{violated_by} violated the invariant `{invariant}`: {live} -> {restored}"
        )
    }
}

fn on_one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariant_set_without_an_invariant_lacks_it() {
        let set = InvariantSet::all().without(Invariant::Fold);

        assert!(!set.has(Invariant::Fold));
        assert_eq!(
            format!("{set:?}"),
            "[RoundTrip, Rebuild, SilentChange, Snapshot]"
        );
        assert_eq!(format!("{:?}", InvariantSet::NONE), "[]");
    }

    #[test]
    fn invariant_violation_is_one_line() {
        let live = "Noted {\n    text: \"x\",\n}";
        let violation = InvariantViolation::new(
            Invariant::RoundTrip,
            "Noted".into(),
            live,
            Err("gone".into()),
        );

        assert_eq!(
            violation.to_string(),
            "Noted violated the invariant `round trip`: Noted { text: \"x\", } -> gone"
        );
    }
}

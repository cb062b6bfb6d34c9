use std::fmt;

use crate::message::Payload;

/// What must hold of every domain, whatever it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Invariant {
    /// What is serialised comes back equal: messages, states and rows.
    RoundTrip,
    /// An event-sourced aggregate that is folded from its events equals the live one.
    Fold,
    /// A projection that is rebuilt from all events equals the live one.
    Rebuild,
    /// An aggregate that is kept as state does not change without raising an event.
    SilentChange,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::RoundTrip,
        Self::Fold,
        Self::Rebuild,
        Self::SilentChange,
    ];

    /// The name of the law: `round trip`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoundTrip => "round trip",
            Self::Fold => "fold",
            Self::Rebuild => "rebuild",
            Self::SilentChange => "silent change",
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

/// Some of the laws.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct InvariantSet(u8);

impl InvariantSet {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// All but `law`.
    #[must_use]
    pub const fn without(self, law: Invariant) -> Self {
        Self(self.0 & !law.bit())
    }

    /// Returns true if `law` is one of them.
    pub const fn has(self, law: Invariant) -> bool {
        self.0 & law.bit() != 0
    }

    /// Every law.
    pub const fn all() -> Self {
        Self((1 << Invariant::ALL.len()) - 1)
    }
}

impl fmt::Debug for InvariantSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = Invariant::ALL.into_iter().filter(|law| self.has(*law));
        f.debug_list().entries(some).finish()
    }
}

/// How a law was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvariantViolation {
    /// The law.
    pub invariant: Invariant,
    /// What broke it: `OrderPlaced`, `Account "acc-1"`.
    pub violated_by: String,
    /// What there was, as `{:#?}` shows it, or as JSON if that shows no difference.
    pub live: String,
    /// What came of it when it was read back or folded; an error if nothing did.
    pub restored: Result<String, String>,
    /// What it was written as, if it was read back.
    pub serialized: Option<Payload>,
}

impl InvariantViolation {
    /// Tells of two values that should be equal.
    pub(crate) fn new(
        law: Invariant,
        by: String,
        live: impl Into<String>,
        again: Result<String, String>,
    ) -> Self {
        Self {
            invariant: law,
            violated_by: by,
            live: live.into(),
            restored: again,
            serialized: None,
        }
    }

    pub(crate) fn with_serialized(mut self, written: &Payload) -> Self {
        self.serialized = Some(written.clone());
        self
    }
}

impl fmt::Display for InvariantViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            invariant: law,
            violated_by: by,
            live,
            restored: again,
            ..
        } = self;
        let (Ok(again) | Err(again)) = again;
        let (live, again) = (on_one_line(live), on_one_line(again));

        write!(f, "{by} broke the law `{law}`: {live} -> {again}")
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
        let laws = InvariantSet::all().without(Invariant::Fold);

        assert!(!laws.has(Invariant::Fold));
        assert_eq!(format!("{laws:?}"), "[RoundTrip, Rebuild, SilentChange]");
        assert_eq!(format!("{:?}", InvariantSet::NONE), "[]");
    }

    #[test]
    fn invariant_violation_is_one_line() {
        let live = "Noted {\n    text: \"x\",\n}";
        let broken = InvariantViolation::new(
            Invariant::RoundTrip,
            "Noted".into(),
            live,
            Err("gone".into()),
        );

        assert_eq!(
            broken.to_string(),
            "Noted broke the law `round trip`: Noted { text: \"x\", } -> gone"
        );
    }
}

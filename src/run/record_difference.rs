use flow_domain::record::{Entry, EntryKind, Record};

/// The first entry in which the records of two runs of a flow differ.
#[derive(Clone, Copy)]
pub(super) struct RecordDifference<'r> {
    /// The entry of the first run; `None` if its record ends before.
    pub(super) left: Option<&'r Entry>,
    /// The entry of the second run; `None` if its record ends before.
    pub(super) right: Option<&'r Entry>,
    records: [&'r Record; 2],
}

impl<'r> RecordDifference<'r> {
    /// Returns the first difference, if there is one.
    pub(super) fn find(first: &'r Record, second: &'r Record) -> Option<Self> {
        let (lefts, rights) = (first.entries(), second.entries());
        let is_equal =
            |left: &Entry, right: &Entry| left.kind == right.kind && left.cause == right.cause;
        let n_equal = lefts
            .iter()
            .zip(rights)
            .take_while(|(left, right)| is_equal(left, right))
            .count();

        let (left, right) = (lefts.get(n_equal), rights.get(n_equal));
        left.or(right)?;
        Some(Self {
            left,
            right,
            records: [first, second],
        })
    }

    /// Returns the entry of the first run, or else that of the second one, and its record.
    fn differing(&self) -> Option<(&'r Entry, &'r Record)> {
        let [first, second] = self.records;
        let of_first = self.left.map(|left| (left, first));
        of_first.or_else(|| Some((self.right?, second)))
    }

    /// Returns the handler of the nearest call: the entry itself, its cause, or an earlier cause.
    pub(super) fn handler(&self) -> String {
        let started = |kind: &EntryKind| match kind {
            EntryKind::HandlerStarted { handler, .. } => Some((*handler).to_owned()),
            _ => None,
        };
        let of_entry = |(entry, record): (&Entry, &Record)| {
            started(&entry.kind)
                .or_else(|| started(&record.entry(entry.cause?).kind))
                .or_else(|| {
                    let mut causes = record.causes(entry.cause?);
                    causes.find_map(|cause| started(&cause.kind))
                })
        };

        self.differing()
            .and_then(of_entry)
            .unwrap_or_else(|| "the test flow".to_owned())
    }

    /// Returns true if the entry is no result of a handler call, so that something else may differ.
    pub(super) fn is_outside_of_calls(&self) -> bool {
        let is_start = |entry: &Entry| matches!(entry.kind, EntryKind::HandlerStarted { .. });

        self.differing().is_some_and(|(entry, record)| {
            entry
                .cause
                .is_some_and(|cause| !is_start(record.entry(cause)))
        })
    }

    /// Returns the entry of each run as text, with its cause if only that differs.
    pub(super) fn show(&self) -> [String; 2] {
        let [first, second] = self.records;
        let entries = [(self.left, first), (self.right, second)];
        let has_same_kind = match (self.left, self.right) {
            (Some(left), Some(right)) => left.kind == right.kind,
            _ => false,
        };

        entries.map(|(entry, record)| {
            let Some(entry) = entry else {
                return "nothing".to_owned();
            };
            match entry.cause {
                Some(cause) if has_same_kind => {
                    format!("{}, because: {}", entry.kind, record.entry(cause).kind)
                }
                _ => entry.kind.to_string(),
            }
        })
    }
}

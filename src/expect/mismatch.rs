use std::{fmt, panic::Location};

use flow_domain::Error;

use crate::{
    expect::{Requirement, Subject},
    value::{Difference, NotJson, RenderOptions, Style, cut_list, indent, render_differences},
};

/// The indentation of the expected and the found values.
const VALUE_MARGIN: usize = 12;

/// The reason why an expectation was not met.
#[derive(Clone)]
#[non_exhaustive]
pub struct Mismatch {
    /// What was expected.
    pub expected: String,
    /// What was found instead.
    pub found: String,
    /// The differences between `expected` and `found`, one per line.
    pub differences: Vec<String>,
    details: Box<Details>,
}

/// What the report and the diagnosis know of a mismatch, besides its texts.
#[derive(Clone, Default)]
struct Details {
    /// The line of the check, if it is not the line of the step.
    location: Option<&'static Location<'static>>,
    /// What the failed step was about.
    subject: Option<Subject>,
    /// The requirement that was not met.
    requirement: Requirement,
    /// The handlers whose failures the texts show; `None` for a message without a handler.
    shown_handlers: Vec<Option<&'static str>>,
}

impl Mismatch {
    /// Creates a mismatch from what was expected and what was found.
    pub fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            found: found.into(),
            differences: Vec::new(),
            details: Box::default(),
        }
    }

    /// Sets the differences between `expected` and `found`, one per line.
    #[must_use]
    pub fn with_differences(mut self, differences: Vec<String>) -> Self {
        self.differences = differences;
        self
    }

    /// Creates a mismatch for a stored value that cannot be read.
    pub(crate) fn unreadable(expected: String, found: String, err: &Error) -> Self {
        Self::new(expected, found).with_requirement(Requirement::Readable {
            error: err.with_causes().to_string().into(),
            type_name: err.codec_type().map(Into::into),
        })
    }

    /// Creates a mismatch for a stored text that is not JSON.
    pub(crate) fn not_json(expected: String, err: &NotJson) -> Self {
        Self::new(expected, err.to_string()).with_requirement(Requirement::Readable {
            error: err.to_string().into(),
            type_name: None,
        })
    }

    /// Creates a mismatch for a value of the test that has no JSON form.
    pub(crate) fn not_serialized(expected: &str, err: &Error) -> Self {
        Self::new(expected, err.with_causes().to_string()).with_requirement(Requirement::Impossible)
    }

    /// Sets the differences, from the fields in which the expected and the found value differ.
    pub(crate) fn with_field_differences(mut self, fields: Vec<Difference>) -> Self {
        self.differences = render_differences(&fields);
        if !fields.is_empty() {
            self.details.requirement = Requirement::Fields(fields);
        }

        self
    }

    /// Sets the requirement that was not met.
    pub(crate) fn with_requirement(mut self, requirement: Requirement) -> Self {
        self.details.requirement = requirement;
        self
    }

    pub(crate) fn requirement(&self) -> &Requirement {
        &self.details.requirement
    }

    /// Sets what the failed step was about, unless it is already set.
    pub(crate) fn with_subject(mut self, subject: Subject) -> Self {
        self.details.subject.get_or_insert(subject);
        self
    }

    pub(crate) fn subject(&self) -> Option<&Subject> {
        self.details.subject.as_ref()
    }

    /// Sets the line of the check, unless it is already set.
    pub(crate) fn at(mut self, location: &'static Location<'static>) -> Self {
        self.details.location.get_or_insert(location);
        self
    }

    pub(crate) fn location(&self) -> Option<&'static Location<'static>> {
        self.details.location
    }

    /// Says that the texts show the failures of these handlers. The report does not repeat them.
    pub(crate) fn showing_failures_of(
        mut self,
        handlers: impl IntoIterator<Item = Option<&'static str>>,
    ) -> Self {
        self.details.shown_handlers.extend(handlers);
        self
    }

    pub(crate) fn shown_handlers(&self) -> &[Option<&'static str>] {
        &self.details.shown_handlers
    }

    /// Writes the expected and the found values, and the differences between them.
    pub(crate) fn write_to(&self, f: &mut impl fmt::Write, options: &RenderOptions) -> fmt::Result {
        let indented = options.indented(VALUE_MARGIN);
        let cut = |entries: Vec<String>| match options.n_lines {
            usize::MAX => entries,
            _ => cut_list(entries),
        };
        let paint_value = |style, text: &str| {
            let entries = cut(text.lines().map(str::to_owned).collect());
            let wrapped = indented.wrap_fields(&entries.join("\n"));
            indent(&options.paint(style, &wrapped), VALUE_MARGIN)
        };
        let paint_name = |name| options.paint(Style::SectionName, name);

        let expected = paint_value(Style::Expected, &self.expected);
        write!(f, "  {}  {expected}", paint_name("expected"))?;

        let found = paint_value(Style::Found, &self.found);
        write!(f, "\n  {}     {found}", paint_name("found"))?;

        for difference in cut(self.differences.clone()) {
            let difference = paint_value(Style::Difference, &difference);
            write!(f, "\n{:VALUE_MARGIN$}{difference}", "")?;
        }

        Ok(())
    }
}

/// Shows the texts only, not the data for the diagnosis.
impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mismatch")
            .field("expected", &self.expected)
            .field("found", &self.found)
            .field("differences", &self.differences)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f, &RenderOptions::UNLIMITED)
    }
}

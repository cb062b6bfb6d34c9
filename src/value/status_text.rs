use crate::value::{RenderOptions, Style};

/// A text of one line, whose end may report a failure.
///
/// The failure is shown in a colour, from its first character to the end of the line.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusText {
    text: String,
    /// The byte at which the failure starts.
    failure_start: Option<usize>,
}

impl StatusText {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            failure_start: None,
        }
    }

    /// Returns a text that reports a failure.
    pub(crate) fn failure(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            failure_start: Some(0),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends another text. Everything after the first failure counts as a failure.
    pub(crate) fn push(&mut self, other: Self) {
        let other_start = other.failure_start.map(|start| self.text.len() + start);
        self.failure_start = self.failure_start.or(other_start);
        self.text.push_str(&other.text);
    }

    /// Returns this text after `prefix`.
    pub(crate) fn after(self, prefix: String) -> Self {
        let mut text = Self::new(prefix);
        text.push(self);

        text
    }

    /// Cuts the text at the width of a line, and colours the failure.
    pub(crate) fn render(&self, options: &RenderOptions) -> String {
        let shown = options.cut_end(self.text.trim_end());
        let n_shared = shown
            .bytes()
            .zip(self.text.bytes())
            .take_while(|(left, right)| left == right)
            .count();

        match self.failure_start {
            Some(start) if start < n_shared => {
                let (before, failure) = shown.split_at(start);
                format!("{before}{}", options.paint(Style::Failure, failure))
            }
            _ => shown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_is_coloured_unless_it_is_cut_off() {
        let options = RenderOptions {
            width: 15,
            is_coloured: true,
            ..RenderOptions::PLAIN
        };

        let status = StatusText::failure("FAILED").after("2 when  ".to_owned());
        assert_eq!(status.render(&options), "2 when  \x1b[1;31mFAILED\x1b[0m");

        let status = StatusText::failure("FAILED").after("2 when PlaceOrder  ".to_owned());
        assert_eq!(status.render(&options), "2 when Place ..");
    }
}

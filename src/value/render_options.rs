use std::borrow::Cow;

/// The extra indentation of the second and further lines of a wrapped value.
const HANGING_INDENT: usize = 2;

/// How a report is rendered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RenderOptions {
    /// The maximum number of columns.
    pub(crate) width: usize,
    /// The maximum number of lines of a chain.
    pub(crate) n_lines: usize,
    pub(crate) is_coloured: bool,
}

/// The role of a part of a report. Each role has its own colour.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    /// A failure.
    Failure,
    /// An expected value.
    Expected,
    /// A found value.
    Found,
    /// A difference between two values.
    Difference,
    /// The name of a section.
    SectionName,
    /// The mark at the cause of the failure.
    Mark,
}

impl RenderOptions {
    /// The options for the log of a CI run, or for a file.
    pub(crate) const PLAIN: Self = Self {
        width: 140,
        n_lines: 60,
        is_coloured: false,
    };

    /// The options that show everything.
    pub(crate) const UNLIMITED: Self = Self {
        width: usize::MAX,
        n_lines: usize::MAX,
        is_coloured: false,
    };

    /// Returns the options for a text that is indented by `n_columns`.
    pub(crate) fn indented(self, n_columns: usize) -> Self {
        Self {
            width: self.width.saturating_sub(n_columns),
            ..self
        }
    }

    /// Colours each line of a text on its own.
    ///
    /// So an indentation that is added later has no colour.
    pub(crate) fn paint<'t>(&self, style: Style, text: &'t str) -> Cow<'t, str> {
        if !self.is_coloured {
            return Cow::Borrowed(text);
        }

        let lines = text.split('\n').map(|line| match line {
            "" => String::new(),
            line => format!("\x1b[{}m{line}\x1b[0m", style.ansi_code()),
        });
        Cow::Owned(lines.collect::<Vec<String>>().join("\n"))
    }

    /// Breaks long lines after a comma. A line without a comma stays as it is.
    pub(crate) fn wrap_fields(&self, text: &str) -> String {
        self.wrap_after(", ", text)
    }

    /// Breaks long lines between words.
    pub(crate) fn wrap_words(&self, text: &str) -> String {
        self.wrap_after(" ", text)
    }

    fn wrap_after(&self, separator: &str, text: &str) -> String {
        let mut wrapped = Vec::new();
        for line in text.split('\n') {
            let indentation = line.len() - line.trim_start_matches(' ').len();
            let mut rest = line.to_owned();

            while let Some(end) = self.break_point(separator, &rest, indentation + HANGING_INDENT) {
                let next_line = rest.split_off(end);
                wrapped.push(rest.trim_end().to_owned());
                rest = format!("{}{next_line}", " ".repeat(indentation + HANGING_INDENT));
            }

            wrapped.push(rest);
        }

        wrapped.join("\n")
    }

    /// Returns where to break a line, if it is too long.
    ///
    /// The break is after the last separator that fits, or else after the first separator.
    fn break_point(&self, separator: &str, line: &str, indentation: usize) -> Option<usize> {
        // A line that fits has no character after the last column.
        let (max_end, _) = line.char_indices().nth(self.width)?;
        // The search skips the indentation: a break there would not shorten the line, and the
        // breaks would never end.
        let start = indentation.min(line.len());
        let last_that_fits = line
            .get(start..max_end)
            .and_then(|part| part.rfind(separator));

        last_that_fits
            .or_else(|| line.get(start..).and_then(|part| part.find(separator)))
            .map(|idx| start + idx + separator.len())
            .filter(|end| *end < line.len())
    }

    /// Cuts off the end of a long line.
    pub(crate) fn cut_end(&self, line: &str) -> String {
        if line.chars().count() <= self.width {
            return line.to_owned();
        }

        let shortened: String = line.chars().take(self.width.saturating_sub(3)).collect();
        format!("{} ..", shortened.trim_end())
    }
}

impl Style {
    /// Returns the parameters of the ANSI escape sequence "select graphic rendition".
    fn ansi_code(self) -> &'static str {
        match self {
            Self::Failure => "1;31",
            Self::Expected => "32",
            Self::Found => "31",
            Self::Difference => "33",
            Self::SectionName => "1",
            Self::Mark => "1;36",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: RenderOptions = RenderOptions {
        width: 20,
        ..RenderOptions::PLAIN
    };

    #[test]
    fn wrap_breaks_a_long_value_after_a_comma() {
        let wrapped = NARROW.wrap_fields("Placed { id: 1, customer: 2, note: 3 }\n  x: 1");

        assert_eq!(
            wrapped,
            "Placed { id: 1,\n  customer: 2,\n  note: 3 }\n  x: 1"
        );
    }

    #[test]
    fn wrap_keeps_a_value_without_commas() {
        let long = "x".repeat(30);

        assert_eq!(NARROW.wrap_fields(&long), long);
        assert_eq!(
            NARROW.wrap_fields(&format!("{long}, {long}")),
            format!("{long},\n  {long}")
        );
        assert_eq!(
            NARROW.wrap_fields(&format!("{long}, ")),
            format!("{long}, ")
        );
    }

    #[test]
    fn width_counts_characters_not_bytes() {
        assert_eq!(NARROW.wrap_fields(&"ü".repeat(20)), "ü".repeat(20));
        assert_eq!(
            NARROW.cut_end(&"ü".repeat(21)),
            format!("{} ..", "ü".repeat(17))
        );
    }

    #[test]
    fn paint_ends_the_colour_with_each_line() {
        let coloured = RenderOptions {
            is_coloured: true,
            ..NARROW
        };

        assert_eq!(
            coloured.paint(Style::Found, "one\n\ntwo"),
            "\x1b[31mone\x1b[0m\n\n\x1b[31mtwo\x1b[0m"
        );
        assert_eq!(NARROW.paint(Style::Found, "one"), "one");
    }
}

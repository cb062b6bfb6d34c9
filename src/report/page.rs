use std::borrow::Cow;

/// How many columns of indentation the further lines of a wrapped value get.
const HANGING: usize = 2;

/// What a report is written on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// How many columns it has.
    pub(crate) width: usize,
    /// How many lines of a chain it has room for.
    pub(crate) n_lines: usize,
    pub(crate) is_coloured: bool,
}

/// What a part of a report is, where colours tell them apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ink {
    /// What went wrong.
    Alarm,
    Expected,
    Found,
    Differing,
    /// The name of a section.
    Name,
    /// Where the reason lies.
    Here,
}

impl Page {
    /// The log of a CI run, or a file.
    pub(crate) const PLAIN: Self = Self {
        width: 140,
        n_lines: 60,
        is_coloured: false,
    };

    /// Room for everything.
    pub(crate) const WHOLE: Self = Self {
        width: usize::MAX,
        n_lines: usize::MAX,
        is_coloured: false,
    };

    /// What is left of it to the right of so many columns.
    pub(super) fn indented(self, n_columns: usize) -> Self {
        Self {
            width: self.width.saturating_sub(n_columns),
            ..self
        }
    }

    /// The text in a colour, line by line: an indentation that is put in later has none.
    pub(super) fn paint<'t>(&self, ink: Ink, text: &'t str) -> Cow<'t, str> {
        if !self.is_coloured {
            return Cow::Borrowed(text);
        }
        let lines = text.split('\n').map(|line| match line {
            "" => String::new(),
            line => format!("\x1b[{}m{line}\x1b[0m", ink.code()),
        });
        Cow::Owned(lines.collect::<Vec<String>>().join("\n"))
    }

    /// Breaks values that are too long after a comma; what has none stays as it is.
    pub(super) fn wrap(&self, text: &str) -> String {
        self.wrap_after(", ", text)
    }

    /// Breaks sentences that are too long after a word.
    pub(super) fn fill(&self, text: &str) -> String {
        self.wrap_after(" ", text)
    }

    fn wrap_after(&self, mark: &str, text: &str) -> String {
        let mut wrapped = Vec::new();
        for line in text.split('\n') {
            let indentation = line.len() - line.trim_start_matches(' ').len();
            let mut rest = line.to_owned();
            while let Some(end) = self.end_of_line(mark, &rest, indentation + HANGING) {
                let more = rest.split_off(end);
                wrapped.push(rest.trim_end().to_owned());
                rest = format!("{}{more}", " ".repeat(indentation + HANGING));
            }
            wrapped.push(rest);
        }
        wrapped.join("\n")
    }

    /// Where a line is to be broken, if it is too long: after the last mark that has room, or else
    /// after the first.
    fn end_of_line(&self, mark: &str, line: &str, indentation: usize) -> Option<usize> {
        if line.chars().count() <= self.width {
            return None;
        }
        let room = line.char_indices().nth(self.width);
        let room = room.map_or(line.len(), |(at, _)| at);
        let start = indentation.min(line.len());
        // A mark in front of nothing but spaces would be found again and again.
        let fits = line.get(start..room).and_then(|part| part.rfind(mark));
        let found = fits.or_else(|| line.get(start..).and_then(|part| part.find(mark)));
        found
            .map(|at| start + at + mark.len())
            .filter(|end| *end < line.len())
    }

    /// Cuts off the end of a line that is too long.
    pub(super) fn shorten(&self, line: &str) -> String {
        if line.chars().count() <= self.width {
            return line.to_owned();
        }
        let room: String = line.chars().take(self.width.saturating_sub(3)).collect();
        format!("{} ..", room.trim_end())
    }
}

impl Ink {
    /// The parameters of ANSI's "select graphic rendition".
    fn code(self) -> &'static str {
        match self {
            Self::Alarm => "1;31",
            Self::Expected => "32",
            Self::Found => "31",
            Self::Differing => "33",
            Self::Name => "1",
            Self::Here => "1;36",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Page = Page {
        width: 20,
        ..Page::PLAIN
    };

    #[test]
    fn a_long_value_goes_on_after_a_comma() {
        let wrapped = NARROW.wrap("Placed { id: 1, customer: 2, note: 3 }\n  x: 1");

        assert_eq!(
            wrapped,
            "Placed { id: 1,\n  customer: 2,\n  note: 3 }\n  x: 1"
        );
    }

    #[test]
    fn what_has_no_comma_stays_on_its_line() {
        let long = "x".repeat(30);

        assert_eq!(NARROW.wrap(&long), long);
        assert_eq!(
            NARROW.wrap(&format!("{long}, {long}")),
            format!("{long},\n  {long}")
        );
        assert_eq!(NARROW.wrap(&format!("{long}, ")), format!("{long}, "));
    }

    #[test]
    fn letters_are_counted_and_not_their_bytes() {
        assert_eq!(NARROW.wrap(&"ü".repeat(20)), "ü".repeat(20));
        assert_eq!(
            NARROW.shorten(&"ü".repeat(21)),
            format!("{} ..", "ü".repeat(17))
        );
    }

    #[test]
    fn a_colour_ends_with_its_line() {
        let coloured = Page {
            is_coloured: true,
            ..NARROW
        };

        assert_eq!(
            coloured.paint(Ink::Found, "one\n\ntwo"),
            "\x1b[31mone\x1b[0m\n\n\x1b[31mtwo\x1b[0m"
        );
        assert_eq!(NARROW.paint(Ink::Found, "one"), "one");
    }
}

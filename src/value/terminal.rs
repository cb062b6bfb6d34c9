use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal},
};

use terminal_size::{Width, terminal_size};

use crate::value::RenderOptions;

/// The minimum width of a report. A narrower line would show too little.
const MIN_WIDTH: usize = 60;

impl RenderOptions {
    /// Returns the options for the terminal that runs the test.
    ///
    /// Without a terminal the options are plain, but the environment can force colours.
    pub(crate) fn for_terminal() -> Self {
        // The test runner captures stderr and prints it to stdout, so both must be a terminal.
        let is_terminal = io::stdout().is_terminal() && io::stderr().is_terminal();
        let columns = terminal_size().filter(|_| is_terminal);

        Self {
            width: columns.map_or(Self::PLAIN.width, |(Width(width), _)| {
                usize::from(width).max(MIN_WIDTH)
            }),
            is_coloured: is_coloured(is_terminal, |name| env::var_os(name)),
            ..Self::PLAIN
        }
    }
}

/// Returns true if the report has colours.
///
/// The rules are those of <https://no-color.org> and <https://bixense.com/clicolors>. `FORCE_COLOR`
/// is another name for `CLICOLOR_FORCE`. `var` reads an environment variable.
fn is_coloured(is_terminal: bool, var: impl Fn(&str) -> Option<OsString>) -> bool {
    let has_value = |name: &str, expected: &str| var(name).is_some_and(|value| value == expected);
    let is_set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
    let is_forced = |name: &str| is_set(name) && !has_value(name, "0");

    if is_set("NO_COLOR") {
        return false;
    }

    if is_forced("CLICOLOR_FORCE") || is_forced("FORCE_COLOR") {
        return true;
    }

    is_terminal && !has_value("CLICOLOR", "0") && !has_value("TERM", "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(is_terminal: bool, vars: &[(&str, &str)], expected: bool) {
        let var = |name: &str| {
            vars.iter()
                .find(|(var_name, _)| *var_name == name)
                .map(|(_, value)| OsString::from(value))
        };

        assert_eq!(is_coloured(is_terminal, var), expected, "{vars:?}");
    }

    #[test]
    fn terminal_is_coloured_unless_disabled() {
        check(true, &[], true);
        check(true, &[("NO_COLOR", "")], true);
        check(true, &[("NO_COLOR", "1")], false);
        check(true, &[("CLICOLOR", "0")], false);
        check(true, &[("TERM", "dumb")], false);
    }

    #[test]
    fn colours_can_be_forced_without_a_terminal() {
        check(false, &[], false);
        check(false, &[("FORCE_COLOR", "1")], true);
        check(false, &[("CLICOLOR_FORCE", "1")], true);
        check(false, &[("CLICOLOR_FORCE", "0")], false);
        check(false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false);
    }
}

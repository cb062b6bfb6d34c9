use std::thread;

use crate::system::Mode;

/// Returns the name of the running test, if its thread has the same name: `orders::a_wrong_id`.
pub(super) fn test_name() -> Option<String> {
    let thread = thread::current();

    thread
        .name()
        // The main thread and the threads of tokio have names that are not test names.
        .filter(|name| *name != "main" && !name.starts_with("tokio-"))
        .map(str::to_owned)
}

/// Returns the command that runs the test again.
///
/// `mode` is the mode that the environment set, if it did. The command sets the mode again.
/// Otherwise the next run would use the default mode.
pub(super) fn rerun_command(test: &str, mode: Option<Mode>) -> String {
    match mode.filter(|mode| *mode != Mode::default()) {
        Some(mode) => format!("{}={} cargo test {test}", Mode::ENV_VAR, mode.as_str()),
        None => format!("cargo test {test}"),
    }
}

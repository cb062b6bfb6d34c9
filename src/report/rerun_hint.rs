use std::thread;

use crate::system::Mode;

/// The name of the test that runs, if its thread tells it: `orders::a_wrong_id`.
pub(super) fn test_name() -> Option<String> {
    let thread = thread::current();
    // The threads of a runtime have names, too, and none of them is a path.
    let name = thread
        .name()
        .filter(|name| *name != "main" && !name.starts_with("tokio-"))?;
    Some(name.to_owned())
}

/// How to run the test again. `mode` is what the environment said, if the harness did not say
/// anything: without it the next run would be another one.
pub(super) fn rerun_command(test: &str, mode: Option<Mode>) -> String {
    match mode.filter(|mode| *mode != Mode::default()) {
        Some(mode) => format!("{}={} cargo test {test}", Mode::ENV_VAR, mode.as_str()),
        None => format!("cargo test {test}"),
    }
}

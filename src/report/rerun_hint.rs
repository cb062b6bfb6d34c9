use std::thread;

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
/// `environment` are the settings of the environment, as in a shell. The command sets them again.
/// Otherwise the next run would use the defaults.
pub(super) fn rerun_command(test: &str, environment: &[String]) -> String {
    let command = format!("cargo test {test}");
    let parts: Vec<&str> = environment
        .iter()
        .chain([&command])
        .map(String::as_str)
        .collect();

    parts.join(" ")
}

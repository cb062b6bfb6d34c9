use std::thread;

/// How to run the test again, if its thread tells its name.
pub(super) fn again() -> Option<String> {
    let thread = thread::current();
    // The threads of a runtime have names, too, and none of them is a path.
    let name = thread
        .name()
        .filter(|name| *name != "main" && !name.starts_with("tokio-"))?;
    Some(format!("cargo test {name}"))
}

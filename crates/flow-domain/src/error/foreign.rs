use std::{
    any::Any,
    fmt,
    panic::{self, AssertUnwindSafe},
};

/// The text of an error of the user or of a library.
///
/// If its `Display` panics, the text says so. A report or a log line then still appears.
pub(super) struct ForeignText<'a>(pub(super) &'a dyn fmt::Display);

impl fmt::Display for ForeignText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match panic::catch_unwind(AssertUnwindSafe(|| self.0.to_string())) {
            Ok(text) => f.write_str(&text),
            Err(panic) => {
                let message = panic_message(panic.as_ref());
                write!(f, "an error whose `Display` panicked: {message}")
            }
        }
    }
}

/// Returns the text of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic value that is not a string")
}

use flow_domain::Error;

pub(super) const ADAPTER: &str = "sqlite";

/// Returns a function that makes the error of an operation from its cause.
pub(super) fn failure(operation: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |err| Error::adapter(ADAPTER, operation, err)
}

/// Returns the error of a call after the store was closed.
pub(super) fn closed(operation: &'static str) -> Error {
    Error::adapter(ADAPTER, operation, "the store was closed")
}

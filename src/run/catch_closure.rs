use flow_domain::testing::catch;

use crate::flow::Mismatch;

/// Calls a closure of the test, and turns a panic into a mismatch.
///
/// A panic is then reported like any other mismatch. `expected` is its expected text.
pub(super) fn catch_closure<T>(
    expected: &'static str,
    closure: impl FnOnce() -> Result<T, Mismatch>,
) -> Result<T, Mismatch> {
    catch(closure)
        .map_err(|err| Mismatch::new(expected, format!("the closure {err}")))
        .flatten()
}

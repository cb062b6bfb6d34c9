use flow_domain::testing::catch;

use crate::expect::Mismatch;

/// Calls a closure of the test. Returns a mismatch if the closure panics.
pub(crate) fn catch_closure<T>(
    closure: impl FnOnce() -> Result<T, Mismatch>,
) -> Result<T, Mismatch> {
    catch(closure)
        .map_err(|err| {
            let expected = "the closure returns without a panic";
            Mismatch::new(expected, format!("the closure {err}"))
        })
        .flatten()
}

use flow_domain::handler::catch;

use crate::flow::Mismatch;

/// Calls a closure of the user's; that it panicked is a mismatch like any other, so that the report
/// is the same as if it had answered no.
pub(super) fn catch_closure<T>(
    expected: &'static str,
    call: impl FnOnce() -> Result<T, Mismatch>,
) -> Result<T, Mismatch> {
    catch(call)
        .map_err(|panic| Mismatch::new(expected, format!("the closure {panic}")))
        .flatten()
}

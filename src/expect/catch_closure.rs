use flow_domain::testing::catch;

use crate::{
    expect::{Expectation, Mismatch},
    outcome::Description,
};

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

/// Describes an expectation. If its own text panics, the description says so.
pub(crate) fn describe(expectation: &dyn Expectation) -> Description {
    catch(|| expectation.description()).unwrap_or_else(|err| {
        Description::of_text(format!("an expectation whose description {err}"))
    })
}

use std::panic::Location;

use flow_domain::record::Invariant;

use crate::{
    expect::{EmptyInput, Mismatch},
    outcome::DisabledInvariant,
};

/// Returns an invariant that is not checked, because of the call at `location`.
///
/// # Errors
///
/// Returns a mismatch if the reason is empty.
pub(crate) fn disabled_invariant(
    location: &'static Location<'static>,
    invariant: Invariant,
    reason: &str,
) -> Result<DisabledInvariant, Mismatch> {
    let reason = reason.trim();
    EmptyInput::DisabledReason.require(reason.is_empty())?;

    Ok(DisabledInvariant {
        invariant,
        reason: reason.to_owned(),
        location,
    })
}

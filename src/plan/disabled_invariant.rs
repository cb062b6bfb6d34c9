use flow_domain::record::Invariant;

use crate::{expect::Mismatch, outcome::DisabledInvariant};

/// Returns an invariant that is not checked.
///
/// # Errors
///
/// Returns a mismatch if the reason is empty.
pub(crate) fn disabled_invariant(
    invariant: Invariant,
    reason: &str,
) -> Result<DisabledInvariant, Mismatch> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Mismatch::new(
            format!("a reason why the invariant `{invariant}` is disabled"),
            "no reason; a later reader cannot tell whether the invariant must stay disabled",
        ));
    }

    Ok(DisabledInvariant {
        invariant,
        reason: reason.to_owned(),
    })
}

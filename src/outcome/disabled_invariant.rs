use std::panic::Location;

use flow_domain::record::Invariant;

/// An invariant that a flow does not check, and why.
#[derive(Clone, Debug)]
pub(crate) struct DisabledInvariant {
    pub(crate) invariant: Invariant,
    pub(crate) reason: String,
    /// The line that disables it.
    pub(crate) location: &'static Location<'static>,
}

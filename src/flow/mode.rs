/// The level that a sentence is run at.
///
/// Level 1, a single aggregate without infrastructure, has no mode: see [`unit`](crate::unit()).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Level 2: the whole chain inline, in this thread.
    #[default]
    Sync,
}

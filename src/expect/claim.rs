/// What an expectation says about acts that change nothing.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It says what the acts did, or that they changed nothing.
    Effect,
    /// It says only that nothing went wrong.
    Success,
    /// It excludes something, so it passes after acts that change nothing.
    Exclusion,
}

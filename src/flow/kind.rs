/// Marks a [`Flow`](crate::Flow) that runs a domain of `flow-domain`.
#[derive(Debug)]
#[non_exhaustive]
pub struct OfDomain;

/// Marks a [`Flow`](crate::Flow) that runs a [`SystemUnderTest`](crate::SystemUnderTest).
#[derive(Debug)]
#[non_exhaustive]
pub struct OfSystem;

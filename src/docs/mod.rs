//! Pages of documentation. There is nothing here to call.

#[doc = include_str!("backends.md")]
pub mod backends {}

#[doc = include_str!("broken.md")]
pub mod broken {}

#[doc = include_str!("guards.md")]
pub mod guards {}

#[doc = include_str!("hangs.md")]
pub mod hangs {}

#[doc = include_str!("own_systems.md")]
pub mod own_systems {}

#[doc = include_str!("process_managers.md")]
pub mod process_managers {}

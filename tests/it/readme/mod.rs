//! The documentation shows real tests of the README and real failure reports.

mod broken_example;
#[path = "../../../examples/broken/cafe/mod.rs"]
pub(crate) mod cafe;
mod doc_section;
#[path = "../../../examples/broken/flows.rs"]
mod flows;
#[path = "../../../examples/broken/mistake.rs"]
pub(crate) mod mistake;
mod pages;

// The README contains these files verbatim, in narrower lines.
#[rustfmt::skip]
mod place_order;
#[rustfmt::skip]
mod timeout;

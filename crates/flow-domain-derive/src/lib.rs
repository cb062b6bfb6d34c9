//! The derive macros of flow-domain.
//!
//! Use them through flow-domain, which exports them next to the traits with the same names.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod aggregate;
mod attributes;
mod case;
mod equality;
mod errors;
mod fields;
mod id;
mod input;
mod message;
mod projection;
mod serde_attributes;
mod sortable;
mod stub;
mod variant;
mod variant_names;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::message::Kind;

/// Makes a struct an aggregate: `#[aggregate(id = order_id, commands(PlaceOrder),
/// events(OrderPlaced))]`.
///
/// The struct also needs a field of type `PendingEvents` with `#[serde(skip)]`. The keys
/// `event_sourced`, `category` and `name` are optional. See `flow_domain::Aggregate`.
#[proc_macro_derive(Aggregate, attributes(aggregate))]
pub fn derive_aggregate(input: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(input), aggregate::derive)
}

/// Makes a struct a command, or an enum a family of commands: `#[command(part_of = Order, id =
/// order_id)]`.
///
/// The keys `id`, `reply`, `version` and `name` are optional. On a variant of an enum, the
/// attribute takes `id`, `version` and `name` of this command. See `flow_domain::Command`.
#[proc_macro_derive(Command, attributes(command))]
pub fn derive_command(input: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(input), |input| {
        message::derive(Kind::Command, input)
    })
}

/// Makes a struct an event, or an enum a family of events: `#[event(part_of = Order, id =
/// order_id)]`.
///
/// An event from outside the domain has `category = "payment"` in place of `part_of`. The keys
/// `version` and `name` are optional. On a variant of an enum, the attribute takes `id`, `version`
/// and `name` of this event. See `flow_domain::Event`.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(input), |input| {
        message::derive(Kind::Event, input)
    })
}

/// Makes a struct one row of a read model: `#[projection(id = order_id)]`.
///
/// The keys `index` and `name` are optional. See `flow_domain::Projection`.
#[proc_macro_derive(Projection, attributes(projection))]
pub fn derive_projection(input: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(input), projection::derive)
}

/// Makes a struct with one field, or an enum without fields, usable in `index(..)` of a projection.
///
/// See `flow_domain::Sortable`.
#[proc_macro_derive(Sortable)]
pub fn derive_sortable(input: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(input), sortable::derive)
}

/// Makes a struct with one field, or an enum without fields, usable as an id.
///
/// See `flow_domain::Id`.
#[proc_macro_derive(Id)]
pub fn derive_id(input: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(input), id::derive)
}

fn expand(
    input: &DeriveInput,
    derive: impl FnOnce(&DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    derive(input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

//! Stubs that replace an impl after a mistake in an attribute.
//!
//! With a stub, the type still implements its trait, so the compiler reports only the mistake
//! itself. The stub never runs, because the mistake is a compile error.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Ident, Type};

use crate::{attributes::Attributes, case, input, message::Kind};

/// Writes the mistake as a compile error, and the stub.
pub(crate) fn error_with_stub(err: &Error, stub: &TokenStream) -> TokenStream {
    let err = err.to_compile_error();
    quote!(#err #stub)
}

pub(crate) fn aggregate(input: &DeriveInput, attributes: &Attributes) -> TokenStream {
    let ident = &input.ident;
    let name = input::name(input);
    let category = attributes
        .category
        .as_ref()
        .map_or_else(|| case::to_snake_case(&name), syn::LitStr::value);
    let apply_impls = apply_impls(ident, attributes);

    quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Aggregate for #ident {
            const NAME: &'static str = #name;
            const CATEGORY: &'static str = #category;
            const COMMANDS: ::flow_domain::message::SchemaLists = &[];
            const EVENTS: ::flow_domain::message::SchemaLists = &[];
            const ID_FIELD: &'static str = "";
            const EVENT_SOURCED: bool = false;
            const SHAPE: &'static str = "";

            fn id(&self) -> ::std::borrow::Cow<'_, str> {
                ::core::unreachable!()
            }

            fn initial() -> ::core::option::Option<Self> {
                ::core::unreachable!()
            }

            fn replay(
                &mut self,
                _message_type: &::flow_domain::message::MessageType,
                _content: &::flow_domain::message::Payload,
            ) -> ::core::result::Result<(), ::flow_domain::Error> {
                ::core::unreachable!()
            }

            fn pending_events_mut(&mut self) -> &mut ::flow_domain::model::PendingEvents {
                ::core::unreachable!()
            }

            fn raised(&self) -> ::flow_domain::model::RaisedEvents<'_> {
                ::core::unreachable!()
            }
        }

        #apply_impls
    }
}

fn apply_impls(ident: &Ident, attributes: &Attributes) -> TokenStream {
    match (attributes.event_sourced, &attributes.events) {
        // The user writes the impls of an event-sourced aggregate.
        (Some(_), _) => TokenStream::new(),
        (None, Some(events)) => empty_apply_impls(ident, events),
        // Without a list of events, the stub lets the aggregate raise every event.
        (None, None) => quote! {
            #[automatically_derived]
            impl<E: ::flow_domain::model::Event> ::flow_domain::model::Apply<E> for #ident {
                fn apply(&mut self, _event: &E) {}
            }
        },
    }
}

/// Writes an empty `Apply` for each event. Without it, the aggregate could not raise the event.
pub(crate) fn empty_apply_impls(ident: &Ident, events: &[Type]) -> TokenStream {
    quote! {
        #(
            #[automatically_derived]
            impl ::flow_domain::model::Apply<#events> for #ident {
                fn apply(&mut self, _event: &#events) {}
            }
        )*
    }
}

pub(crate) fn message(kind: Kind, input: &DeriveInput, attributes: &Attributes) -> TokenStream {
    let ident = &input.ident;
    let name = input::name(input);
    let category = match (&attributes.part_of, &attributes.category) {
        (Some(aggregate), _) => quote!(<#aggregate as ::flow_domain::model::Aggregate>::CATEGORY),
        (None, Some(category)) => quote!(#category),
        (None, None) => quote!(""),
    };
    let kind_impl = kind.write_impl(input, attributes);

    quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Message for #ident {
            const NAME: &'static str = #name;
            const CATEGORY: &'static str = #category;
            const SCHEMAS: &'static [::flow_domain::message::MessageSchema] = &[];

            fn message_name(&self) -> ::flow_domain::message::MessageName {
                ::core::unreachable!()
            }

            fn aggregate_id(&self) -> ::std::borrow::Cow<'_, str> {
                ::core::unreachable!()
            }

            fn field_key(
                &self,
                _name: &str,
            ) -> ::core::option::Option<::std::borrow::Cow<'_, str>> {
                ::core::unreachable!()
            }
        }

        #kind_impl
    }
}

pub(crate) fn projection(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    let name = input::name(input);

    quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Projection for #ident {
            const NAME: &'static str = #name;
            const FIELDS: &'static [&'static str] = &[];
            const ID_FIELD: &'static str = "";

            fn id(&self) -> ::std::borrow::Cow<'_, str> {
                ::core::unreachable!()
            }
        }
    }
}

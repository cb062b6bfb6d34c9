use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{DeriveInput, Error, Ident, Result, Type, spanned::Spanned};

use crate::{
    attributes::{Attributes, Grammar},
    case, equality,
    errors::Errors,
    fields::Field,
    input, stub,
};

const GRAMMAR: Grammar = Grammar {
    attribute: "aggregate",
    keys: &[
        "id",
        "commands",
        "events",
        "event_sourced",
        "category",
        "name",
    ],
};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    input::refuse_generics(input, "an aggregate")?;
    let (attributes, read_result) = GRAMMAR.read(&input.attrs);

    let tokens = input::named_struct(input, "an aggregate").and_then(|fields| {
        read_result?;
        write(input, &attributes, &fields)
    });
    Ok(tokens
        .unwrap_or_else(|err| stub::error_with_stub(&err, &stub::aggregate(input, &attributes))))
}

fn write(
    input: &DeriveInput,
    attributes: &Attributes,
    fields: &[Field<'_>],
) -> Result<TokenStream> {
    let mut errors = Errors::default();
    let id = errors.take(input::own_id(
        input,
        &GRAMMAR,
        attributes.id.as_ref(),
        fields,
    ));
    let pending_events = errors.take(find_pending_events(input, fields));
    if let Err(err) = require_events(input, attributes) {
        errors.push(err);
    }
    errors.finish()?;

    let (Some(id), Some(pending_events)) = (id, pending_events) else {
        unreachable!("a missing field is reported as an error")
    };
    let shape = shape(fields);
    Ok(write_aggregate(
        input,
        attributes,
        id,
        pending_events,
        &shape,
    ))
}

/// Finds the one field of type `PendingEvents`.
fn find_pending_events<'f>(input: &DeriveInput, fields: &'f [Field<'_>]) -> Result<&'f Ident> {
    let owner = input::name(input);
    let mut matching = fields.iter().filter(|field| is_pending_events(field.ty));
    let Some(pending_events) = matching.next() else {
        return Err(Error::new_spanned(
            &input.ident,
            format!(
                "`{owner}` needs a field for the events that it raises\n\
                 help: add `#[serde(skip)] raised: flow_domain::PendingEvents`"
            ),
        ));
    };
    if let Some(second) = matching.next() {
        return Err(Error::new_spanned(
            second.ident,
            format!("`{owner}` has two fields for the events that it raises: remove one of them"),
        ));
    }
    if !pending_events.serde.skipped {
        return Err(Error::new_spanned(
            pending_events.ident,
            "raised events are not part of the state: add `#[serde(skip)]` to this field",
        ));
    }

    Ok(pending_events.ident)
}

fn is_pending_events(ty: &Type) -> bool {
    let Type::Path(ty) = ty else { return false };
    ty.path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "PendingEvents" && segment.arguments.is_none())
}

/// Refuses an event-sourced aggregate that lists no events.
fn require_events(input: &DeriveInput, attributes: &Attributes) -> Result<()> {
    match attributes.event_sourced {
        Some(span) if events(attributes).is_empty() => Err(Error::new(
            span,
            format!(
                "`{}` is event-sourced, but lists no events: \
                 write `#[aggregate(.., event_sourced, events(TheEvent))]`",
                input::name(input)
            ),
        )),
        _ => Ok(()),
    }
}

fn events(attributes: &Attributes) -> &[Type] {
    attributes.events.as_deref().unwrap_or_default()
}

fn write_aggregate(
    input: &DeriveInput,
    attributes: &Attributes,
    id: &Field<'_>,
    pending_events: &Ident,
    shape: &str,
) -> TokenStream {
    let ident = &input.ident;
    let name = attributes
        .name
        .as_ref()
        .map_or_else(|| input::name(input), syn::LitStr::value);
    let category = attributes.category.as_ref().map_or_else(
        || case::to_snake_case(&input::name(input)),
        syn::LitStr::value,
    );

    let commands = schemas(attributes.commands.as_deref().unwrap_or_default());
    let event_schemas = schemas(events(attributes));
    let id_field = id.name();
    let id = id.key_expr_of_self();
    let storage_items = match attributes.event_sourced {
        Some(span) => event_sourced_items(&input::name(input), span, events(attributes)),
        None => state_stored_items(&input::name(input)),
    };
    let try_eq = equality::try_eq_method();
    let apply_impls = match attributes.event_sourced {
        Some(_) => TokenStream::new(),
        None => stub::empty_apply_impls(ident, events(attributes)),
    };

    quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Aggregate for #ident {
            const NAME: &'static str = #name;
            const CATEGORY: &'static str = #category;
            const COMMANDS: ::flow_domain::message::SchemaLists = #commands;
            const EVENTS: ::flow_domain::message::SchemaLists = #event_schemas;
            const ID_FIELD: &'static str = #id_field;
            const SHAPE: &'static str = #shape;

            fn id(&self) -> ::std::borrow::Cow<'_, str> {
                #id
            }

            #storage_items

            #try_eq

            fn pending_events_mut(&mut self) -> &mut ::flow_domain::model::PendingEvents {
                &mut self.#pending_events
            }

            fn raised(&self) -> ::flow_domain::model::RaisedEvents<'_> {
                ::flow_domain::model::PendingEvents::events(&self.#pending_events)
            }
        }

        #apply_impls
    }
}

/// Returns the names and types of the serialized fields: `order_id:String;lines:Vec<Line>`.
fn shape(fields: &[Field<'_>]) -> String {
    let serialized = fields.iter().filter(|field| !field.serde.skipped);
    let fields: Vec<String> = serialized
        .map(|field| {
            let ty = field.ty.to_token_stream().to_string().replace(' ', "");
            format!("{}:{ty}", field.name())
        })
        .collect();

    fields.join(";")
}

fn schemas(messages: &[Type]) -> TokenStream {
    quote!(&[#(<#messages as ::flow_domain::model::Message>::SCHEMAS),*])
}

/// Writes `EVENT_SOURCED`, `initial` and `replay` of an aggregate that is stored as state.
fn state_stored_items(name: &str) -> TokenStream {
    let refusal_text = format!("`{name}` is stored as state: it is not folded from events");
    quote! {
        const EVENT_SOURCED: bool = false;

        fn initial() -> ::core::option::Option<Self> {
            ::core::option::Option::None
        }

        fn replay(
            &mut self,
            _message_type: &::flow_domain::message::MessageType,
            _content: &::flow_domain::message::Payload,
        ) -> ::core::result::Result<(), ::flow_domain::Error> {
            ::core::result::Result::Err(::flow_domain::Error::setup(#refusal_text))
        }
    }
}

/// Writes `EVENT_SOURCED`, `initial` and `replay` of an aggregate that is folded from its events.
fn event_sourced_items(name: &str, event_sourced: Span, events: &[Type]) -> TokenStream {
    // With this span, the compiler reports a missing `Default` at the key `event_sourced`.
    let span = Span::call_site().located_at(event_sourced);
    let initial = quote_spanned!(span=> <Self as ::core::default::Default>::default());
    let replay_arms = events.iter().map(replay_arm);
    let unlisted_text = format!(
        "`{{}}` is not in the `events(..)` of `{name}`: list it in `#[aggregate(.., events(..))]`"
    );

    quote! {
        const EVENT_SOURCED: bool = true;

        fn initial() -> ::core::option::Option<Self> {
            ::core::option::Option::Some(#initial)
        }

        fn replay(
            &mut self,
            message_type: &::flow_domain::message::MessageType,
            content: &::flow_domain::message::Payload,
        ) -> ::core::result::Result<(), ::flow_domain::Error> {
            #(#replay_arms)*
            ::core::result::Result::Err(::flow_domain::Error::setup(
                ::std::format!(#unlisted_text, message_type)
            ))
        }
    }
}

fn replay_arm(event: &Type) -> TokenStream {
    // With this span, the compiler reports a missing `Apply` at the event in the list.
    let span = Span::call_site().located_at(event.span());
    let apply = quote_spanned!(span=> ::flow_domain::model::Apply::<#event>::apply(self, event));

    quote! {
        if <#event as ::flow_domain::model::Message>::SCHEMAS
            .iter()
            .any(|schema| message_type.matches(schema.name))
        {
            return content.with_decoded(
                <#event as ::flow_domain::model::Message>::NAME,
                |event: &#event| #apply,
            );
        }
    }
}

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Fields, Ident, Result, ext::IdentExt};

use crate::{
    attributes::{Attributes, Grammar},
    fields::{self, Field},
};

/// One message: a struct, or one variant of an enum.
pub(crate) struct Variant<'a> {
    /// `Self` or `Self::Placed`.
    path: TokenStream,
    pub(crate) ident: &'a Ident,
    /// The name under which the message is stored.
    pub(crate) name: String,
    pub(crate) version: u32,
    fields: Vec<Field<'a>>,
    /// The field with the id of the aggregate.
    id: Option<Ident>,
}

/// What a variant needs to know about the struct or enum that declares it.
pub(crate) struct VariantContext<'a> {
    pub(crate) path: TokenStream,
    /// The name for errors: `Ping` or `OrderEvent::Placed`.
    pub(crate) label: String,
    pub(crate) grammar: &'a Grammar,
    /// Whether a message without an id is a mistake.
    pub(crate) requires_id: bool,
    /// Where a missing id field is reported; `None` for the id in the attribute.
    pub(crate) id_error_ident: Option<&'a Ident>,
}

impl<'a> Variant<'a> {
    pub(crate) fn read(
        ident: &'a Ident,
        fields: &'a Fields,
        attributes: &Attributes,
        context: VariantContext<'_>,
    ) -> Result<Self> {
        let label = &context.label;
        let Some(fields) = fields::read(fields) else {
            return Err(Error::new_spanned(
                ident,
                format!(
                    "`{label}` has fields without names: the fields of a message are stored by name"
                ),
            ));
        };

        let id = match &attributes.id {
            Some(id) => {
                let error_ident = context.id_error_ident.unwrap_or(id);
                let field = fields::find_id(&fields, id, label, error_ident)?;
                Some(field.ident.clone())
            }
            None if context.requires_id => {
                return Err(missing_id(ident, &fields, label, context.grammar));
            }
            None => None,
        };

        Ok(Self {
            path: context.path,
            ident,
            name: attributes
                .name
                .as_ref()
                .map_or_else(|| ident.unraw().to_string(), syn::LitStr::value),
            version: attributes.version.unwrap_or(1),
            fields,
            id,
        })
    }

    pub(crate) fn write_name(&self) -> TokenStream {
        let Self { name, version, .. } = self;
        quote!(::flow_domain::message::MessageName::new(#name, #version))
    }

    pub(crate) fn write_schema(&self) -> TokenStream {
        let name = self.write_name();
        let id = self.id.as_ref().map_or_else(
            || quote!(::core::option::Option::None),
            |id| {
                let id = id.unraw().to_string();
                quote!(::core::option::Option::Some(#id))
            },
        );
        let fields = self.stored_fields().map(|field| {
            let (name, ty) = (field.name(), field.ty);
            quote! {
                ::flow_domain::message::FieldSchema::new(#name, {
                    // Unused if the type is an id, or an option of one.
                    #[allow(unused_imports)]
                    use ::flow_domain::model::id_field::NotAnId as _;

                    ::flow_domain::model::id_field::IdField::<'static, #ty>::KIND
                })
            }
        });
        quote!(::flow_domain::message::MessageSchema::new(
            <Self as ::flow_domain::model::Message>::CATEGORY,
            #name,
            #id,
            &[#(#fields),*]
        ).of_type::<Self>())
    }

    pub(crate) fn write_name_arm(&self) -> TokenStream {
        let (path, name) = (&self.path, self.write_name());
        quote!(#path { .. } => #name)
    }

    pub(crate) fn write_id_arm(&self) -> TokenStream {
        let path = &self.path;
        let Some(field) = self
            .stored_fields()
            .find(|field| Some(field.ident) == self.id.as_ref())
        else {
            return quote!(#path { .. } => ::std::borrow::Cow::Borrowed(""));
        };

        let ident = field.ident;
        let key = field.key_expr(&quote!(id));
        quote!(#path { #ident: id, .. } => #key)
    }

    pub(crate) fn write_field_arm(&self) -> TokenStream {
        let path = &self.path;

        let idents = self.stored_fields().map(|field| field.ident);
        // Each field is bound to a new name: a field called `name` would hide the parameter `name`.
        let bindings: Vec<Ident> = (0..self.stored_fields().count())
            .map(|field_idx| format_ident!("field_{field_idx}"))
            .collect();
        let names = self.stored_fields().map(Field::name);
        quote! {
            #path { #(#idents: #bindings,)* .. } => match name {
                #(#names => ::flow_domain::model::id_field::IdField(#bindings).key(),)*
                _ => ::core::option::Option::None,
            }
        }
    }

    fn stored_fields(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| !field.serde.skipped)
    }
}

fn missing_id(ident: &Ident, fields: &[Field<'_>], label: &str, grammar: &Grammar) -> Error {
    let (attribute, likely) = (grammar.attribute, fields::likely_id(fields));
    Error::new_spanned(
        ident,
        format!(
            "`{label}` does not say which field is the id of the aggregate: \
             write `#[{attribute}(.., id = {likely})]`"
        ),
    )
}

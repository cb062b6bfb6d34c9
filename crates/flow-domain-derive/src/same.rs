use proc_macro2::TokenStream;
use quote::quote;

/// Compares by `PartialEq` if the type has it: what has it is one reference nearer.
pub(crate) fn is_same_as() -> TokenStream {
    quote! {
        fn is_same_as(&self, other: &Self) -> ::core::option::Option<bool> {
            use ::flow_domain::model::same::*;
            (&Pair(self, other)).is_same()
        }
    }
}

use proc_macro2::TokenStream;
use quote::quote;

/// Compares by `PartialEq` if the type has it: what has it is one reference nearer.
pub(crate) fn try_eq_method() -> TokenStream {
    quote! {
        fn try_eq(&self, other: &Self) -> ::core::option::Option<bool> {
            use ::flow_domain::model::equality::*;
            (&Pair(self, other)).are_equal()
        }
    }
}

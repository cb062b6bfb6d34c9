use proc_macro2::TokenStream;
use quote::quote;

/// Writes a `try_eq` that compares by `PartialEq` if the type implements it.
///
/// The compiler picks the method that needs fewer references. See
/// `flow_domain::model::equality::Pair`.
pub(crate) fn try_eq_method() -> TokenStream {
    quote! {
        fn try_eq(&self, other: &Self) -> ::core::option::Option<bool> {
            use ::flow_domain::model::equality::*;
            (&Pair(self, other)).are_equal()
        }
    }
}

use proc_macro2::{Span, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Error, Ident, LitInt, LitStr, Path, Result, Token, Type,
    meta::ParseNestedMeta,
    parenthesized,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
    spanned::Spanned,
    token,
};

use crate::errors::Errors;

/// The attribute of one derive: its name and its keys.
#[derive(Debug)]
pub(crate) struct Grammar {
    pub(crate) attribute: &'static str,
    pub(crate) keys: &'static [&'static str],
}

/// The values in the attributes of one derive. A key that is not in its grammar has no value.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) part_of: Option<Type>,
    pub(crate) category: Option<LitStr>,
    pub(crate) id: Option<Ident>,
    pub(crate) reply: Option<Type>,
    pub(crate) version: Option<u32>,
    pub(crate) name: Option<LitStr>,
    pub(crate) commands: Option<Vec<Type>>,
    pub(crate) events: Option<Vec<Type>>,
    pub(crate) event_sourced: Option<Span>,
    pub(crate) index: Option<Vec<Ident>>,
}

impl Grammar {
    /// Reads every attribute of this grammar. Returns the values that could be read, and all
    /// mistakes.
    pub(crate) fn read(&self, attributes: &[Attribute]) -> (Attributes, Result<()>) {
        let mut values = Attributes::default();
        let mut errors = Errors::default();

        for attribute in attributes {
            if attribute.path().is_ident(self.attribute) {
                let parsed = attribute.parse_nested_meta(|meta| {
                    // A wrong key does not end the loop, so all mistakes are reported.
                    if let Err(err) = self.read_key(&mut values, &meta) {
                        errors.push(err);
                        skip_to_comma(meta.input)?;
                    }
                    Ok(())
                });
                errors.take(parsed);
            }
        }

        (values, errors.finish())
    }

    fn read_key(&self, values: &mut Attributes, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let key = key_of(&meta.path);
        if !self.keys.contains(&key.as_str()) {
            if self.keys.contains(&"event_sourced") && is_flag(meta) {
                // Only `event_sourced` has no value, so the user probably meant this key.
                values.event_sourced.get_or_insert(meta.path.span());
            }
            return Err(self.unknown_key(&meta.path, &key));
        }

        match key.as_str() {
            "part_of" => parse_bare_name(&mut values.part_of, meta),
            "reply" => parse_bare_name(&mut values.reply, meta),
            "id" => parse_bare_name(&mut values.id, meta),
            "category" => set_once(&mut values.category, meta, parse_category(meta)?),
            "name" => set_once(&mut values.name, meta, parse_name(meta)?),
            "version" => set_once(&mut values.version, meta, parse_version(meta)?),
            "commands" => parse_list(&mut values.commands, meta),
            "events" => parse_list(&mut values.events, meta),
            "index" => parse_list(&mut values.index, meta),
            "event_sourced" => set_once(&mut values.event_sourced, meta, meta.path.span()),
            _ => unreachable!("every key of a grammar has an arm here"),
        }
    }

    fn unknown_key(&self, path: &Path, key: &str) -> Error {
        let attribute = self.attribute;
        let known = backticked(self.keys);
        Error::new_spanned(
            path,
            format!("unknown key `{key}`: `#[{attribute}(..)]` takes {known}"),
        )
    }
}

/// Joins names to a list: `` `id`, `name` ``.
pub(crate) fn backticked<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    quoted.join(", ")
}

fn key_of(path: &Path) -> String {
    path.get_ident().map_or_else(
        || path.to_token_stream().to_string().replace(' ', ""),
        Ident::to_string,
    )
}

/// Stores the value of a key. Reports a key that already has a value.
fn set_once<T>(slot: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T) -> Result<()> {
    if slot.replace(value).is_some() {
        let key = key_of(&meta.path);
        return Err(Error::new_spanned(
            &meta.path,
            format!("`{key}` is given twice"),
        ));
    }

    Ok(())
}

/// Returns true if the key has no value: neither `= ..` nor `(..)` follows.
fn is_flag(meta: &ParseNestedMeta<'_>) -> bool {
    !meta.input.peek(Token![=]) && !meta.input.peek(token::Paren)
}

/// Parses a Rust name. Reports a quoted name, which is a common mistake.
fn parse_bare_name<T: Parse>(slot: &mut Option<T>, meta: &ParseNestedMeta<'_>) -> Result<()> {
    let value = meta.value()?;
    if !value.peek(LitStr) {
        return set_once(slot, meta, value.parse()?);
    }

    let (key, quoted) = (key_of(&meta.path), value.parse::<LitStr>()?);
    let name = quoted.value();
    // The name is stored all the same. Otherwise a second error would report it as missing.
    *slot = slot.take().or_else(|| quoted.parse().ok());

    Err(Error::new_spanned(
        quoted,
        format!("`{key}` takes a Rust name, not a string: write `{key} = {name}`"),
    ))
}

fn parse_category(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    let category: LitStr = meta.value()?.parse()?;
    // A stream is called `category-id`: the first `-` ends the category.
    if category.value().is_empty() || category.value().contains('-') {
        return Err(Error::new_spanned(
            category,
            "a category must not be empty and must not contain `-`",
        ));
    }

    Ok(category)
}

fn parse_name(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    let name: LitStr = meta.value()?.parse()?;
    // A message is stored as `Domain.Name.v1`: the `.` ends the name.
    if name.value().is_empty() || name.value().contains('.') {
        return Err(Error::new_spanned(
            name,
            "a name must not be empty and must not contain `.`",
        ));
    }

    Ok(name)
}

fn parse_version(meta: &ParseNestedMeta<'_>) -> Result<u32> {
    let version: LitInt = meta.value()?.parse()?;
    match version.base10_parse()? {
        0 => Err(Error::new_spanned(version, "a version must be 1 or more")),
        number => Ok(number),
    }
}

fn parse_list<T: Parse + ToTokens>(
    slot: &mut Option<Vec<T>>,
    meta: &ParseNestedMeta<'_>,
) -> Result<()> {
    let content;
    parenthesized!(content in meta.input);

    let mut errors = Errors::default();
    let mut items: Vec<T> = Vec::new();
    for item in Punctuated::<T, Token![,]>::parse_terminated(&content)? {
        let text = item.to_token_stream().to_string();
        let is_listed = items
            .iter()
            .any(|listed| listed.to_token_stream().to_string() == text);
        if is_listed {
            errors.push(Error::new_spanned(
                item,
                format!("`{text}` is listed twice"),
            ));
        } else {
            items.push(item);
        }
    }

    errors.take(set_once(slot, meta, items));
    errors.finish()
}

fn skip_to_comma(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

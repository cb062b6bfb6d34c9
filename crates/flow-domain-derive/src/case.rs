//! The letter case of names: `snake_case`, `camelCase` and the other rules of serde.

/// Converts the name of a type to snake case: `HTTPCall` becomes `http_call`.
pub(crate) fn to_snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();

    for (char_idx, char) in chars.iter().enumerate() {
        if char.is_uppercase() && starts_word(&chars, char_idx) {
            snake.push('_');
        }
        snake.extend(char.to_lowercase());
    }

    snake
}

fn starts_word(chars: &[char], char_idx: usize) -> bool {
    let Some(previous) = char_idx.checked_sub(1).map(|idx| chars[idx]) else {
        return false;
    };

    let next_is_lowercase = || {
        chars
            .get(char_idx + 1)
            .is_some_and(|next| next.is_lowercase())
    };

    previous != '_' && (!previous.is_uppercase() || next_is_lowercase())
}

/// Renames a field by a rule of serde's `rename_all`. An unknown rule changes nothing.
pub(crate) fn apply_rename_rule(field: &str, rule: &str) -> String {
    match rule {
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => field.to_ascii_uppercase(),
        "PascalCase" => to_pascal_case(field),
        "camelCase" => to_camel_case(field),
        "kebab-case" => field.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => field.to_ascii_uppercase().replace('_', "-"),
        // Serde assumes that fields already follow `lowercase` and `snake_case`.
        _ => field.to_owned(),
    }
}

/// Renames a variant by a rule of serde's `rename_all`. An unknown rule changes nothing.
pub(crate) fn apply_rename_rule_to_variant(variant: &str, rule: &str) -> String {
    match rule {
        "lowercase" => variant.to_ascii_lowercase(),
        "UPPERCASE" => variant.to_ascii_uppercase(),
        "camelCase" => change_first_char(variant, char::to_ascii_lowercase),
        "snake_case" => variant_to_snake_case(variant),
        "SCREAMING_SNAKE_CASE" => variant_to_snake_case(variant).to_ascii_uppercase(),
        "kebab-case" => variant_to_snake_case(variant).replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => variant_to_snake_case(variant)
            .to_ascii_uppercase()
            .replace('_', "-"),
        // Serde assumes that variants already follow `PascalCase`.
        _ => variant.to_owned(),
    }
}

/// Serde begins a new word at each capital letter: `HTTPCall` becomes `h_t_t_p_call`.
fn variant_to_snake_case(variant: &str) -> String {
    let mut snake = String::new();
    for (idx, char) in variant.char_indices() {
        if 0 < idx && char.is_uppercase() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}

fn to_pascal_case(field: &str) -> String {
    field
        .split('_')
        .map(|word| change_first_char(word, char::to_ascii_uppercase))
        .collect()
}

fn to_camel_case(field: &str) -> String {
    change_first_char(&to_pascal_case(field), char::to_ascii_lowercase)
}

fn change_first_char(word: &str, change: impl Fn(&char) -> char) -> String {
    let mut chars = word.chars();
    chars.next().iter().map(change).chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_keeps_abbreviations_together() {
        assert_eq!(to_snake_case("Order"), "order");
        assert_eq!(to_snake_case("BankAccount"), "bank_account");
        assert_eq!(to_snake_case("HTTPCall"), "http_call");
        assert_eq!(to_snake_case("CallHTTP"), "call_http");
        assert_eq!(to_snake_case("Order2Item"), "order2_item");
        assert_eq!(to_snake_case("Sub_Order"), "sub_order");
    }

    #[test]
    fn rename_rules_are_those_of_serde() {
        assert_eq!(apply_rename_rule("order_id", "lowercase"), "order_id");
        assert_eq!(apply_rename_rule("order_id", "UPPERCASE"), "ORDER_ID");
        assert_eq!(apply_rename_rule("order_id", "PascalCase"), "OrderId");
        assert_eq!(apply_rename_rule("order_id", "camelCase"), "orderId");
        assert_eq!(apply_rename_rule("order_id", "snake_case"), "order_id");
        assert_eq!(
            apply_rename_rule("order_id", "SCREAMING_SNAKE_CASE"),
            "ORDER_ID"
        );
        assert_eq!(apply_rename_rule("order_id", "kebab-case"), "order-id");
        assert_eq!(
            apply_rename_rule_to_variant("InTransit", "SCREAMING_SNAKE_CASE"),
            "IN_TRANSIT"
        );
        assert_eq!(
            apply_rename_rule_to_variant("InTransit", "camelCase"),
            "inTransit"
        );
        assert_eq!(
            apply_rename_rule("order_id", "SCREAMING-KEBAB-CASE"),
            "ORDER-ID"
        );
    }
}

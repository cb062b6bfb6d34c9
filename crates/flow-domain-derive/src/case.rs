/// Writes the name of a type in snake case: `HTTPCall` becomes `http_call`.
pub(crate) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();

    for (char_idx, char) in chars.iter().enumerate() {
        if char.is_uppercase() && begins_word(&chars, char_idx) {
            snake.push('_');
        }
        snake.extend(char.to_lowercase());
    }

    snake
}

fn begins_word(chars: &[char], char_idx: usize) -> bool {
    let Some(before) = char_idx.checked_sub(1).map(|idx| chars[idx]) else {
        return false;
    };

    let ends_capitals = || {
        chars
            .get(char_idx + 1)
            .is_some_and(|after| after.is_lowercase())
    };

    before != '_' && (!before.is_uppercase() || ends_capitals())
}

/// Renames a field as serde's `rename_all` does; a rule that serde does not know changes nothing.
pub(crate) fn rename(field: &str, rule: &str) -> String {
    match rule {
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => field.to_ascii_uppercase(),
        "PascalCase" => pascal(field),
        "camelCase" => camel(field),
        "kebab-case" => field.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => field.to_ascii_uppercase().replace('_', "-"),
        // `lowercase` and `snake_case` take it that a field is written so already.
        _ => field.to_owned(),
    }
}

fn pascal(field: &str) -> String {
    field
        .split('_')
        .map(|word| with_first(word, char::to_ascii_uppercase))
        .collect()
}

fn camel(field: &str) -> String {
    with_first(&pascal(field), char::to_ascii_lowercase)
}

fn with_first(word: &str, change: impl Fn(&char) -> char) -> String {
    let mut chars = word.chars();
    chars.next().iter().map(change).chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_keeps_abbreviations_together() {
        assert_eq!(snake("Order"), "order");
        assert_eq!(snake("BankAccount"), "bank_account");
        assert_eq!(snake("HTTPCall"), "http_call");
        assert_eq!(snake("CallHTTP"), "call_http");
        assert_eq!(snake("Order2Item"), "order2_item");
        assert_eq!(snake("Sub_Order"), "sub_order");
    }

    #[test]
    fn rename_follows_the_rules_of_serde() {
        assert_eq!(rename("order_id", "lowercase"), "order_id");
        assert_eq!(rename("order_id", "UPPERCASE"), "ORDER_ID");
        assert_eq!(rename("order_id", "PascalCase"), "OrderId");
        assert_eq!(rename("order_id", "camelCase"), "orderId");
        assert_eq!(rename("order_id", "snake_case"), "order_id");
        assert_eq!(rename("order_id", "SCREAMING_SNAKE_CASE"), "ORDER_ID");
        assert_eq!(rename("order_id", "kebab-case"), "order-id");
        assert_eq!(rename("order_id", "SCREAMING-KEBAB-CASE"), "ORDER-ID");
    }
}

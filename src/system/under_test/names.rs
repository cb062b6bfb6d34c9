use std::{
    collections::BTreeSet,
    fmt::{self, Write},
    sync::{Mutex, PoisonError},
};

use flow_domain::message::{MessageName, short_type_name};

/// The names of messages that this process has met. A type has few of them.
static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Returns the name of a message: the first word of its `Debug`, which is the variant of an enum.
///
/// Without such a word, it is the name of the type. The name is only a label: whether two messages are
/// equal depends on their values.
pub(super) fn message_name<M: fmt::Debug>(message: &M) -> MessageName {
    let mut word = FirstWord::default();
    // An error only says that the word is complete.
    let _ = write!(word, "{message:?}");

    let name = match word.text.as_str() {
        "" => short_type_name::<M>(),
        word => interned(word),
    };
    MessageName::new(name, 1)
}

fn interned(name: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }

    let name: &'static str = Box::leak(name.into());
    names.insert(name);
    name
}

/// Keeps the identifier at the beginning of a text, and stops the writer after it.
#[derive(Default)]
struct FirstWord {
    text: String,
}

impl Write for FirstWord {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for char in part.chars() {
            let is_first = self.text.is_empty();
            if !(char.is_alphabetic() || char == '_' || !is_first && char.is_numeric()) {
                return Err(fmt::Error);
            }
            self.text.push(char);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[allow(dead_code, reason = "only `Debug` reads the fields")]
    enum Command {
        Open,
        Deposit { amount: u32 },
        Close(u32),
    }

    #[track_caller]
    fn check<M: fmt::Debug>(message: M, expected: &str) {
        assert_eq!(message_name(&message).as_str(), expected);
    }

    #[test]
    fn name_is_the_variant_or_the_type() {
        check(Command::Open, "Open");
        check(Command::Deposit { amount: 1 }, "Deposit");
        check(Command::Close(2), "Close");
        check((1, 2), "(i32, i32)");
        check("text", "&str");
    }
}

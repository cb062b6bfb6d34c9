use std::{mem, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    handler::UnitOfWork,
    message::{MessageId, Payload},
    port::RowKeys,
    record::{Table, TableKind},
};

/// The number of messages that a key remembers: at least 32 instances, if each has one start event.
///
/// A redelivery is mostly one of the last messages: an engine that crashed repeats what it had not
/// acknowledged. So a short list is enough, and its size does not grow.
const MAX_MESSAGES: usize = 64;

/// The messages that began or completed the instances of a process manager with one key, oldest first.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct ProcessHistory {
    /// Those of instances that are complete. Their redeliveries are for no later instance.
    complete: Vec<MessageId>,
    /// Those of the instance that runs. It handles a redelivery again, like any event handler.
    running: Vec<MessageId>,
}

impl ProcessHistory {
    fn add(&mut self, message: MessageId, is_complete: bool) {
        push_bounded(&mut self.running, message);
        if is_complete {
            for message in mem::take(&mut self.running) {
                push_bounded(&mut self.complete, message);
            }
        }
    }
}

fn push_bounded(messages: &mut Vec<MessageId>, message: MessageId) {
    if MAX_MESSAGES <= messages.len() {
        messages.drain(..=messages.len() - MAX_MESSAGES);
    }
    messages.push(message);
}

impl UnitOfWork {
    /// Returns true if the current message began or completed an instance that is complete.
    pub(crate) async fn is_in_process_history(
        &mut self,
        process_manager: &'static str,
        key: &Arc<str>,
    ) -> Result<bool, Error> {
        let message = self.context.message.metadata.id;
        let history = self.load_process_history(process_manager, key).await?;

        Ok(history.complete.contains(&message))
    }

    /// Remembers that the current message could begin the instance that handled it, or completed it.
    pub(crate) async fn remember_in_process_history(
        &mut self,
        process_manager: &'static str,
        key: &Arc<str>,
        is_complete: bool,
    ) -> Result<(), Error> {
        let mut history = self.load_process_history(process_manager, key).await?;
        history.add(self.context.message.metadata.id, is_complete);

        let table = history_table(process_manager);
        let value = Payload::encode(process_manager, &history)?;
        self.write_state((table, key), value, RowKeys::default(), true);

        Ok(())
    }

    async fn load_process_history(
        &mut self,
        process_manager: &'static str,
        key: &Arc<str>,
    ) -> Result<ProcessHistory, Error> {
        let history = self.load_state(history_table(process_manager), key).await?;
        Ok(history.unwrap_or_default())
    }
}

const fn history_table(process_manager: &'static str) -> Table {
    Table::new(TableKind::ProcessHistory, process_manager)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use uuid::Uuid;

    use super::*;

    fn messages(range: Range<u128>) -> Vec<MessageId> {
        range.map(|n| MessageId::new(Uuid::from_u128(n))).collect()
    }

    #[test]
    fn process_history_keeps_the_last_64_messages() {
        let mut history = ProcessHistory::default();
        for message in messages(0..100) {
            history.add(message, false);
        }
        assert_eq!(history.running, messages(36..100));

        for message in messages(100..200) {
            history.add(message, true);
        }
        assert_eq!(history.complete, messages(136..200));
    }

    #[test]
    fn completion_ends_the_list_of_the_running_instance() {
        let mut history = ProcessHistory::default();
        for (message, is_complete) in messages(0..4).into_iter().zip([false, false, true, false]) {
            history.add(message, is_complete);
        }

        let expected = ProcessHistory {
            complete: messages(0..3),
            running: messages(3..4),
        };
        assert_eq!(history, expected);
    }
}

use std::sync::Arc;

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
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct ProcessHistory {
    messages: Vec<MessageId>,
}

impl ProcessHistory {
    fn add(&mut self, message: MessageId) {
        if MAX_MESSAGES <= self.messages.len() {
            self.messages.drain(..=self.messages.len() - MAX_MESSAGES);
        }
        self.messages.push(message);
    }
}

impl UnitOfWork {
    /// Returns true if the current message began or completed an instance of the process manager.
    pub(crate) async fn is_in_process_history(
        &mut self,
        process_manager: &'static str,
        key: &Arc<str>,
    ) -> Result<bool, Error> {
        let message = self.context.message.metadata.id;
        let history = self.load_process_history(process_manager, key).await?;

        Ok(history.messages.contains(&message))
    }

    /// Remembers that the current message began or completed an instance of the process manager.
    pub(crate) async fn remember_in_process_history(
        &mut self,
        process_manager: &'static str,
        key: &Arc<str>,
    ) -> Result<(), Error> {
        let mut history = self.load_process_history(process_manager, key).await?;
        history.add(self.context.message.metadata.id);

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
    use uuid::Uuid;

    use super::*;

    #[test]
    fn process_history_keeps_the_last_64_messages() {
        let message = |n| MessageId::new(Uuid::from_u128(n));
        let mut history = ProcessHistory::default();

        for n in 0..100 {
            history.add(message(n));
        }

        let last: Vec<MessageId> = (36..100).map(message).collect();
        assert_eq!(history.messages, last);
    }
}

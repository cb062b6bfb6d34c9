use std::{borrow::Cow, fmt, sync::Arc};

use flow_domain::message::MessageLabels;

type DescribeFn = dyn Fn(&MessageLabels) -> String + Send + Sync;

/// What an expectation expects. It becomes text only when somebody reads it.
#[derive(Clone)]
pub struct Description(Arc<DescribeFn>);

impl Description {
    /// Creates a description that names messages by their labels.
    pub(crate) fn new(describe: impl Fn(&MessageLabels) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(describe))
    }

    pub(crate) fn of_text(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        Self::new(move |_| text.clone().into_owned())
    }

    /// Describes several expectations, in their order.
    pub(crate) fn of_all(parts: Vec<Self>) -> Self {
        Self::new(move |labels| {
            let texts: Vec<String> = parts.iter().map(|part| part.render(labels)).collect();
            texts.join(", ")
        })
    }

    pub(crate) fn render(&self, labels: &MessageLabels) -> String {
        (self.0)(labels)
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Description({:?})",
            self.render(&MessageLabels::default())
        )
    }
}

pub(super) use crate::port::contract::fixture::event;
use crate::{
    message::MessageKind,
    port::{Lane, Topic},
};
use std::borrow::Cow;

pub(super) const ORDER: Topic = Topic {
    category: Cow::Borrowed("order"),
    kind: MessageKind::Event,
    lane: Lane::Primary,
};

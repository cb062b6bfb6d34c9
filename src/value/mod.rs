//! Values as text: JSON differences, messages and states, wrapped and coloured lines.
//!
//! This folder knows nothing of a run.

mod diff;
mod message_view;
mod not_json;
mod render_options;
mod show;
mod status_text;
mod terminal;

pub(crate) use diff::{
    Difference, differences, has_same_leaves, is_like, partial_differences, render_differences,
    render_differences_as, stored_differences, value_differences,
};
pub(crate) use message_view::{MessageView, content_of, matches_type};
pub(crate) use not_json::{NotJson, read_json};
pub(crate) use render_options::{RenderOptions, Style};
pub(crate) use show::{
    counted, cut_after_field, cut_list, cut_middle, first_few, indent, max_width, show_message,
    show_stored, show_value,
};
pub(crate) use status_text::StatusText;

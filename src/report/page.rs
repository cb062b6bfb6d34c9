use std::fmt;

use crate::report::{failure::Inner, indent};

impl Inner {
    /// Writes the whole report.
    pub(super) fn show(&self, f: &mut impl fmt::Write) -> fmt::Result {
        for (idx, failed) in self.failed.iter().enumerate() {
            let head = match idx {
                0 if self.outcome.is_none() => "flow failed before step",
                0 => "flow failed at step",
                _ => "\n\nand at step",
            };
            write!(
                f,
                "{head} {}: {}      {}\n\n{}",
                failed.step, failed.described, failed.location, failed.mismatch
            )?;
        }
        section(f, "run", self.note.as_deref().unwrap_or_default())?;
        section(f, "story", &self.story)?;
        section(f, "chain", &self.chain)?;
        section(f, "left", &self.left)?;
        if let Some(again) = &self.again {
            write!(f, "\nagain  {again}")?;
        }
        Ok(())
    }
}

fn section(f: &mut impl fmt::Write, name: &str, text: &str) -> fmt::Result {
    if text.is_empty() {
        return Ok(());
    }
    write!(f, "\n\n{name:<5}  {}", indent(text, 7))
}

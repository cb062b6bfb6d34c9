use std::{marker::PhantomData, panic::Location};

use flow_domain::message::Payload;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    flow::{Look, LookCheck, Mismatch},
    report::{differences, is_like, show_fields, unlike},
};

type Place = &'static Location<'static>;

/// Decodes what was found, or tells that it cannot be read.
fn decode<T: DeserializeOwned>(found: &Payload, look: &Look<'_>) -> Result<T, Mismatch> {
    found.decode(look.kept.name).map_err(|err| {
        Mismatch::new(
            look.subject(),
            format!("{} (from {})", err.with_causes(), found.as_json()),
        )
    })
}

fn one<'a>(found: &'a [Payload], look: &Look<'_>) -> Result<&'a Payload, Mismatch> {
    // The runner has made sure that it is there, except for `absent`.
    found
        .first()
        .ok_or_else(|| Mismatch::new(look.subject(), "nothing under that id"))
}

pub(super) struct Is(pub(super) Result<Value, String>);

impl LookCheck for Is {
    fn word(&self) -> &'static str {
        "is"
    }

    fn check(&self, found: &[Payload], look: &Look<'_>) -> Result<(), Mismatch> {
        let payload = one(found, look)?;
        let expected = match &self.0 {
            Ok(expected) => expected,
            Err(err) => return Err(Mismatch::new("a value that has a JSON form", err.clone())),
        };
        let found = payload.to_value();
        if *expected == found {
            return Ok(());
        }
        let shown = |value: &Value| format!("{} {}", look.subject(), show_fields(value));
        Err(Mismatch::new(shown(expected), shown(&found)).differing(differences(expected, &found)))
    }
}

pub(super) struct Like(pub(super) Value);

impl LookCheck for Like {
    fn word(&self) -> &'static str {
        "like"
    }

    fn check(&self, found: &[Payload], look: &Look<'_>) -> Result<(), Mismatch> {
        let found = one(found, look)?.to_value();
        if is_like(&self.0, &found) {
            return Ok(());
        }
        let expected = format!("{} like {}", look.subject(), show_fields(&self.0));
        let shown = format!("{} {}", look.subject(), show_fields(&found));
        Err(Mismatch::new(expected, shown).differing(unlike(&self.0, &found)))
    }
}

pub(super) struct Absent;

impl LookCheck for Absent {
    fn word(&self) -> &'static str {
        "absent"
    }

    fn check(&self, found: &[Payload], look: &Look<'_>) -> Result<(), Mismatch> {
        match found.first() {
            None => Ok(()),
            Some(found) => Err(Mismatch::new(
                format!("no {}", look.subject()),
                format!("{} {}", look.subject(), show_fields(&found.to_value())),
            )),
        }
    }
}

pub(super) struct Count(pub(super) usize);

impl LookCheck for Count {
    fn word(&self) -> &'static str {
        "count"
    }

    fn check(&self, found: &[Payload], look: &Look<'_>) -> Result<(), Mismatch> {
        if found.len() == self.0 {
            return Ok(());
        }
        let subject = look.subject();
        let mismatch = Mismatch::new(
            format!("{} {subject}", self.0),
            format!("{} {subject}", found.len()),
        );
        Err(mismatch.differing(rows(found)))
    }
}

/// Some rows, one a line; how many there are beyond them is told.
fn rows(found: &[Payload]) -> Vec<String> {
    let shown = found.iter().take(5);
    let mut lines: Vec<String> = shown.map(|row| show_fields(&row.to_value())).collect();
    if 5 < found.len() {
        lines.push(format!("and {} more", found.len() - 5));
    }
    lines
}

macro_rules! closure_check {
    ($(#[$doc:meta])* $name:ident, $word:literal) => {
        $(#[$doc])*
        pub(super) struct $name<T, F> {
            place: Place,
            holds: F,
            of: PhantomData<fn(T)>,
        }

        impl<T, F: Fn(&T) -> bool> $name<T, F> {
            pub(super) fn new(place: Place, holds: F) -> Self {
                Self {
                    place,
                    holds,
                    of: PhantomData,
                }
            }

            fn holds_for(&self, found: &Payload, look: &Look<'_>) -> Result<bool, Mismatch>
            where
                T: DeserializeOwned,
            {
                decode(found, look).map(|value| (self.holds)(&value))
            }
        }

        impl<T, F> LookCheck for $name<T, F>
        where
            T: DeserializeOwned,
            F: Fn(&T) -> bool + Send + Sync,
        {
            fn word(&self) -> &'static str {
                $word
            }

            fn check(&self, found: &[Payload], look: &Look<'_>) -> Result<(), Mismatch> {
                self.check_closure(found, look)
            }
        }
    };
}

closure_check!(Has, "has");
closure_check!(All, "all");
closure_check!(Any, "any");
closure_check!(None, "none");

impl<T: DeserializeOwned, F: Fn(&T) -> bool> Has<T, F> {
    fn check_closure(&self, found: &[Payload], look: &Look<'_>) -> Result<(), Mismatch> {
        let found = one(found, look)?;
        if self.holds_for(found, look)? {
            return Ok(());
        }
        Err(Mismatch::new(
            format!(
                "{} for which the closure at {} holds",
                look.subject(),
                self.place
            ),
            format!("{} {}", look.subject(), show_fields(&found.to_value())),
        ))
    }
}

impl<T: DeserializeOwned, F: Fn(&T) -> bool> All<T, F> {
    fn check_closure(&self, found: &[Payload], look: &Look<'_>) -> Result<(), Mismatch> {
        let name = look.kept.name;
        if found.is_empty() {
            return Err(Mismatch::new(
                format!(
                    "rows of {name}, for all of which the closure at {} holds",
                    self.place
                ),
                "no rows at all, for which anything holds: `.count(0)` is the word for none",
            ));
        }
        for row in found {
            if !self.holds_for(row, look)? {
                return Err(Mismatch::new(
                    format!(
                        "only rows of {name} for which the closure at {} holds",
                        self.place
                    ),
                    show_fields(&row.to_value()),
                ));
            }
        }
        Ok(())
    }
}

impl<T: DeserializeOwned, F: Fn(&T) -> bool> Any<T, F> {
    fn check_closure(&self, found: &[Payload], look: &Look<'_>) -> Result<(), Mismatch> {
        for row in found {
            if self.holds_for(row, look)? {
                return Ok(());
            }
        }
        let mismatch = Mismatch::new(
            format!(
                "a row of {} for which the closure at {} holds",
                look.kept.name, self.place
            ),
            format!("{} rows, none of them", found.len()),
        );
        Err(mismatch.differing(rows(found)))
    }
}

impl<T: DeserializeOwned, F: Fn(&T) -> bool> None<T, F> {
    fn check_closure(&self, found: &[Payload], look: &Look<'_>) -> Result<(), Mismatch> {
        for row in found {
            if self.holds_for(row, look)? {
                return Err(Mismatch::new(
                    format!(
                        "no row of {} for which the closure at {} holds",
                        look.kept.name, self.place
                    ),
                    show_fields(&row.to_value()),
                ));
            }
        }
        Ok(())
    }
}

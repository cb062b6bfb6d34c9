//! The mistakes of `examples/broken`: the café is right without them, and the documentation shows what is
//! printed with them.

use std::{collections::BTreeSet, thread};

use crate::{mistake::Mistake, sentences, shown};

/// The report that the example prints for a mistake.
pub(crate) fn printed(mistake: Mistake) -> String {
    // The thread of a test has its name, which a report would tell.
    let told = thread::spawn(move || sentences::told(mistake, Some(mistake)));
    let failure = told.join().unwrap().expect_err("the mistake is noticed");
    // The modules of the example are a part of this test as well.
    failure.to_string().replace("tests/readme/../../", "")
}

#[test]
fn the_cafe_is_right_without_a_mistake() {
    for mistake in Mistake::ALL {
        let told = sentences::told(mistake, None);

        assert!(told.is_ok(), "{mistake}:\n{}", told.unwrap_err());
    }
}

#[test]
fn a_mistake_is_known_by_its_name() {
    for mistake in Mistake::ALL {
        assert_eq!(Mistake::named(&mistake.to_string()), Some(mistake));
    }
    assert_eq!(Mistake::named("no-mistake"), None);
}

#[test]
fn each_mistake_has_a_verdict_of_its_own() {
    let verdicts = Mistake::ALL.map(|mistake| {
        let failure = sentences::told(mistake, Some(mistake)).unwrap_err();
        failure.why().unwrap().verdict.number()
    });

    assert_eq!(verdicts, [10, 18, 4, 3, 11, 7, 25, 13]);
    assert_eq!(BTreeSet::from(verdicts).len(), Mistake::ALL.len());
}

#[test]
fn the_page_shows_the_failures_that_are_printed() {
    let shown = Mistake::ALL.map(|mistake| {
        let (explained, report) = (mistake.explained(), printed(mistake));
        format!("\n# {mistake}\n\n{explained}\n\n```text\n{report}\n```\n")
    });

    let begin = "<!-- From here on it is what is printed. -->\n";
    shown::check("src/docs/broken.md", (begin, None), &shown.concat());
}

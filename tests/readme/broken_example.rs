//! The mistakes of `examples/broken`: the café is right without them, and the documentation shows what is
//! printed with them.

use std::{collections::BTreeSet, thread};

use crate::{doc_section, flows, mistake::Mistake};

/// The report that the example prints for a mistake.
pub(crate) fn printed_report(mistake: Mistake) -> String {
    // The thread of a test has its name, which a report would tell.
    let told = thread::spawn(move || flows::run_flow(mistake, Some(mistake)));
    let failure = told.join().unwrap().expect_err("the mistake is noticed");
    // The modules of the example are a part of this test as well.
    failure.to_string().replace("tests/readme/../../", "")
}

#[test]
fn cafe_passes_every_flow_without_a_mistake() {
    for mistake in Mistake::ALL {
        let told = flows::run_flow(mistake, None);

        assert!(told.is_ok(), "{mistake}:\n{}", told.unwrap_err());
    }
}

#[test]
fn mistake_is_found_by_its_name() {
    for mistake in Mistake::ALL {
        assert_eq!(Mistake::by_name(&mistake.to_string()), Some(mistake));
    }
    assert_eq!(Mistake::by_name("no-mistake"), None);
}

#[test]
fn mistake_has_its_own_cause() {
    let verdicts = Mistake::ALL.map(|mistake| {
        let failure = flows::run_flow(mistake, Some(mistake)).unwrap_err();
        failure.diagnosis().unwrap().cause.case_number()
    });

    assert_eq!(verdicts, [10, 18, 4, 3, 11, 7, 25, 13]);
    assert_eq!(BTreeSet::from(verdicts).len(), Mistake::ALL.len());
}

#[test]
fn broken_page_shows_the_printed_reports() {
    let shown = Mistake::ALL.map(|mistake| {
        let (explained, report) = (mistake.explanation(), printed_report(mistake));
        format!("\n# {mistake}\n\n{explained}\n\n```text\n{report}\n```\n")
    });

    let begin = "<!-- From here on it is what is printed. -->\n";
    doc_section::check("src/docs/broken.md", (begin, None), &shown.concat());
}

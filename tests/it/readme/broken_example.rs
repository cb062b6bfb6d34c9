//! The mistakes of `examples/broken`. The café is correct without them, and the documentation shows
//! their reports.

use std::{collections::BTreeSet, thread};

use crate::readme::{doc_section, flows, mistake::Mistake};

/// Returns the report that the example prints for a mistake.
pub(crate) fn printed_report(mistake: Mistake) -> String {
    // A test thread has the name of its test, and the report would show it.
    let result = thread::spawn(move || flows::run_flow(mistake, Some(mistake)))
        .join()
        .unwrap();
    let failure = result.expect_err("the mistake is noticed");

    // This test includes the modules of the example, so their paths begin in its folder.
    failure.to_string().replace("tests/it/readme/../../../", "")
}

#[test]
fn cafe_passes_every_flow_without_a_mistake() {
    for mistake in Mistake::ALL {
        let result = flows::run_flow(mistake, None);

        assert!(result.is_ok(), "{mistake}:\n{}", result.unwrap_err());
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
    let case_numbers = Mistake::ALL.map(|mistake| {
        let failure = flows::run_flow(mistake, Some(mistake)).unwrap_err();
        failure.diagnosis().unwrap().cause.case_number()
    });

    assert_eq!(case_numbers, [10, 18, 4, 3, 11, 7, 25, 13]);
    assert_eq!(BTreeSet::from(case_numbers).len(), Mistake::ALL.len());
}

#[test]
fn broken_page_shows_the_printed_reports() {
    let sections = Mistake::ALL.map(|mistake| {
        let (explanation, report) = (mistake.explanation(), printed_report(mistake));
        format!("\n# {mistake}\n\n{explanation}\n\n```text\n{report}\n```\n")
    });

    let begin = "<!-- From here on it is what is printed. -->\n";
    doc_section::check("src/docs/broken.md", (begin, None), &sections.concat());
}

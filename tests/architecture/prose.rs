//! Keeps names and documentation readable: words that must not come back, paths that exist, and
//! short sentences.

use std::{collections::BTreeSet, fs, path::Path};

use crate::source::rust_files_in;

const WORKSPACE: &str = env!("CARGO_MANIFEST_DIR");

const FOLDERS: [&str; 5] = ["src", "crates", "examples", "tests", "benches"];

const PAGES: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "crates/flow-domain/README.md",
    "crates/flow-domain-sql/README.md",
    "crates/flow-harness-cqrs-es/README.md",
    "crates/flow-harness-disintegrate/README.md",
    "crates/flow-harness-esrs/README.md",
];

/// The file that contains the lists below.
const THIS_FILE: &str = "tests/architecture/prose.rs";

/// The maximum number of words in a sentence of [`PAGES`].
const MAX_WORDS: usize = 20;

/// The maximum length of the name of a test.
const MAX_TEST_NAME: usize = 60;

/// Former names. The glossary in ARCHITECTURE.md has the names that replace them.
const FORMER_NAMES: [&str; 45] = [
    "AfterAttempt",
    "Armed",
    "ArmedFaults",
    "Aside",
    "Bell",
    "BrokeOff",
    "BrokenLaw",
    "CanFail",
    "CommonPorts",
    "Fate",
    "Flights",
    "GoOn",
    "Handed",
    "Handing",
    "Happening",
    "Ink",
    "Kept",
    "KeptAs",
    "Landed",
    "Landing",
    "Laws",
    "LetGo",
    "ListedMessage",
    "LoadedCopy",
    "LookCheck",
    "Nearness",
    "NotTold",
    "Rung",
    "SettingMistake",
    "Sought",
    "SoughtKept",
    "Told",
    "Trail",
    "Tried",
    "Unchecked",
    "Unspoken",
    "Verdict",
    "Woken",
    "WrittenAggregate",
    "WrittenValue",
    "let_go_because",
    "look_up",
    "n_adds",
    "sought",
    "unmade",
];

/// Phrases that a reader has to read twice.
const RIDDLES: [&str; 8] = [
    "came to be",
    "in vain",
    "is told of",
    "lets it go",
    "let it go",
    "letters more",
    "looks after",
    "so many",
];

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(Path::new(WORKSPACE).join(path)).unwrap()
}

/// Returns the path and the text of each Rust file and each page of the workspace.
fn texts() -> Vec<(String, String)> {
    let rust_files = FOLDERS
        .iter()
        .flat_map(|folder| rust_files_in(&Path::new(WORKSPACE).join(folder)))
        .map(|path| path.strip_prefix(WORKSPACE).unwrap().display().to_string());

    rust_files
        .chain(PAGES.map(str::to_owned))
        .chain(
            [
                "src/docs/broken.md",
                "src/docs/guards.md",
                "src/docs/process_managers.md",
            ]
            .map(str::to_owned),
        )
        .filter(|path| path != THIS_FILE)
        .map(|path| (path.clone(), read(&path)))
        .collect()
}

/// Returns the lines of a page that are prose: no code blocks, tables or headings.
fn prose_lines(page: &str) -> Vec<(usize, &str)> {
    let mut is_code = false;

    page.lines()
        .enumerate()
        .filter(|(_, line)| {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            !is_code && !is_fence && !line.starts_with(['|', '#'])
        })
        .map(|(idx, line)| (idx + 1, line))
        .collect()
}

/// Returns the sentences of a line. A code span is one word, and a link is its text.
fn sentences(line: &str) -> Vec<String> {
    let spans: Vec<&str> = line.split('`').collect();
    let without_code: String = spans
        .iter()
        .enumerate()
        .map(|(idx, span)| if idx % 2 == 0 { span } else { "code" })
        .collect();
    let without_targets: String = without_code
        .split("](")
        .enumerate()
        .map(|(idx, part)| match part.split_once(')') {
            Some((_, rest)) if 0 < idx => rest,
            _ => part,
        })
        .collect();

    without_targets.split_inclusive(['.', '!', '?']).fold(
        vec![String::new()],
        |mut sentences, part| {
            // `0.1.0` is not the end of a sentence.
            let is_new = part.starts_with(' ');
            match sentences.last_mut() {
                Some(last) if !is_new => last.push_str(part),
                _ => sentences.push(part.to_owned()),
            }
            sentences
        },
    )
}

fn n_words(sentence: &str) -> usize {
    sentence
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphanumeric))
        .count()
}

/// Returns the code spans of a line.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn former_names_do_not_come_back() {
    let mut found = Vec::new();

    for (path, text) in texts() {
        for (idx, line) in text.lines().enumerate() {
            let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
            let names = line.split(|letter| !is_part(letter));
            for name in names.filter(|name| FORMER_NAMES.contains(name)) {
                found.push(format!("{path}:{}: `{name}`", idx + 1));
            }
        }
    }

    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn riddles_do_not_come_back() {
    let mut found = Vec::new();

    for (path, text) in texts() {
        for (idx, line) in text.lines().enumerate() {
            for riddle in RIDDLES.iter().filter(|riddle| line.contains(**riddle)) {
                found.push(format!("{path}:{}: \"{riddle}\"", idx + 1));
            }
        }
    }

    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn test_names_are_short() {
    let mut long = Vec::new();

    for (path, text) in texts() {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (idx, line) in lines.iter().enumerate() {
            let name = line
                .trim_start_matches("async ")
                .strip_prefix("fn ")
                .and_then(|rest| rest.split(['(', '<']).next())
                .unwrap_or_default();
            let is_test = lines[..idx]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#["))
                .any(|line| line.contains("test"));
            if is_test && MAX_TEST_NAME < name.len() {
                long.push(format!("{path}:{}: {} characters", idx + 1, name.len()));
            }
        }
    }

    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
fn sentences_of_the_pages_are_short() {
    let mut long = Vec::new();

    for page in PAGES {
        let text = read(page);
        for (line_number, line) in prose_lines(&text) {
            for sentence in sentences(line) {
                let n_words = n_words(&sentence);
                if MAX_WORDS < n_words {
                    long.push(format!("{page}:{line_number}: {n_words} words:{sentence}"));
                }
            }
        }
    }

    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
fn paths_in_the_pages_exist() {
    let file_names: BTreeSet<String> = texts()
        .iter()
        .filter_map(|(path, _)| path.rsplit('/').next().map(str::to_owned))
        .collect();
    let mut missing = Vec::new();

    for page in PAGES {
        let text = read(page);
        let folder = Path::new(WORKSPACE).join(page);
        let folder = folder.parent().unwrap();
        for (idx, line) in text.lines().enumerate() {
            let links = line
                .split("](")
                .skip(1)
                .filter_map(|part| part.split_once(')'))
                .map(|(target, _)| target)
                .filter(|target| !target.starts_with("http"))
                .filter(|target| !folder.join(target).exists());
            let paths = code_spans(line)
                .filter(|span| {
                    FOLDERS
                        .iter()
                        .any(|top| span.starts_with(&format!("{top}/")))
                })
                .filter(|span| !Path::new(WORKSPACE).join(span).exists());
            let names = code_spans(line)
                .filter(|span| !span.contains('/'))
                .filter(|span| Path::new(span).extension().is_some_and(|ext| ext == "rs"))
                .filter(|span| !file_names.contains(*span) && *span != "prose.rs");
            for path in links.chain(paths).chain(names) {
                missing.push(format!("{page}:{}: there is no `{path}`", idx + 1));
            }
        }
    }

    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn sentences_end_at_a_full_stop_followed_by_a_space() {
    let line = "See [`port`](src/port.rs) in 0.1.0. It has traits.";

    let found: Vec<usize> = sentences(line).iter().map(|one| n_words(one)).collect();

    assert_eq!(found, [4, 3]);
}

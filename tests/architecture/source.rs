//! Reads the paths out of a source file: what it imports, and what it names inline.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A path in a source file, from the root of its crate: `["crate", "message", "StreamName"]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SourcePath {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

impl SourcePath {
    pub(crate) fn show(&self) -> String {
        self.segments.join("::")
    }
}

/// The Rust files below `folder`, sorted.
pub(crate) fn rust_files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));

    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            files.extend(rust_files_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }

    files.sort();
    files
}

/// The paths that begin with `crate`, `super` or one of `crates`, without those of test code.
/// `module` is where the file stands: `["message", "stream"]`.
pub(crate) fn crate_paths_in(source: &str, module: &[String], crates: &[&str]) -> Vec<SourcePath> {
    let words = strip_tests(tokens_of(source));
    let mut named = Vec::new();

    for idx in 0..words.len() {
        let word = words[idx].text.as_str();
        let is_root = word == "crate" || word == "super" || crates.contains(&word);
        // A second `super` belongs to the path of the first.
        let continues = 0 < idx && words[idx - 1].text == "::" && word == "super";

        if is_root && !continues && token_text(&words, idx + 1) == "::" {
            let end = read_path_tree(&words, idx, &[], &mut named);
            // Exported macros stand at the root of the crate, wherever they are written.
            if token_text(&words, end) == "!" {
                named.pop();
            }
        }
    }

    for one in &mut named {
        resolve_super(&mut one.segments, module);
    }

    named
}

/// The paths of all `use` items, as they are written.
pub(crate) fn use_paths_in(source: &str) -> Vec<SourcePath> {
    let words = strip_tests(tokens_of(source));
    let mut used = Vec::new();

    for idx in 0..words.len() {
        if words[idx].text == "use" {
            read_path_tree(&words, idx + 1, &[], &mut used);
        }
    }

    used
}

#[derive(Debug)]
struct Token {
    line: usize,
    text: String,
}

fn token_text(words: &[Token], idx: usize) -> &str {
    words.get(idx).map_or("", |word| word.text.as_str())
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Splits a source into names, `::` and single characters; comments and literals are left out.
fn tokens_of(source: &str) -> Vec<Token> {
    let letters: Vec<char> = source.chars().collect();
    let mut words = Vec::new();
    let (mut idx, mut line) = (0, 1);

    while idx < letters.len() {
        let (end, is_word) = token_end(&letters, idx);
        let text: String = letters[idx..end].iter().collect();
        let n_lines = text.matches('\n').count();

        if is_word {
            words.push(Token { line, text });
        }

        line += n_lines;
        idx = end;
    }

    words
}

/// Where the piece ends that begins at `idx`, and whether it is a word.
fn token_end(letters: &[char], idx: usize) -> (usize, bool) {
    let at = |idx: usize| letters.get(idx).copied().unwrap_or('\0');
    match (at(idx), at(idx + 1)) {
        ('/', '/') => (end_of_delimited(letters, idx, "\n"), false),
        ('/', '*') => (end_of_delimited(letters, idx, "*/"), false),
        ('"', _) => (end_of_string(letters, idx), false),
        ('\'', '\\') => (end_of_delimited(letters, idx + 3, "'"), false),
        // A lifetime has no second quote.
        ('\'', _) if at(idx + 2) == '\'' => (idx + 3, false),
        (':', ':') => (idx + 2, true),
        (first, _) if first.is_alphabetic() || first == '_' => {
            let is_part = |letter: &char| letter.is_alphanumeric() || *letter == '_';
            let length = letters[idx..].iter().take_while(|one| is_part(one)).count();
            end_of_raw_string(letters, idx).map_or((idx + length, true), |end| (end, false))
        }
        (other, _) => (idx + 1, !other.is_whitespace()),
    }
}

fn end_of_delimited(letters: &[char], from: usize, end: &str) -> usize {
    let end: Vec<char> = end.chars().collect();
    (from..letters.len())
        .find(|idx| letters[*idx..].starts_with(&end))
        .map_or(letters.len(), |idx| idx + end.len())
}

fn end_of_string(letters: &[char], from: usize) -> usize {
    let mut idx = from + 1;
    while idx < letters.len() && letters[idx] != '"' {
        idx += if letters[idx] == '\\' { 2 } else { 1 };
    }
    idx + 1
}

/// Where a raw text ends that begins at `from`; `None` if none begins there.
fn end_of_raw_string(letters: &[char], from: usize) -> Option<usize> {
    let hashes = letters[from..].strip_prefix(&['r'])?;
    let n_hashes = hashes.iter().take_while(|letter| **letter == '#').count();
    let end = format!("\"{}", "#".repeat(n_hashes));
    (hashes.get(n_hashes) == Some(&'"'))
        .then(|| end_of_delimited(letters, from + n_hashes + 2, &end))
}

/// Leaves out each item behind `#[cfg(test)]`.
fn strip_tests(words: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::new();
    let mut words = words.into_iter();

    while let Some(word) = words.next() {
        kept.push(word);
        let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
        let last = kept.iter().rev().take(attribute.len());

        if !last
            .map(|word| word.text.as_str())
            .eq(attribute.into_iter().rev())
        {
            continue;
        }

        kept.truncate(kept.len() - attribute.len());
        let mut depth = 0;
        let _rest_of_item = words.find(|word| {
            depth += match word.text.as_str() {
                "{" => 1,
                "}" => -1,
                _ => 0,
            };
            depth == 0 && (word.text == "}" || word.text == ";")
        });
    }

    kept
}

/// Reads the path or the tree of paths at `idx`, and returns where it ends.
fn read_path_tree(
    words: &[Token],
    idx: usize,
    prefix: &[String],
    named: &mut Vec<SourcePath>,
) -> usize {
    if token_text(words, idx) == "::" {
        return read_path_tree(words, idx + 1, prefix, named);
    }

    if token_text(words, idx) == "{" {
        let mut idx = idx + 1;
        while idx < words.len() && token_text(words, idx) != "}" {
            idx = match token_text(words, idx) {
                name if is_name(name) || name == "*" || name == "::" => {
                    read_path_tree(words, idx, prefix, named)
                }
                _ => idx + 1,
            };
        }

        return idx + 1;
    }

    let mut segments = prefix.to_vec();
    segments.push(token_text(words, idx).to_owned());
    let next = token_text(words, idx + 2);

    if token_text(words, idx + 1) == "::" && (is_name(next) || next == "{" || next == "*") {
        return read_path_tree(words, idx + 2, &segments, named);
    }

    let line = words.get(idx).map_or(0, |word| word.line);
    named.push(SourcePath { line, segments });

    // What it is called here does not matter.
    match token_text(words, idx + 1) {
        "as" => idx + 3,
        _ => idx + 1,
    }
}

/// Writes a path that begins with `super` as one that begins with `crate`.
fn resolve_super(segments: &mut Vec<String>, module: &[String]) {
    let n_up = segments
        .iter()
        .take_while(|segment| *segment == "super")
        .count();

    if 0 < n_up {
        let above = module.iter().take(module.len().saturating_sub(n_up));
        let root = std::iter::once("crate".to_owned());
        let absolute: Vec<String> = root.chain(above.cloned()).collect();
        segments.splice(..n_up, absolute);
    }
}

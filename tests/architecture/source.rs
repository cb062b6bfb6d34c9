//! Extracts the paths in a source file: its imports and its inline paths.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A path in a source file, from its crate root: `["crate", "message", "StreamName"]`.
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

/// Returns the Rust files below `folder`, sorted.
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

/// Returns the paths that begin with `crate`, `super` or one of `crates`, outside of test code.
///
/// `module` is the module of the file: `["message", "stream"]`.
pub(crate) fn crate_paths_in(source: &str, module: &[String], crates: &[&str]) -> Vec<SourcePath> {
    let tokens = strip_tests(tokens_of(source));
    let mut paths = Vec::new();

    for idx in 0..tokens.len() {
        let token = tokens[idx].text.as_str();
        let is_root = token == "crate" || token == "super" || crates.contains(&token);
        // The second `super` of `super::super` belongs to the same path.
        let continues = 0 < idx && tokens[idx - 1].text == "::" && token == "super";

        if is_root && !continues && token_text(&tokens, idx + 1) == "::" {
            let end = read_path_tree(&tokens, idx, &[], &mut paths);
            // Exported macros are at the crate root, wherever they are defined.
            if token_text(&tokens, end) == "!" {
                paths.pop();
            }
        }
    }

    for path in &mut paths {
        resolve_super(&mut path.segments, module);
    }
    paths
}

/// Returns the paths of all `use` items as written.
pub(crate) fn use_paths_in(source: &str) -> Vec<SourcePath> {
    let tokens = strip_tests(tokens_of(source));
    let mut paths = Vec::new();

    for idx in 0..tokens.len() {
        if tokens[idx].text == "use" {
            read_path_tree(&tokens, idx + 1, &[], &mut paths);
        }
    }

    paths
}

/// Returns the string literals of a source, as written between their quotes, with their lines.
pub(crate) fn string_literals_in(source: &str) -> Vec<(usize, String)> {
    let chars: Vec<char> = source.chars().collect();
    let mut literals = Vec::new();
    let (mut idx, mut line) = (0, 1);

    while idx < chars.len() {
        let (end, _) = token_end(&chars, idx);
        let text: String = chars[idx..end.min(chars.len())].iter().collect();
        let n_lines = text.matches('\n').count();

        let is_raw = end_of_raw_string(&chars, idx).is_some();
        if is_raw || text.starts_with('"') {
            literals.push((line, text));
        }
        line += n_lines;
        idx = end;
    }

    literals
}

/// A name, `::` or a single character, with its line.
/// Returns the types that have an inherent `impl` block in a source file, each with its line.
pub(crate) fn inherent_impls_in(source: &str) -> Vec<(usize, String)> {
    let tokens = strip_tests(tokens_of(source));
    let mut impls = Vec::new();
    let mut depth = 0;

    for (idx, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            // In the signature of a function, `impl` follows other tokens.
            "impl" if depth == 0 && (idx == 0 || "};]".contains(&tokens[idx - 1].text)) => {
                impls.extend(inherent_type(&tokens[idx + 1..]).map(|name| (token.line, name)));
            }
            _ => {}
        }
    }

    impls
}

/// Returns the type of an `impl` block; `None` if it implements a trait.
fn inherent_type(tokens: &[Token]) -> Option<String> {
    let (mut angle_depth, mut name) = (0, None);
    for (idx, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "<" => angle_depth += 1,
            // The `>` of `->` closes nothing.
            ">" if idx == 0 || tokens[idx - 1].text != "-" => angle_depth -= 1,
            "for" if angle_depth == 0 => return None,
            "{" | "where" if angle_depth == 0 => return name,
            text if angle_depth == 0 && is_name(text) => name = Some(text.to_owned()),
            _ => {}
        }
    }

    None
}

/// Returns the names of the types that a source file defines.
pub(crate) fn defined_types_in(source: &str) -> Vec<String> {
    let tokens = strip_tests(tokens_of(source));

    tokens
        .windows(2)
        .filter(|pair| ["struct", "enum", "trait", "type"].contains(&pair[0].text.as_str()))
        .map(|pair| pair[1].text.clone())
        .collect()
}

#[derive(Debug)]
struct Token {
    line: usize,
    text: String,
}

fn token_text(tokens: &[Token], idx: usize) -> &str {
    tokens.get(idx).map_or("", |token| token.text.as_str())
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Splits a source into names, `::` and single characters. Drops comments and literals.
fn tokens_of(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let (mut idx, mut line) = (0, 1);

    while idx < chars.len() {
        let (end, is_token) = token_end(&chars, idx);
        let text: String = chars[idx..end].iter().collect();
        let n_lines = text.matches('\n').count();

        if is_token {
            tokens.push(Token { line, text });
        }
        line += n_lines;
        idx = end;
    }

    tokens
}

/// Returns where the piece that begins at `idx` ends, and whether it is a token.
fn token_end(chars: &[char], idx: usize) -> (usize, bool) {
    let at = |idx: usize| chars.get(idx).copied().unwrap_or('\0');
    match (at(idx), at(idx + 1)) {
        ('/', '/') => (end_of_delimited(chars, idx, "\n"), false),
        ('/', '*') => (end_of_delimited(chars, idx, "*/"), false),
        ('"', _) => (end_of_string(chars, idx), false),
        ('\'', '\\') => (end_of_delimited(chars, idx + 3, "'"), false),
        // A character literal. A lifetime has no second quote.
        ('\'', _) if at(idx + 2) == '\'' => (idx + 3, false),
        (':', ':') => (idx + 2, true),
        (first, _) if first.is_alphabetic() || first == '_' => {
            let is_part = |char: &char| char.is_alphanumeric() || *char == '_';
            let length = chars[idx..].iter().take_while(|char| is_part(char)).count();
            end_of_raw_string(chars, idx).map_or((idx + length, true), |end| (end, false))
        }
        (other, _) => (idx + 1, !other.is_whitespace()),
    }
}

fn end_of_delimited(chars: &[char], from: usize, end: &str) -> usize {
    let end: Vec<char> = end.chars().collect();
    (from..chars.len())
        .find(|idx| chars[*idx..].starts_with(&end))
        .map_or(chars.len(), |idx| idx + end.len())
}

fn end_of_string(chars: &[char], from: usize) -> usize {
    let mut idx = from + 1;
    while idx < chars.len() && chars[idx] != '"' {
        idx += if chars[idx] == '\\' { 2 } else { 1 };
    }
    idx + 1
}

/// Returns where the raw string that begins at `from` ends; `None` if none begins there.
fn end_of_raw_string(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from..].strip_prefix(&['r'])?;
    let n_hashes = hashes.iter().take_while(|char| **char == '#').count();
    let end = format!("\"{}", "#".repeat(n_hashes));

    (hashes.get(n_hashes) == Some(&'"')).then(|| end_of_delimited(chars, from + n_hashes + 2, &end))
}

/// Drops each item marked `#[cfg(test)]`.
fn strip_tests(tokens: Vec<Token>) -> Vec<Token> {
    let mut outside_tests: Vec<Token> = Vec::new();
    let mut tokens = tokens.into_iter();

    while let Some(token) = tokens.next() {
        outside_tests.push(token);
        let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
        let ends_with_attribute = outside_tests
            .iter()
            .rev()
            .take(attribute.len())
            .map(|token| token.text.as_str())
            .eq(attribute.into_iter().rev());
        if !ends_with_attribute {
            continue;
        }

        // Drops the attribute and the item after it, which ends at `;` or at its last `}`.
        outside_tests.truncate(outside_tests.len() - attribute.len());
        let mut depth = 0;
        let _rest_of_item = tokens.find(|token| {
            depth += match token.text.as_str() {
                "{" => 1,
                "}" => -1,
                _ => 0,
            };
            depth == 0 && (token.text == "}" || token.text == ";")
        });
    }

    outside_tests
}

/// Reads the path or the tree of paths at `idx`, and returns where it ends.
fn read_path_tree(
    tokens: &[Token],
    idx: usize,
    prefix: &[String],
    paths: &mut Vec<SourcePath>,
) -> usize {
    if token_text(tokens, idx) == "::" {
        return read_path_tree(tokens, idx + 1, prefix, paths);
    }

    if token_text(tokens, idx) == "{" {
        let mut idx = idx + 1;
        while idx < tokens.len() && token_text(tokens, idx) != "}" {
            idx = match token_text(tokens, idx) {
                name if is_name(name) || name == "*" || name == "::" => {
                    read_path_tree(tokens, idx, prefix, paths)
                }
                _ => idx + 1,
            };
        }
        return idx + 1;
    }

    let mut segments = prefix.to_vec();
    segments.push(token_text(tokens, idx).to_owned());
    let next = token_text(tokens, idx + 2);
    if token_text(tokens, idx + 1) == "::" && (is_name(next) || next == "{" || next == "*") {
        return read_path_tree(tokens, idx + 2, &segments, paths);
    }

    let line = tokens.get(idx).map_or(0, |token| token.line);
    paths.push(SourcePath { line, segments });
    // Skips the alias of an `as`.
    match token_text(tokens, idx + 1) {
        "as" => idx + 3,
        _ => idx + 1,
    }
}

/// Rewrites a path that begins with `super` to one that begins with `crate`.
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

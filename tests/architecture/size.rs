use std::{env, fs, path::Path, process::Command};

use crate::source::rust_files_in;

const WORKSPACE: &str = env!("CARGO_MANIFEST_DIR");

/// The maximum length of a source file. A longer file does more than one thing.
const MAX_LINES: usize = 450;

/// The maximum number of crates in a default build. Users pay for each of them on every build.
const MAX_CRATES: usize = 45;

#[test]
fn source_file_is_short() {
    let folders = ["src", "crates", "examples", "tests", "benches"];
    let mut long = Vec::new();

    for folder in folders {
        for path in rust_files_in(&Path::new(WORKSPACE).join(folder)) {
            let n_lines = fs::read_to_string(&path).unwrap().lines().count();
            if MAX_LINES < n_lines {
                long.push(format!("{}: {n_lines} lines", path.display()));
            }
        }
    }

    assert!(
        long.is_empty(),
        "more than {MAX_LINES} lines\n{}",
        long.join("\n")
    );
}

/// Returns the crates in a build of flow-harness without features, with these kinds of dependencies.
fn crates_of_default_build(edges: &str) -> Vec<String> {
    let mut tree = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    // `--offline`: the crates are already built, so nothing must be fetched.
    tree.args(["tree", "-p", "flow-harness", "-e", edges])
        .args(["--prefix", "none", "--format", "{p}"])
        .args(["--offline", "--locked"])
        .current_dir(WORKSPACE);

    let output = tree.output().unwrap();

    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut crates: Vec<String> = text
        .lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect();
    crates.sort_unstable();
    crates.dedup();
    crates
}

#[test]
fn a_default_build_of_the_harness_is_small() {
    let crates = crates_of_default_build("normal");

    assert!(
        crates.len() <= MAX_CRATES,
        "{} crates, at most {MAX_CRATES}\n{}",
        crates.len(),
        crates.join("\n")
    );
}

/// `cargo run --example shop` builds the dependencies of the examples, too.
#[test]
fn examples_build_without_a_database() {
    let crates = crates_of_default_build("normal,dev");

    assert!(crates.iter().any(|name| name.starts_with("shop ")));
    let databases = ["flow-domain-sql ", "rusqlite ", "sqlx "];
    let found = crates
        .iter()
        .find(|name| databases.iter().any(|database| name.starts_with(database)));
    assert_eq!(found, None);
}

#[test]
fn the_commands_in_the_readme_exist() {
    let Ok(readme) = fs::read_to_string(Path::new(WORKSPACE).join("README.md")) else {
        return;
    };

    for (idx, line) in readme.lines().enumerate() {
        let words: Vec<&str> = line
            .split(|char: char| char.is_whitespace() || char == '`')
            .collect();
        for pair in words.windows(2) {
            let [flag, name] = pair else { continue };
            let paths = match *flag {
                "--example" => [
                    format!("examples/{name}.rs"),
                    format!("examples/{name}/main.rs"),
                ],
                "--test" => [format!("tests/{name}.rs"), format!("tests/{name}/main.rs")],
                "--bench" => [
                    format!("benches/{name}.rs"),
                    format!("benches/{name}/main.rs"),
                ],
                script if script.starts_with("scripts/") => [script.to_owned(), script.to_owned()],
                _ => continue,
            };

            let exists = paths
                .iter()
                .any(|path| Path::new(WORKSPACE).join(path).exists());
            assert!(exists, "README.md:{}: there is no {}", idx + 1, paths[0]);
        }
    }
}

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The maximum number of record files of one test in one process.
///
/// A test may run a test flow a thousand times. A few files are enough: further failures overwrite
/// the last one.
const MAX_FILES: u32 = 5;

/// The maximum length of a test name in a file name, in bytes. A longer name is cut, and ends with a
/// hash of the whole name.
///
/// File systems allow 255 bytes.
const MAX_STEM_BYTES: usize = 120;

/// Writes `text` into a file in the target directory, and returns its path for the report.
///
/// If the file cannot be written, returns the reason instead of the path.
pub(super) fn write_record(test: &str, text: &str) -> String {
    match target_dir() {
        Some(target) => write_record_in(&target, test, text),
        None => "not written: there is no target directory".to_owned(),
    }
}

fn write_record_in(target: &Path, test: &str, text: &str) -> String {
    let path = target.join("flow-harness").join(numbered_file_name(test));
    match write_file(&path, text) {
        Ok(()) => display_path(&path, target),
        Err(err) => format!("not written to {}: {err}", path.display()),
    }
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }

    fs::write(path, text)
}

/// Returns the target directory in which cargo built this test.
fn target_dir() -> Option<PathBuf> {
    // Cargo puts this file into each target directory.
    let is_target = |dir: &Path| dir.join("CACHEDIR.TAG").is_file();

    let exe = env::current_exe().ok()?;
    if let Some(dir) = exe.ancestors().find(|dir| is_target(dir)) {
        return Some(dir.to_owned());
    }

    // Doc tests are built outside the target directory.
    if let Some(dir) = env::var_os("CARGO_TARGET_DIR")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute())
    {
        return Some(dir);
    }

    env::current_dir()
        .ok()?
        .ancestors()
        .map(|dir| dir.join("target"))
        .find(|dir| is_target(dir))
}

/// Returns the path relative to the root of the workspace.
///
/// If the target directory is not in its usual place, or is that of another workspace, returns the path
/// as it is.
///
/// The locations in a report are relative to the same root.
fn display_path(path: &Path, target: &Path) -> String {
    let is_inside = |root: &Path| env::current_dir().is_ok_and(|dir| dir.starts_with(root));
    let is_workspace = |root: &&Path| {
        target.ends_with("target") && root.join("Cargo.toml").is_file() && is_inside(root)
    };
    let root = target.parent().filter(is_workspace);
    let path = root.map_or(path, |root| path.strip_prefix(root).unwrap_or(path));

    path.display().to_string()
}

/// Returns the next file name for a failure of a test: `a_test.txt`, `a_test-2.txt`.
///
/// A later failure does not overwrite the first one. In the next process the numbers start again at
/// 1, so the next run overwrites the files.
fn numbered_file_name(test: &str) -> String {
    static N_FILES: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

    let stem = file_stem(test);
    let mut n_files = N_FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let nth = n_files.entry(stem.clone()).or_default();

    *nth = MAX_FILES.min(*nth + 1);
    match *nth {
        1 => format!("{stem}.txt"),
        nth => format!("{stem}-{nth}.txt"),
    }
}

/// Returns the name of a test as a file name: `orders--a_wrong_id`.
fn file_stem(test: &str) -> String {
    let is_safe = |char: char| char.is_alphanumeric() || "_-.".contains(char);
    let name = test.replace("::", "--");
    let stem: String = name
        .trim_start_matches('.')
        .chars()
        .map(|char| if is_safe(char) { char } else { '_' })
        .collect();

    if stem.len() <= MAX_STEM_BYTES {
        return stem;
    }

    let end = (0..=MAX_STEM_BYTES).rfind(|end| stem.is_char_boundary(*end));
    format!("{}-{:016x}", &stem[..end.unwrap_or(0)], hash(test))
}

/// Returns the same number for the same text in every process (FNV-1a).
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_stem_escapes_the_test_name() {
        assert_eq!(file_stem("orders::a_wrong_id"), "orders--a_wrong_id");
        assert_eq!(file_stem("../a b/c:1"), "_a_b_c_1");
    }

    #[test]
    fn file_stems_of_long_test_names_differ() {
        let stem_of = |end: &str| file_stem(&format!("{}{end}", "ö_".repeat(50)));

        assert_eq!(
            stem_of("a"),
            format!("{}-4a7fdb8b6e4970ac", "ö_".repeat(40))
        );
        assert_ne!(stem_of("a"), stem_of("b"));
    }

    #[test]
    fn record_files_of_a_test_are_limited() {
        let names: Vec<String> = (0..7).map(|_| numbered_file_name("a_few")).collect();

        assert_eq!(names[..2], ["a_few.txt", "a_few-2.txt"]);
        assert_eq!(names[5..], ["a_few-5.txt", "a_few-5.txt"]);
    }

    #[test]
    fn display_path_is_relative_to_the_workspace() {
        let displayed = |target: &Path| display_path(&target.join("flow-harness/a.txt"), target);
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));

        assert_eq!(
            displayed(&workspace.join("target")),
            "target/flow-harness/a.txt"
        );
        let elsewhere = "/tmp/target/flow-harness/a.txt";
        assert_eq!(displayed(Path::new("/tmp/target")), elsewhere);
    }

    /// Several checkouts may share one target directory.
    #[test]
    fn display_path_in_another_workspace_is_absolute() {
        let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/newcomer");
        assert!(other.join("Cargo.toml").is_file());

        let path = other.join("target/flow-harness/a.txt");
        let displayed = display_path(&path, &other.join("target"));
        assert_eq!(displayed, path.display().to_string());
    }

    #[test]
    fn unwritable_record_is_reported() {
        let file = env::current_exe().unwrap();

        let reported = write_record_in(&file, "unwritable", "");

        let path = file.join("flow-harness/unwritable.txt");
        assert!(reported.starts_with(&format!("not written to {}: ", path.display())));
    }
}

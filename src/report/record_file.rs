use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// How many files a test leaves behind at most: one that tries a sentence a thousand times is to leave
/// a few of its failures, not all.
const MAX_FILES: u32 = 5;

/// Writes `text` into a file for the test with this name, among what cargo builds, and says where it
/// is. That it cannot be written is told there, and is no failure of its own.
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

/// The directory in which cargo built this test.
fn target_dir() -> Option<PathBuf> {
    let is_target = |dir: &Path| dir.join("CACHEDIR.TAG").is_file();
    let exe = env::current_exe().ok()?;
    let around = exe.ancestors().find(|dir| is_target(dir));

    if let Some(dir) = around {
        return Some(dir.to_owned());
    }

    // The tests of documentation are built elsewhere.
    if let Some(dir) = env::var_os("CARGO_TARGET_DIR")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute())
    {
        return Some(dir);
    }

    let here = env::current_dir().ok()?;
    here.ancestors()
        .map(|dir| dir.join("target"))
        .find(|dir| is_target(dir))
}

/// As seen from the root of the workspace, like the place in the head of a report, if it is below it.
fn display_path(path: &Path, target: &Path) -> String {
    let is_usual = |root: &&Path| target.ends_with("target") && root.join("Cargo.toml").is_file();
    let root = target.parent().filter(is_usual);
    let path = root.map_or(path, |root| path.strip_prefix(root).unwrap_or(path));
    path.display().to_string()
}

/// A name for every failure of a test in this process: a later one does not hide the first, and the
/// next run begins anew.
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

/// The name of a test as that of a file: `orders--a_wrong_id`.
fn file_stem(test: &str) -> String {
    let is_safe = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
    let stem: String = test
        .replace("::", "--")
        .chars()
        .map(|letter| if is_safe(letter) { letter } else { '_' })
        // File systems allow 255 bytes.
        .take(60)
        .collect();

    stem.trim_start_matches('.').to_owned()
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
    fn record_files_of_a_test_are_limited() {
        let names: Vec<String> = (0..7).map(|_| numbered_file_name("a_few")).collect();

        assert_eq!(names[..2], ["a_few.txt", "a_few-2.txt"]);
        assert_eq!(names[5..], ["a_few-5.txt", "a_few-5.txt"]);
    }

    #[test]
    fn display_path_is_relative_to_the_workspace() {
        let shown = |target: &Path| display_path(&target.join("flow-harness/a.txt"), target);
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));

        assert_eq!(
            shown(&workspace.join("target")),
            "target/flow-harness/a.txt"
        );
        let elsewhere = "/tmp/target/flow-harness/a.txt";
        assert_eq!(shown(Path::new("/tmp/target")), elsewhere);
    }

    #[test]
    fn unwritable_record_is_reported() {
        let file = env::current_exe().unwrap();

        let told = write_record_in(&file, "unwritable", "");

        let path = file.join("flow-harness/unwritable.txt");
        assert!(told.starts_with(&format!("not written to {}: ", path.display())));
    }
}

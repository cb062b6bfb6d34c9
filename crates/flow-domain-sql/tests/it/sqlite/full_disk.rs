//! A disk that is full in the middle of commits.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use flow_domain::{Error, port::Store as _};
use flow_domain_sql::sqlite::SqliteStore;

use crate::{
    crashes::{TARGET, check_units, target, unit},
    sqlite::fixture::TestFolder,
};

/// The file that is removed to make space.
const BALLAST: &str = "ballast";

/// Fills the disk with commits, two at a time. Returns the acknowledged ones, and the errors.
async fn fill(store: &SqliteStore) -> (Vec<u32>, Vec<Error>) {
    let (mut acknowledged, mut errors) = (Vec::new(), Vec::new());

    for number in (1..1_000_000).step_by(2) {
        let (first, second) = (unit(number), unit(number + 1));
        let results = tokio::join!(store.commit(&first), store.commit(&second));
        for (number, result) in [(number, results.0), (number + 1, results.1)] {
            match result {
                Ok(_) => acknowledged.push(number),
                Err(err) => errors.push(err),
            }
        }
        if !errors.is_empty() {
            break;
        }
    }
    (acknowledged, errors)
}

/// The part of the test that runs on the small disk.
async fn use_small_disk(folder: &Path) {
    let ballast = folder.join(BALLAST);
    fs::write(&ballast, vec![1; 200_000]).unwrap();
    let store = SqliteStore::open(folder.join("store.db")).unwrap();

    let (mut acknowledged, errors) = fill(&store).await;

    assert!(!acknowledged.is_empty() && !errors.is_empty());
    for err in errors {
        let text = err.with_causes().to_string();
        assert!(!err.is_conflict() && !err.is_unknown(), "{text}");
        // A limit of the size of a file is another error than a full disk.
        let is_named = ["database or disk is full", "disk I/O error"];
        assert!(is_named.iter().any(|name| text.contains(name)), "{text}");
    }
    check_units(&store, &acknowledged).await;

    if env::var_os(LIMITED).is_none() {
        fs::remove_file(ballast).unwrap();
        store.commit(&unit(0)).await.expect("there is space again");
        acknowledged.push(0);
        check_units(&store, &acknowledged).await;
    }
}

/// Set if the small disk is a limit of the size of a file.
const LIMITED: &str = "FLOW_LIMITED_DISK";

/// Returns a command that runs `$0` with a small disk at `$1`: one of two megabytes in memory. That needs root or a
/// kernel with namespaces for users. Otherwise it is a limit of the size of a file.
fn small_disk(folder: &Path) -> Command {
    let can_mount = Command::new("unshare")
        .args(["-rm", "mount", "-t", "tmpfs", "tmpfs"])
        .arg(folder)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());

    if can_mount {
        let mut command = Command::new("unshare");
        let script = "mount -t tmpfs -o size=2m tmpfs \"$1\" && exec \"$0\" --exact \"$2\"";
        command.args(["-rm", "sh", "-c", script]);
        command
    } else {
        let mut command = Command::new("sh");
        let script = "trap '' XFSZ; ulimit -f 2000; exec \"$0\" --exact \"$2\"";
        command.args(["-c", script]).env(LIMITED, "1");
        command
    }
}

#[tokio::test]
async fn full_disk_is_an_error_and_loses_nothing() {
    if let Some((folder, _)) = target() {
        return use_small_disk(folder.as_ref()).await;
    }

    let folder = TestFolder::new();
    let output = small_disk(&folder.path)
        .arg(env::current_exe().expect("the test has a file"))
        .arg(&folder.path)
        .arg("sqlite::full_disk::full_disk_is_an_error_and_loses_nothing")
        .env(TARGET, format!("{} 0", folder.path.display()))
        .output()
        .expect("the test can be run");

    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

//! Databases for test runs.

use std::{env, fs, path::Path, process::Command};

use flow_domain::testing::{Backend as _, OpenedStore};
use flow_domain_sql::sqlite::SqliteBackend;
use insta::assert_snapshot;

use crate::{
    fixture::{append, commit, positions},
    sqlite::fixture::TestFolder,
};

/// The variable with the folder for a process that is killed.
const KILLED: &str = "FLOW_KILLED_FOLDER";

async fn open(backend: &SqliteBackend) -> OpenedStore {
    backend.open().await.expect("there is a folder")
}

fn n_entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn backend_opens_an_empty_file_and_deletes_it() {
    let folder = TestFolder::new();
    let parent = folder.file().with_file_name("runs");
    let backend = SqliteBackend::in_folder(&parent);

    let (first, second) = (open(&backend).await, open(&backend).await);
    commit(&**first.store(), &append("order-1", 1)).await;

    assert_eq!(positions(&**second.store()).await, [] as [u64; 0]);
    assert_eq!(n_entries(&parent), 2);
    drop((first, second));
    assert_eq!(n_entries(&parent), 0);
}

#[tokio::test]
async fn killed_process_leaves_no_file() {
    if let Ok(parent) = env::var(KILLED) {
        let opened = open(&SqliteBackend::in_folder(parent)).await;
        commit(&**opened.store(), &append("order-1", 1)).await;
        std::process::abort();
    }

    let folder = TestFolder::new();
    let parent = folder.file().with_file_name("runs");
    let killed = Command::new(env::current_exe().expect("the test has a file"))
        .args(["--exact", "sqlite::backend::killed_process_leaves_no_file"])
        .env(KILLED, &parent)
        .output()
        .expect("the test can be run");
    assert!(!killed.status.success());
    assert_eq!(n_entries(&parent), 1);

    let opened = open(&SqliteBackend::in_folder(&parent)).await;

    assert_eq!(n_entries(&parent), 1, "only that of this run");
    drop(opened);
    assert_eq!(n_entries(&parent), 0);
}

#[tokio::test]
async fn backend_without_a_folder_says_what_to_do() {
    let backend = SqliteBackend::in_folder("/dev/null/runs");

    let err = backend.open().await.expect_err("a file is no folder");

    assert!(err.is_setup());
    assert_snapshot!(err.with_causes(), @"SQLite gets no folder for the run in `/dev/null/runs`: Not a directory (os error 20); name a folder that the test may write to");
}

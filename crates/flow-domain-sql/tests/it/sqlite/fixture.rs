use std::{
    env, fs,
    ops::Deref,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use flow_domain_sql::sqlite::SqliteStore;

/// A folder that only one test uses. It is removed with all its content.
pub(crate) struct TestFolder {
    pub(crate) path: PathBuf,
}

impl TestFolder {
    pub(crate) fn new() -> Self {
        static N_FOLDERS: AtomicU32 = AtomicU32::new(0);

        let n = N_FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("flow-sqlite-{}-{n}", process::id()));
        fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        Self { path }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path.join("store.db")
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        // A folder that is left behind fails no test.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A store in a file of its own.
pub(crate) struct FileStore {
    pub(crate) store: SqliteStore,
    pub(crate) folder: TestFolder,
}

impl Deref for FileStore {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

pub(crate) fn open_file() -> FileStore {
    let folder = TestFolder::new();
    let store = SqliteStore::open(folder.file()).expect("the file can be opened");
    FileStore { store, folder }
}

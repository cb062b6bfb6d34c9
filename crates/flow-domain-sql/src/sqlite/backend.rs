use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use flow_domain::{
    Error,
    port::PortFuture,
    testing::{Backend, OpenedStore},
};

use crate::sqlite::{SqliteStore, errors::ADAPTER};

/// Opens a SQLite database for each test run, in memory or in a file.
#[derive(Clone, Debug)]
pub struct SqliteBackend {
    /// `None` if the databases are in memory.
    folder: Option<PathBuf>,
}

impl SqliteBackend {
    /// Opens databases in memory.
    pub fn in_memory() -> Self {
        Self { folder: None }
    }

    /// Opens each database in a folder of its own below `folder`, which is made if there is none.
    ///
    /// The folder of a run has a name such as `run-4711-0`. It is deleted at the end of the run. Each run
    /// also deletes those that killed processes have left.
    pub fn in_folder(folder: impl AsRef<Path>) -> Self {
        Self {
            folder: Some(folder.as_ref().to_owned()),
        }
    }

    fn open_store(&self) -> Result<OpenedStore, Error> {
        let Some(folder) = &self.folder else {
            return Ok(OpenedStore::new(SqliteStore::in_memory()?));
        };

        let run_folder = RunFolder::new(folder).map_err(|err| {
            Error::setup(format!(
                "SQLite gets no folder for the run in `{}`: {err}; name a folder that the test may write to",
                folder.display()
            ))
        })?;
        let store = SqliteStore::open(run_folder.path.join("store.db"))?;
        Ok(OpenedStore::with_lease(store, run_folder))
    }
}

impl Backend for SqliteBackend {
    fn name(&self) -> &'static str {
        ADAPTER
    }

    fn open(&self) -> PortFuture<'_, OpenedStore> {
        PortFuture::ready(self.open_store())
    }
}

/// The folder of one run. It is deleted with all its content.
#[derive(Debug)]
struct RunFolder {
    path: PathBuf,
    /// Locked while the process lives.
    _lock: File,
}

/// The beginning of the name of a folder whose lock is held while its run goes on.
const PREFIX: &str = "run-";

impl RunFolder {
    fn new(parent: &Path) -> io::Result<Self> {
        static N_FOLDERS: AtomicU32 = AtomicU32::new(0);

        fs::create_dir_all(parent)?;
        delete_leftovers(parent)?;

        let number = N_FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", process::id());
        // Another process must not find the folder before it is locked.
        let hidden = parent.join(format!("new-{name}"));
        fs::create_dir_all(&hidden)?;
        let lock = File::create(hidden.join("lock"))?;
        lock.try_lock()?;
        let path = parent.join(name);
        fs::rename(&hidden, &path)?;

        Ok(Self { path, _lock: lock })
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What is still open cannot be deleted everywhere. A later run deletes it.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Deletes the folders of processes that have ended.
fn delete_leftovers(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let is_run = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // Another process may delete it now, too.
        if is_run
            && let Ok(lock) = File::open(entry.path().join("lock"))
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

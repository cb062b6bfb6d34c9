use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A server that only this test uses. `scripts/postgres` starts it, and stops it at the end of its input.
pub(crate) struct OwnServer {
    script: Child,
    pub(crate) folder: PathBuf,
    pub(crate) url: String,
}

impl OwnServer {
    pub(crate) fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
        let mut script = Command::new(script)
            .args(["sh", "-c", "echo $POSTGRES_FOLDER; echo $DATABASE_URL; cat"])
            .env_remove("DATABASE_URL")
            // The other tests may have turned flushes off.
            .env_remove("POSTGRES_OPTIONS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script can be run");
        let output = script.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let mut line = || lines.next().expect("the server starts").unwrap();

        Self {
            folder: line().into(),
            url: line(),
            script,
        }
    }

    pub(crate) fn kill(&self) {
        self.signal("-KILL");
    }

    /// Asks the server to end all connections and to stop.
    pub(crate) fn stop(&self) {
        self.signal("-INT");
    }

    fn signal(&self, signal: &str) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        let killed = Command::new("kill").args([signal, pid]).status().unwrap();
        assert!(killed.success());
    }

    /// Starts the server again. It refuses as long as a process of the killed one is there.
    pub(crate) fn restart(&self) {
        let start = || {
            let start = Command::new(self.folder.join("start")).output().unwrap();
            start.status.success()
        };
        while !start() {}
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        // A second panic would hide the first.
        let _ = self.script.wait();
    }
}

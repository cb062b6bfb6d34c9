use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// A server that only this test uses. It stops when this is dropped.
pub(crate) struct OwnServer {
    script: Child,
    pub(crate) url: String,
}

impl OwnServer {
    pub(crate) fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres");
        let mut script = Command::new(script)
            .args(["sh", "-c", "echo $DATABASE_URL; cat"])
            .env_remove("DATABASE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script can be run");
        let output = script.stdout.take().expect("it is piped");
        let url = BufReader::new(output).lines().next();

        Self {
            script,
            url: url
                .expect("the server starts")
                .expect("the address is text"),
        }
    }
}

impl Drop for OwnServer {
    /// Ends the input of the script, which then stops the server.
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        // A second panic would hide the first.
        let _ = self.script.wait();
    }
}

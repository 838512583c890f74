//! Further callers at the same server, so that a call can be measured while others run. Each has its own
//! process, because in this one they would slow the stopwatch. Must not know what is measured.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context as _;
use tokio::process::Command;
use tokio::task::JoinSet;

/// The recordings of these calls are discarded.
const NOWHERE: &str = "/dev/null";

/// The callers. They are killed when this is dropped.
#[derive(Debug)]
pub(super) struct BackgroundCallers {
    callers: JoinSet<io::Result<()>>,
}

impl BackgroundCallers {
    /// Starts `count` callers that say `files` to the server at `url`, with further `options`. They call
    /// again once they have said everything.
    pub(super) fn start(count: u8, url: &str, options: &[String], files: &[PathBuf]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("starting the callers beside")?;
        Ok(Self::spawn((0..count).map(|_| {
            let mut command = Command::new(&program);
            command.args(["call", "--json", "--url", url, "--record", NOWHERE]);
            command.args(options).arg("--").args(files);
            command
        })))
    }

    fn spawn(commands: impl Iterator<Item = Command>) -> Self {
        let mut callers = JoinSet::new();
        for mut command in commands {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
            // A caller that got no answer does not try again, or a failing server would get a storm of calls.
            callers.spawn(async move {
                while command.status().await?.success() {}
                Ok(())
            });
        }
        Self { callers }
    }

    /// Ends the callers. Returns the number that were left; the others had given up.
    pub(super) async fn stop(mut self) -> usize {
        while self.callers.try_join_next().is_some() {}
        let left = self.callers.len();
        self.callers.shutdown().await;
        left
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn the_callers_beside_are_ended_with_the_call() {
        let beside = BackgroundCallers::spawn(["exec sleep 60", "exec sleep 60"].map(shell).into_iter());
        tokio::task::yield_now().await;
        assert_eq!(beside.stop().await, 2);
    }

    #[tokio::test]
    async fn a_caller_beside_who_gives_up_is_missed() {
        let mut beside = BackgroundCallers::spawn(["exit 1", "exec sleep 60"].map(shell).into_iter());
        beside.callers.join_next().await.unwrap().unwrap().unwrap();
        assert_eq!(beside.stop().await, 1);
    }

    #[tokio::test]
    async fn a_caller_beside_who_has_said_everything_calls_again() {
        let folder = tempfile::tempdir().unwrap();
        let again = folder.path().join("again");
        let mut command = shell("if test -e once; then touch again; exec sleep 60; fi; touch once");
        command.current_dir(folder.path());
        let beside = BackgroundCallers::spawn([command].into_iter());
        while !again.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(beside.stop().await, 1);
    }
}

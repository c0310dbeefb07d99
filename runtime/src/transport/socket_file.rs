//! The socket file of an `ipc` endpoint: who holds it, and whether it may be replaced.
//!
//! A file that a dead process left behind is removed, since nobody can connect to it any more. One
//! that somebody listens on is never touched, nor is anything that is not a socket.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

use tokio::net::UnixStream;

use super::BindProblem;

/// Bytes of a path that fit into a socket address with its closing zero.
const MAX_PATH: usize = 107;

/// How long two processes that bind in one directory wait for each other.
const PATIENCE: Duration = Duration::from_secs(1);

/// The right to bind a socket file, until dropped: nobody else who asks for it binds in the same
/// directory meanwhile. Without it, two processes could both find a dead file, and the later one
/// would remove the socket that the earlier one has just made.
#[derive(Debug)]
pub(super) struct Claim {
    _directory: Option<File>,
}

/// Makes room for a socket file at `path`.
pub(super) async fn claim(path: &Path) -> Result<Claim, BindProblem> {
    let length = path.as_os_str().len();
    if length > MAX_PATH {
        return Err(BindProblem::PathTooLong { length, max: MAX_PATH });
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return Err(BindProblem::NoDirectory(directory.to_owned()));
    }
    let claim = Claim { _directory: lock(directory).await };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(claim),
        Err(error) => return Err(of_system(error)),
        Ok(file) if !file.file_type().is_socket() => return Err(BindProblem::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(of_system)?;
            Ok(claim)
        }
        // Whoever accepts, or is too busy to accept, or hides behind permissions, is alive.
        _ => Err(BindProblem::InUse),
    }
}

/// An advisory lock that dies with its process. A directory that cannot be read or locked is bound
/// without one: the lock only narrows a race.
async fn lock(directory: &Path) -> Option<File> {
    let file = File::open(directory).ok()?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
        if tokio::time::Instant::now() > deadline {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Some(file)
}

/// The problem behind an error of the operating system.
pub(super) fn of_system(error: Error) -> BindProblem {
    match error.kind() {
        ErrorKind::AddrInUse => BindProblem::InUse,
        ErrorKind::PermissionDenied => BindProblem::Denied,
        ErrorKind::AddrNotAvailable => BindProblem::NoSuchInterface,
        _ => BindProblem::Other(error),
    }
}

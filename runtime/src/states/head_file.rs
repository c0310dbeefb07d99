//! The file in which the number of an owner's last update outlives the owner.
//!
//! Owns the file. It holds a number that no update has passed: it is moved ahead in large steps, so that hardly any update
//! writes, and a life that ended without a word leaves a gap behind, which is harmless.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How far ahead of the updates the number in the file is.
const STEP: u64 = 100_000;

/// The file of one owner.
pub(crate) struct HeadFile {
    path: PathBuf,
    /// The number in the file.
    kept: u64,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the head file `{path}` {problem}")]
pub struct HeadFileError {
    path: PathBuf,
    problem: String,
}

impl HeadFile {
    /// Reads the file, if it is there, and makes sure that it can be written. Returns the first number that no life before
    /// has used, if one has.
    pub(crate) fn open(path: &Path, at_least: u64) -> Result<(Self, u64), HeadFileError> {
        let bad = |problem: String| HeadFileError { path: path.to_owned(), problem };
        let kept = match fs::read_to_string(path) {
            Ok(text) => {
                let number = text.trim().parse::<u64>().ok().filter(|number| *number < 1 << 53);
                let shown = text.trim().chars().take(40).collect::<String>();
                let help = "is to hold one whole number below 2^53: mend or remove it";
                Some(number.ok_or_else(|| bad(format!("{help} (it holds {shown:?})")))?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(bad(format!("cannot be read: {error}"))),
        };
        let first = kept.map_or(at_least, |kept| at_least.max(kept + 1));
        let mut file = Self { path: path.to_owned(), kept: 0 };
        file.keep(first + STEP).map_err(|error| bad(format!("cannot be written: {error}")))?;
        Ok((file, first))
    }

    /// An update has this number. The file is ahead of it when this returns, or the log says why it is not.
    pub(crate) fn note(&mut self, head: u64) {
        if head < self.kept {
            return;
        }
        if let Err(error) = self.keep(head + STEP) {
            tracing::error!("the head file `{}` cannot be written: {error}", self.path.display());
            // Not at every update: at the next step.
            self.kept = head + STEP;
        }
    }

    /// The life has ended with this number.
    pub(crate) fn end(&mut self, head: u64) {
        if let Err(error) = self.keep(head) {
            tracing::error!("the head file `{}` cannot be written: {error}", self.path.display());
        }
    }

    fn keep(&mut self, number: u64) -> io::Result<()> {
        // Whole or not at all, whenever the machine stops.
        let new = self.path.with_extension("new");
        fs::write(&new, format!("{number}\n"))?;
        fs::File::open(&new)?.sync_all()?;
        fs::rename(&new, &self.path)?;
        self.kept = number;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("head_file_{name}_{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_later_life_begins_after_all_numbers_of_the_one_before() {
        let folder = Folder::new("later");
        let path = folder.0.join("book.head");
        let (mut file, first) = HeadFile::open(&path, 1_000).unwrap();
        assert_eq!(first, 1_000);
        file.note(1_000 + STEP + 5);
        // Killed: nobody has said where it ended. And the clock has stepped back.
        let (mut file, first) = HeadFile::open(&path, 10).unwrap();
        assert!(first > 1_000 + STEP + 5, "{first}");
        file.end(first + 7);
        assert_eq!(HeadFile::open(&path, 10).unwrap().1, first + 8);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_told_with_what_it_holds() {
        let folder = Folder::new("bad");
        let path = folder.0.join("book.head");
        fs::write(&path, "seven\n").unwrap();
        let told = HeadFile::open(&path, 1).err().unwrap().to_string();
        assert!(told.contains("book.head` is to hold one whole number") && told.contains("\"seven\""), "{told}");
        let told = HeadFile::open(&folder.0.join("none/book.head"), 1).err().unwrap().to_string();
        assert!(told.contains("cannot be written"), "{told}");
    }
}

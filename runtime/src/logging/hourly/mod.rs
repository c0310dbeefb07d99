//! The log files of one service: a file for each hour of UTC, a number of which is kept.
//!
//! Owns their names, when one ends and the next begins, which old ones are removed, and what is done while none can be
//! written. Reads no clock: each line comes with its time, and stands in the file of its hour. Never removes a file
//! that it does not know by its whole name as one of its own.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// How often a file is looked for that others may have removed, and how often one that cannot be written is tried again.
const LOOK: TimeDelta = TimeDelta::seconds(1);

/// The hour in the name of a file.
const HOUR: &str = "%Y-%m-%d-%H";

/// The log files of one service.
pub(super) struct HourlyFiles {
    directory: PathBuf,
    name: String,
    keep: usize,
    open: Option<Open>,
    trouble: Option<Trouble>,
}

struct Open {
    /// Since 1970.
    hour: i64,
    path: PathBuf,
    file: File,
    looked: DateTime<Utc>,
}

/// A time in which no file can be written.
struct Trouble {
    tried: DateTime<Utc>,
    lost: u64,
}

/// What is to be said about the files themselves, elsewhere than in them.
pub(super) type Notes = Vec<String>;

impl HourlyFiles {
    /// Opens the file of the hour of `now` of the service called `name`; what it holds stays. `keep` files of earlier
    /// hours are kept.
    ///
    /// # Errors
    /// If the folder cannot be made, or the file not be written.
    pub(super) fn open(directory: &Path, name: &str, keep: usize, now: DateTime<Utc>) -> io::Result<(Self, Notes)> {
        let (directory, name) = (directory.to_owned(), name.to_owned());
        let mut files = Self { directory, name, keep, open: None, trouble: None };
        let mut notes = Notes::new();
        files.file(now, &mut notes)?;
        Ok((files, notes))
    }

    /// Writes a line of this time. Never fails: returns what is to be said about the files.
    pub(super) fn write(&mut self, now: DateTime<Utc>, line: &str) -> Notes {
        let mut notes = Notes::new();
        if let Some(trouble) = &mut self.trouble
            && (now - trouble.tried).abs() < LOOK
        {
            trouble.lost += 1;
            return notes;
        }
        match self.file(now, &mut notes).and_then(|file| file.write_all(line.as_bytes())) {
            Ok(()) => {
                if let Some(Trouble { lost, .. }) = self.trouble.take() {
                    let directory = self.directory.display();
                    notes.push(format!("log files in `{directory}` are written again; {lost} lines are not in them"));
                }
            }
            Err(error) => {
                self.open = None;
                let lost = self.trouble.take().map_or(0, |trouble| trouble.lost);
                if lost == 0 {
                    let directory = self.directory.display();
                    notes.push(format!(
                        "cannot write log files into `{directory}`: {error}; lines are lost until it can be done, which is tried every second"
                    ));
                }
                self.trouble = Some(Trouble { tried: now, lost: lost + 1 });
            }
        }
        notes
    }

    /// The file of the hour of `now`, opened if it is not open.
    fn file(&mut self, now: DateTime<Utc>, notes: &mut Notes) -> io::Result<&mut File> {
        let before = self.open.take().filter(|open| open.hour == hour(now));
        let open = match before.map(|open| open.if_there(now)) {
            Some(Ok(open)) => open,
            gone => {
                if let Some(Err(path)) = gone {
                    notes.push(format!("the log file `{}` is gone; it is begun again", path.display()));
                }
                let open = self.open_at(now)?;
                self.remove_old(now, notes);
                open
            }
        };
        Ok(&mut self.open.insert(open).file)
    }

    fn open_at(&self, now: DateTime<Utc>) -> io::Result<Open> {
        fs::create_dir_all(&self.directory)?;
        let path = self.path(&now.format(HOUR).to_string());
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        if !ends_with_a_line(&mut file).unwrap_or(true) {
            // Who wrote it before was interrupted: its last words must not become the beginning of the next line.
            file.write_all(b"\n")?;
        }
        Ok(Open { hour: hour(now), path, file, looked: now })
    }

    /// Removes all but the newest files of earlier hours. Those of later hours stay: a clock may be set back.
    fn remove_old(&self, now: DateTime<Utc>, notes: &mut Notes) {
        let hour = now.format(HOUR).to_string();
        let files = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let own = files.filter(|file| file.file_type().is_ok_and(|kind| kind.is_file()));
        let hours = own.filter_map(|file| self.hour_of(file.file_name().to_str()?));
        let mut older: Vec<String> = hours.filter(|other| *other < hour).collect();
        older.sort_unstable();
        older.truncate(older.len().saturating_sub(self.keep));
        for hour in older {
            let path = self.path(&hour);
            if let Err(error) = fs::remove_file(&path).or_else(unless_gone) {
                notes.push(format!("cannot remove the old log file `{}`: {error}", path.display()));
            }
        }
    }

    /// The hour of a file with this name, if it is one of this service's.
    fn hour_of(&self, name: &str) -> Option<String> {
        let hour = name.strip_prefix(&self.prefix())?.strip_suffix(SUFFIX)?;
        let time = NaiveDateTime::parse_from_str(&format!("{hour}:00"), &format!("{HOUR}:%M")).ok()?;
        (time.format(HOUR).to_string() == hour).then(|| hour.to_owned())
    }

    fn path(&self, hour: &str) -> PathBuf {
        self.directory.join(format!("{}{hour}{SUFFIX}", self.prefix()))
    }

    fn prefix(&self) -> String {
        format!("{}.service.", self.name)
    }
}

const SUFFIX: &str = ".log";

impl Open {
    /// Itself, if the file still has its name; else the name. The system is asked now and then.
    fn if_there(mut self, now: DateTime<Utc>) -> Result<Self, PathBuf> {
        if (now - self.looked).abs() < LOOK {
            return Ok(self);
        }
        self.looked = now;
        match (fs::metadata(&self.path), self.file.metadata()) {
            (Ok(named), Ok(open)) if is_same(&named, &open) => Ok(self),
            _ => Err(self.path),
        }
    }
}

/// The hour of a time, since 1970.
fn hour(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(3600)
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Elsewhere a file that is open cannot be replaced.
#[cfg(not(unix))]
const fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

fn ends_with_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// A file that somebody else has removed meanwhile is removed.
fn unless_gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests;

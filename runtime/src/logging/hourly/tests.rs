//! The files of many hours, written in an instant: each line comes with its time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A folder of its own, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("hourly-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    /// Every file with what it holds.
    fn files(&self) -> BTreeMap<String, String> {
        let files = fs::read_dir(&self.0).unwrap().map(Result::unwrap);
        files.map(|f| (f.file_name().into_string().unwrap(), fs::read_to_string(f.path()).unwrap())).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn desk(folder: &Folder, keep: usize, now: &str) -> HourlyFiles {
    let (files, notes) = HourlyFiles::open(&folder.0, "desk", keep, at(now)).unwrap();
    assert_eq!(notes, Notes::new());
    files
}

#[test]
fn under_steady_traffic_each_line_stands_once_in_the_file_of_its_hour() {
    const STEP: TimeDelta = TimeDelta::milliseconds(333_333);
    let folder = Folder::new();
    let mut now = at("2026-02-28T20:59:59.999999Z");
    let mut files = desk(&folder, 100, "2026-02-28T20:59:59.999999Z");
    let mut expected: BTreeMap<String, String> = BTreeMap::new();
    for n in 0..200 {
        let line = format!("{} line {n}\n", now.to_rfc3339());
        assert_eq!(files.write(now, &line), Notes::new());
        *expected.entry(now.format("desk.service.%Y-%m-%d-%H.log").to_string()).or_default() += &line;
        now += STEP;
    }
    assert_eq!(folder.files(), expected);
    assert_eq!(expected.len(), 20, "from 20:59 over midnight and the end of the month to 15:24");
}

#[test]
fn as_many_files_of_earlier_hours_are_kept_as_is_said_at_every_hour() {
    for keep in [0, 1, 3] {
        let folder = Folder::new();
        let mut now = at("2026-01-01T00:30:00Z");
        let mut files = desk(&folder, keep, "2026-01-01T00:30:00Z");
        for hour in 0..30 {
            files.write(now, "a line\n");
            let names: Vec<String> = folder.files().into_keys().collect();
            let newest = (0..=hour.min(keep)).rev().map(|ago| now - TimeDelta::hours(ago as i64));
            let expected: Vec<String> = newest.map(|t| t.format("desk.service.%Y-%m-%d-%H.log").to_string()).collect();
            assert_eq!(names, expected);
            now += TimeDelta::hours(1);
        }
    }
}

#[test]
fn only_files_that_are_surely_its_own_are_ever_removed() {
    let others = [
        "desk.service.2019-01-01-10.log.gz",
        "desk.service.2019-01-01.log",
        "desk.service.2019-01-01-1.log",
        "desk.service.2019-13-01-10.log",
        "desk.service.2019-01-01-24.log",
        "desk.service.notes.log",
        "desk.service.desk.service.2019-01-01-10.log",
        "desk_eu.service.2019-01-01-10.log",
        "eu.desk.service.2019-01-01-10.log",
        "desk.service.service.2019-01-01-10.log",
        "other.log",
    ];
    let folder = Folder::new();
    others.iter().for_each(|name| folder.put(name, "of somebody else\n"));
    fs::create_dir(folder.0.join("desk.service.2019-01-01-12.log")).unwrap();
    folder.put("desk.service.2019-01-01-10.log", "old\n");
    desk(&folder, 0, "2026-01-01T00:30:00Z");
    fs::remove_dir(folder.0.join("desk.service.2019-01-01-12.log")).unwrap();
    let left = folder.files();
    assert_eq!(left.len(), others.len() + 1, "{left:?}");
    assert!(others.iter().all(|name| left[*name] == "of somebody else\n"), "{left:?}");
}

#[test]
fn a_file_of_the_same_hour_is_continued_and_counts_for_nothing() {
    let folder = Folder::new();
    folder.put("desk.service.2026-01-01-10.log", "of an earlier run\n");
    folder.put("desk.service.2026-01-01-09.log", "older\n");
    let mut files = desk(&folder, 1, "2026-01-01T10:59:00Z");
    files.write(at("2026-01-01T10:59:01Z"), "of this run\n");
    let expected = [("09", "older\n"), ("10", "of an earlier run\nof this run\n")];
    let expected = expected.map(|(hour, text)| (format!("desk.service.2026-01-01-{hour}.log"), text.to_owned()));
    assert_eq!(folder.files(), BTreeMap::from(expected));
}

#[test]
fn what_an_interrupted_run_left_unfinished_does_not_run_into_the_next_line() {
    let folder = Folder::new();
    folder.put("desk.service.2026-01-01-10.log", "half a li");
    let mut files = desk(&folder, 1, "2026-01-01T10:59:00Z");
    files.write(at("2026-01-01T10:59:01Z"), "a line\n");
    assert_eq!(folder.files()["desk.service.2026-01-01-10.log"], "half a li\na line\n");
}

#[test]
fn a_clock_that_is_set_back_costs_no_file() {
    let folder = Folder::new();
    let mut files = desk(&folder, 0, "2026-01-01T10:59:59Z");
    let times = ["10:59:59", "11:00:00", "10:59:59", "11:00:01"];
    for time in times {
        assert_eq!(files.write(at(&format!("2026-01-01T{time}Z")), &format!("{time}\n")), Notes::new());
        if time == "10:59:59" {
            assert!(folder.files()["desk.service.2026-01-01-10.log"].ends_with("10:59:59\n"));
        }
    }
    assert_eq!(folder.files()["desk.service.2026-01-01-11.log"], "11:00:00\n11:00:01\n");
}

#[test]
fn a_file_or_folder_that_was_removed_is_begun_again_and_that_is_said_once() {
    let folder = Folder::new();
    let mut files = desk(&folder, 1, "2026-01-01T10:00:00Z");
    for remove in [
        |f: &Folder| fs::remove_dir_all(&f.0),
        |f: &Folder| fs::remove_file(f.0.join("desk.service.2026-01-01-10.log")),
    ] {
        remove(&folder).unwrap();
        let start = files.open.as_ref().unwrap().looked;
        let notes = files.write(start + LOOK, "first\n");
        assert!(matches!(&notes[..], [note] if note.contains("is gone; it is begun again")), "{notes:?}");
        assert_eq!(files.write(start + LOOK + LOOK, "second\n"), Notes::new());
        assert_eq!(folder.files().into_values().collect::<Vec<_>>(), ["first\nsecond\n"]);
    }
}

#[test]
fn a_file_that_was_moved_away_keeps_its_lines_and_another_is_begun() {
    let folder = Folder::new();
    let mut files = desk(&folder, 1, "2026-01-01T10:00:00Z");
    files.write(at("2026-01-01T10:00:00.5Z"), "before\n");
    fs::rename(folder.0.join("desk.service.2026-01-01-10.log"), folder.0.join("moved")).unwrap();
    folder.put("desk.service.2026-01-01-10.log", "of somebody else\n");
    assert_eq!(files.write(at("2026-01-01T10:00:01Z"), "after\n").len(), 1);
    let left = folder.files();
    assert_eq!((left["moved"].as_str(), left.len()), ("before\n", 2));
    assert_eq!(left["desk.service.2026-01-01-10.log"], "of somebody else\nafter\n");
}

#[test]
fn while_nothing_can_be_written_that_is_said_once_and_the_lines_are_counted() {
    let folder = Folder::new();
    let mut files = desk(&folder, 1, "2026-01-01T10:00:00Z");
    fs::remove_dir_all(&folder.0).unwrap();
    fs::write(&folder.0, "in the way").unwrap();
    let mut now = at("2026-01-01T10:59:00Z");
    let mut said = Notes::new();
    for _ in 0..1000 {
        said.extend(files.write(now, "lost\n"));
        now += TimeDelta::milliseconds(100);
    }
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("is gone") && said[1].contains("cannot write log files into `"), "{said:?}");
    fs::remove_file(&folder.0).unwrap();
    now += LOOK;
    let said = files.write(now, "found\n");
    assert!(matches!(&said[..], [note] if note.contains("are written again; 1000 lines are not in them")), "{said:?}");
    assert_eq!(folder.files().into_values().collect::<Vec<_>>(), ["found\n"]);
}

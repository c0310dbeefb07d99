//! The parts of a file that somebody looks at, and no others.
//!
//! Owns the reading of them. A library may be tens of megabytes, nearly all of it for debuggers: to read that takes longer
//! than everything else until a service answers.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Error, Read, Result, Seek, SeekFrom};
use std::ops::Range;

use object::ReadRef;
use object::pod::bytes_of_slice_mut;
use service_framework_model::wire::Arena;

/// What is read is read to the next multiple of this, so that the names in a table take one read and not one each.
const BLOCK: u64 = 16 << 10;

/// A file of which what was looked at is in memory.
pub(super) struct Parts<'a> {
    file: &'a File,
    length: u64,
    arena: &'a Arena,
    /// Where each begins in the file, and its bytes.
    parts: RefCell<Vec<(u64, &'a [u8])>>,
    failure: Cell<Option<Error>>,
}

impl<'a> Parts<'a> {
    /// # Errors
    /// If the system does not say how long the file is.
    pub(super) fn new(file: &'a File, arena: &'a Arena) -> Result<Self> {
        let length = file.metadata()?.len();
        // A file that refers to its parts again and again, each time a little further on, is not worth any memory.
        arena.set_allocation_limit(usize::try_from(length.saturating_mul(2).saturating_add(64 * BLOCK)).ok());
        Ok(Self { file, length, arena, parts: RefCell::default(), failure: Cell::default() })
    }

    /// Why the system could not read a part.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.failure.take()
    }

    /// The beginning of the file: so many bytes, or all of a shorter one.
    ///
    /// # Errors
    /// If the system cannot read it.
    pub(super) fn beginning(&self, length: u64) -> Result<Vec<u8>> {
        let (mut bytes, mut file) = (Vec::new(), self.file);
        file.seek(SeekFrom::Start(0))?;
        file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// What the file has from `start` on, at least as much as the range if that is there.
    fn part(&self, Range { start, end }: Range<u64>) -> Option<&'a [u8]> {
        let from = |(begin, bytes): &(u64, &'a [u8])| bytes.get(usize::try_from(start.checked_sub(*begin)?).ok()?..);
        let length = usize::try_from(end.checked_sub(start)?).ok()?;
        if end > self.length {
            return None;
        }
        let enough = |bytes: &&[u8]| bytes.len() >= length;
        if let Some(bytes) = self.parts.borrow().iter().filter_map(from).find(enough) {
            return Some(bytes);
        }
        let begin = start - start % BLOCK;
        let part = (begin, self.read(begin..end.next_multiple_of(BLOCK).min(self.length))?);
        self.parts.borrow_mut().push(part);
        from(&part)
    }

    fn read(&self, Range { start, end }: Range<u64>) -> Option<&'a [u8]> {
        let length = usize::try_from(end - start).ok()?;
        // Words, so that what is aligned in the file is aligned here.
        let words = self.arena.try_alloc_slice_fill_copy(length.div_ceil(size_of::<u64>()), 0_u64).ok()?;
        let bytes = bytes_of_slice_mut(words).get_mut(..length)?;
        let mut file = self.file;
        let read = file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(bytes));
        if let Err(error) = read {
            self.failure.set(Some(error));
            return None;
        }
        Some(bytes)
    }
}

impl<'a> ReadRef<'a> for &Parts<'a> {
    fn len(self) -> std::result::Result<u64, ()> {
        Ok(self.length)
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> std::result::Result<&'a [u8], ()> {
        let part = self.part(offset..offset.checked_add(size).ok_or(())?).ok_or(())?;
        part.get(..usize::try_from(size).map_err(|_| ())?).ok_or(())
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> std::result::Result<&'a [u8], ()> {
        let mut end = range.start.saturating_add(1);
        loop {
            let part = self.part(range.start..end.min(range.end)).ok_or(())?;
            let most = usize::try_from(range.end.saturating_sub(range.start)).map_err(|_| ())?;
            let within = part.get(..most).unwrap_or(part);
            if let Some(length) = within.iter().position(|byte| *byte == delimiter) {
                return within.get(..length).ok_or(());
            }
            if within.len() >= most {
                return Err(());
            }
            end = range.start.saturating_add(2 * within.len() as u64 + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Does this with a file of so many words, each of which is its place.
    fn with_parts(words: u32, test: impl FnOnce(&Parts<'_>)) {
        let path = std::env::temp_dir().join(format!("parts_{}_{words}", std::process::id()));
        let bytes: Vec<u8> = (0..words).flat_map(u32::to_be_bytes).collect();
        let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(&bytes).unwrap();
        let arena = Arena::new();
        test(&Parts::new(&file, &arena).unwrap());
    }

    #[test]
    fn parts_are_those_of_the_file_wherever_they_are() {
        with_parts(20_000, |parts| {
            for at in [0, 4, 16_380, 16_384, 30_000, 79_996] {
                assert_eq!(parts.read_bytes_at(at, 4), Ok(((at / 4) as u32).to_be_bytes().as_slice()));
            }
            let most = parts.read_bytes_at(0, 80_000).unwrap();
            assert_eq!((most.len(), most.as_ptr() as usize % size_of::<u64>()), (80_000, 0));
            assert_eq!(parts.read_bytes_at(79_996, 5), Err(()));
            assert_eq!(parts.read_bytes_at(u64::MAX, 2), Err(()));
            assert_eq!((parts.read_bytes_at(80_000, 0), parts.take_failure().is_none()), (Ok([].as_slice()), true));
        });
    }

    #[test]
    fn a_text_ends_before_its_delimiter_and_where_the_range_does_there_is_none() {
        with_parts(20_000, |parts| {
            // The words from 0x3000 on, up to the first with the byte 0x40.
            let text = parts.read_bytes_at_until(0x3000 * 4..80_000, 0x40).unwrap();
            assert_eq!(text.len(), 0x40 * 4 + 3);
            // The first byte of all words is 0: what has none of them is shorter than a word.
            assert_eq!(parts.read_bytes_at_until(1..9, 0).unwrap().len(), 0);
            assert_eq!(parts.read_bytes_at_until(0..79_000, 0xff).map(<[u8]>::len), Ok(0xff * 4 + 3));
            assert_eq!(parts.read_bytes_at_until(0..1_000, 0xff), Err(()));
            for range in [0..80_001, Range { start: 9, end: 3 }, 80_000..80_000, 90_000..90_001] {
                assert_eq!(parts.read_bytes_at_until(range.clone(), 0xff).is_ok(), range == (0..80_001), "{range:?}");
            }
        });
    }

    #[test]
    fn parts_that_overlap_take_no_memory_without_end() {
        with_parts(500_000, |parts| {
            let read = (0..1_000).filter(|start| parts.read_bytes_at(start * 1_000, 1_000_000).is_ok()).count();
            assert!((2..1_000).contains(&read), "{read}");
        });
    }
}

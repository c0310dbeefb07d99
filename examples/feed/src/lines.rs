//! The lines of a stream, for a reader that has to look up now and then.
//!
//! Owns the line that has not come to its end yet. Never hands out half a line, and never keeps one without end.

use std::io::{self, BufRead as _, BufReader, Error, ErrorKind, Read as _};
use std::net::TcpStream;
use std::time::Duration;

/// A trade takes less than a hundred bytes.
const LONGEST: usize = 4096;

pub(crate) struct Lines {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Lines {
    /// Lines that are waited for this long at a time.
    pub(crate) fn of(stream: TcpStream, patience: Duration) -> io::Result<Self> {
        stream.set_read_timeout(Some(patience))?;
        Ok(Self { stream: BufReader::new(stream), line: Vec::new() })
    }

    /// The next line, or none if it is not there yet.
    ///
    /// # Errors
    /// If the stream ends, in the middle of a line or not, or if a line is too long.
    pub(crate) fn next(&mut self) -> io::Result<Option<String>> {
        let room = LONGEST.saturating_sub(self.line.len()) as u64;
        // What has come of a line before an error stays in `line`.
        match self.stream.by_ref().take(room).read_until(b'\n', &mut self.line) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(error) => Err(error),
            Ok(_) if self.line.ends_with(b"\n") => {
                let line = std::mem::take(&mut self.line);
                Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
            }
            Ok(_) if self.line.len() >= LONGEST => {
                Err(Error::new(ErrorKind::InvalidData, format!("a line has more than {LONGEST} bytes")))
            }
            Ok(_) => Err(Error::new(ErrorKind::UnexpectedEof, "it hung up")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::net::TcpListener;

    fn pair() -> (TcpStream, Lines) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let writer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        (writer, Lines::of(stream, Duration::from_millis(10)).unwrap())
    }

    fn next(lines: &mut Lines) -> String {
        loop {
            if let Some(line) = lines.next().unwrap() {
                return line;
            }
        }
    }

    #[test]
    fn a_line_that_comes_in_pieces_is_handed_out_whole() {
        let (mut writer, mut lines) = pair();
        writer.write_all("one\r\ntw\u{f6}".as_bytes().split_last().unwrap().1).unwrap();
        assert_eq!(next(&mut lines), "one");
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.next().unwrap(), None);
        writer.write_all(b"\xb6!\n\nthree\n").unwrap();
        assert_eq!([next(&mut lines), next(&mut lines), next(&mut lines)], ["tw\u{f6}!", "", "three"]);
    }

    #[test]
    fn half_a_line_at_the_end_of_the_stream_is_no_line() {
        let (mut writer, mut lines) = pair();
        writer.write_all(b"whole\nhal").unwrap();
        drop(writer);
        assert_eq!(next(&mut lines), "whole");
        assert_eq!(lines.next().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let (mut writer, mut lines) = pair();
        writer.write_all(&[b'x'; LONGEST]).unwrap();
        let error = loop {
            match lines.next() {
                Ok(line) => assert_eq!(line, None),
                Err(error) => break error,
            }
        };
        assert_eq!(error.to_string(), "a line has more than 4096 bytes");
    }
}

//! The account on disk: one line of JSON for each call, holding all its changes, so that a line is the whole
//! effect of a call or is not there.
//!
//! A line is handed to the operating system before the call is answered, which outlives a killed process; it is
//! not forced to the disk, so a power cut may cost the last calls. A torn last line is a call that was never
//! answered and is dropped. The file is rewritten at start, and when it has grown much.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    Error, limits,
    state::{Change, State},
};

pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    length_at_rewrite: u64,
}

impl Journal {
    /// Reads the journal in the folder, which is made when missing, and leaves it rewritten.
    pub(crate) fn open(folder: &Path, now: i64) -> Result<(Self, State), Error> {
        let fault = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Journal { doing, path, source }
        };
        fs::create_dir_all(folder).map_err(fault("create", folder))?;
        let path = folder.join("journal.jsonl");
        let mut state = match fs::read(&path) {
            Ok(bytes) => replay(&path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(fault("read", &path)(error)),
        };
        state.forget_answers(now);
        let (file, length) = rewrite(&path, &state).map_err(fault("write", &path))?;
        Ok((Self { path, file, length, length_at_rewrite: length }, state))
    }

    /// Adds the changes of one call as one line. On an error the file is as before.
    pub(crate) fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        let mut line = serde_json::to_vec(changes)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Whether [`Journal::rewrite`] is worth its time: all of the account is written again.
    pub(crate) fn has_grown(&self) -> bool {
        let growth = self.length - self.length_at_rewrite;
        growth > limits::JOURNAL_GROWTH_BYTES && growth > self.length_at_rewrite
    }

    pub(crate) fn rewrite(&mut self, state: &State) -> io::Result<()> {
        let (file, length) = rewrite(&self.path, state)?;
        (self.file, self.length, self.length_at_rewrite) = (file, length, length);
        Ok(())
    }
}

fn replay(path: &Path, bytes: &[u8]) -> Result<State, Error> {
    let mut state = State::default();
    let mut lines = bytes.split(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice::<Vec<Change>>(line) {
            Ok(changes) => changes.into_iter().for_each(|change| state.apply(change)),
            // Without its line end, the last line was being written when the process ended.
            Err(_) if lines.peek().is_none() => {}
            Err(_) => return Err(Error::Corrupt { path: path.to_owned(), line: index + 1 }),
        }
    }
    Ok(state)
}

/// Writes the account beside the journal and puts it in its place.
fn rewrite(path: &Path, state: &State) -> io::Result<(File, u64)> {
    let fresh = path.with_extension("jsonl.new");
    let mut writer = BufWriter::new(File::create(&fresh)?);
    for change in state.changes() {
        serde_json::to_writer(&mut writer, &[change])?;
        writer.write_all(b"\n")?;
    }
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&fresh, path)?;
    let file = OpenOptions::new().append(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_written_anew_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, mut state) = Journal::open(folder.path(), 0).unwrap();
        for (seed, anew) in [(1, true), (2, false), (3, true)] {
            let mut settings = state.settings.clone();
            settings.seed = Some(seed);
            let change = Change::Settings(settings);
            journal.append(std::slice::from_ref(&change)).unwrap();
            state.apply(change);
            if anew {
                journal.rewrite(&state).unwrap();
            }
            assert_eq!(journal.length, fs::metadata(&journal.path).unwrap().len());
        }
        assert!(!journal.has_grown());
        let (_, state) = Journal::open(folder.path(), 0).unwrap();
        assert_eq!(state.settings.seed, Some(3));
    }
}

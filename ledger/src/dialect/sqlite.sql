-- What only SQLite understands; run after every migration, so each statement may run twice.
CREATE TRIGGER IF NOT EXISTS money_entries_no_update BEFORE UPDATE ON money_entries
BEGIN SELECT RAISE(ABORT, 'money entries are append-only'); END;
CREATE TRIGGER IF NOT EXISTS money_entries_no_delete BEFORE DELETE ON money_entries
BEGIN SELECT RAISE(ABORT, 'money entries are append-only'); END;

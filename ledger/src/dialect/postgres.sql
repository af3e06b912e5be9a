-- What only Postgres understands; run after every migration, so each statement may run twice.
CREATE SEQUENCE IF NOT EXISTS claim_numbers AS BIGINT MAXVALUE 9007199254740991;
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $body$ BEGIN RAISE EXCEPTION 'money entries are append-only'; END $body$;
CREATE OR REPLACE TRIGGER money_entries_no_change BEFORE UPDATE OR DELETE ON money_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER money_entries_no_truncate BEFORE TRUNCATE ON money_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The whole life of an import: dry run, pause, retry and undo; duplicates by bytes, pixels and likeness; counts that the database keeps
-- and checks itself.

ALTER TABLE import_operation
  DROP CONSTRAINT import_operation_state_check,
  ADD CONSTRAINT import_operation_state_check CHECK (state IN ('PLANNING', 'RUNNING', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELLED')),
  DROP CONSTRAINT import_operation_on_duplicate_check,
  ADD CONSTRAINT import_operation_on_duplicate_check CHECK (on_duplicate IN ('RETURN_EXISTING', 'REJECT', 'KEEP_BOTH', 'NEW_VERSION')),
  ADD COLUMN duplicate_by text[] NOT NULL DEFAULT '{EXACT}' CHECK (duplicate_by <@ ARRAY['EXACT', 'PIXELS', 'NEAR'] AND cardinality(duplicate_by) >= 1),
  ADD COLUMN dry_run boolean NOT NULL DEFAULT false,
  -- Asked to pause: while it is planned, planning goes on and the import then waits.
  ADD COLUMN pausing boolean NOT NULL DEFAULT false,
  ADD COLUMN undo_state text CHECK (undo_state IN ('RUNNING', 'COMPLETED')),
  -- What the source gave, counted by whoever listed it; null until it is listed.
  ADD COLUMN input_count int CHECK (input_count >= 0),
  -- Items by state, kept by a trigger on import_item: progress of a million items is one row.
  ADD COLUMN pending_count int NOT NULL DEFAULT 0 CHECK (pending_count >= 0),
  ADD COLUMN created_count int NOT NULL DEFAULT 0 CHECK (created_count >= 0),
  ADD COLUMN updated_count int NOT NULL DEFAULT 0 CHECK (updated_count >= 0),
  ADD COLUMN duplicate_count int NOT NULL DEFAULT 0 CHECK (duplicate_count >= 0),
  ADD COLUMN skipped_count int NOT NULL DEFAULT 0 CHECK (skipped_count >= 0),
  ADD COLUMN rejected_count int NOT NULL DEFAULT 0 CHECK (rejected_count >= 0),
  ADD COLUMN failed_count int NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
  ADD COLUMN cancelled_count int NOT NULL DEFAULT 0 CHECK (cancelled_count >= 0);

ALTER TABLE import_item
  ADD COLUMN version_id uuid,
  -- What it was a duplicate of, whatever was done about it: the kind, the asset (no key: the asset may go), differing bits of 64.
  ADD COLUMN duplicate_by text CHECK (duplicate_by IN ('EXACT', 'PIXELS', 'NEAR')),
  ADD COLUMN duplicate_asset_id uuid,
  ADD COLUMN duplicate_distance int CHECK (duplicate_distance BETWEEN 0 AND 64),
  -- What undo needs of an asset that was there before: its columns and membership as they were.
  ADD COLUMN before jsonb,
  -- updated_at of the asset as this item left it: another value means that somebody has changed it since.
  ADD COLUMN left_at timestamptz(3),
  ADD COLUMN undo_code text CHECK (undo_code IN ('REMOVED', 'RESTORED', 'KEPT_CHANGED', 'GONE')),
  -- Of a dry run: the content (another row with it is a duplicate), and what the rules would find.
  ADD COLUMN content_sha256 text,
  ADD COLUMN predicted_findings jsonb;
CREATE INDEX import_item_content ON import_item (organization_id, import_id, content_sha256) WHERE content_sha256 IS NOT NULL;
CREATE INDEX import_item_undo ON import_item (organization_id, import_id, finished_at DESC, position DESC)
  WHERE state IN ('CREATED', 'UPDATED') AND undo_code IS NULL;
CREATE INDEX import_item_duplicate ON import_item (organization_id, import_id, duplicate_by) WHERE duplicate_by IS NOT NULL;

-- Imports of before this migration: every final item has a code, and counts are what is there. A login that owns the tables without being
-- a superuser is under the forced policies too, and would see nothing to change.
ALTER TABLE import_item NO FORCE ROW LEVEL SECURITY;
ALTER TABLE import_operation NO FORCE ROW LEVEL SECURITY;
UPDATE import_item SET code = state WHERE code IS NULL AND state <> 'PENDING';
UPDATE import_operation o SET
  input_count = CASE WHEN o.state <> 'PLANNING' THEN c.total END, pending_count = c.pending, created_count = c.created, updated_count = c.updated,
  duplicate_count = c.duplicate, skipped_count = c.skipped, rejected_count = c.rejected, failed_count = c.failed, cancelled_count = c.cancelled
FROM (
  SELECT p.organization_id, p.id, count(i.position) AS total, count(*) FILTER (WHERE i.state = 'PENDING') AS pending,
    count(*) FILTER (WHERE i.state = 'CREATED') AS created, count(*) FILTER (WHERE i.state = 'UPDATED') AS updated,
    count(*) FILTER (WHERE i.state = 'DUPLICATE') AS duplicate, count(*) FILTER (WHERE i.state = 'SKIPPED') AS skipped,
    count(*) FILTER (WHERE i.state = 'REJECTED') AS rejected, count(*) FILTER (WHERE i.state = 'FAILED') AS failed,
    count(*) FILTER (WHERE i.state = 'CANCELLED') AS cancelled
  FROM import_operation p LEFT JOIN import_item i ON i.organization_id = p.organization_id AND i.import_id = p.id
  GROUP BY p.organization_id, p.id) c
WHERE c.organization_id = o.organization_id AND c.id = o.id;
ALTER TABLE import_item FORCE ROW LEVEL SECURITY;
ALTER TABLE import_operation FORCE ROW LEVEL SECURITY;

ALTER TABLE import_item ADD CONSTRAINT import_item_final_has_code CHECK (state = 'PENDING' OR code IS NOT NULL);
ALTER TABLE import_operation
  -- Once its source is listed, every input is an item in exactly one state; and what is over has nothing open.
  ADD CONSTRAINT import_operation_adds_up CHECK (state = 'PLANNING' OR input_count = pending_count + created_count + updated_count
    + duplicate_count + skipped_count + rejected_count + failed_count + cancelled_count),
  ADD CONSTRAINT import_operation_input_known CHECK (state = 'PLANNING' OR input_count IS NOT NULL),
  ADD CONSTRAINT import_operation_over_is_over CHECK ((finished_at IS NOT NULL) = (state IN ('COMPLETED', 'FAILED', 'CANCELLED'))
    AND (finished_at IS NULL OR pending_count = 0));

-- Keeps the counts: one update an operation and statement, so that the check above holds at every moment. Whoever changes items locks
-- them first and the operation last; then no two wait for each other.
CREATE FUNCTION add_import_counts(of_organization uuid, of_import uuid, added text[], removed text[]) RETURNS void LANGUAGE sql AS $$
  UPDATE import_operation SET
    pending_count = pending_count + cardinality(array_positions(added, 'PENDING')) - cardinality(array_positions(removed, 'PENDING')),
    created_count = created_count + cardinality(array_positions(added, 'CREATED')) - cardinality(array_positions(removed, 'CREATED')),
    updated_count = updated_count + cardinality(array_positions(added, 'UPDATED')) - cardinality(array_positions(removed, 'UPDATED')),
    duplicate_count = duplicate_count + cardinality(array_positions(added, 'DUPLICATE')) - cardinality(array_positions(removed, 'DUPLICATE')),
    skipped_count = skipped_count + cardinality(array_positions(added, 'SKIPPED')) - cardinality(array_positions(removed, 'SKIPPED')),
    rejected_count = rejected_count + cardinality(array_positions(added, 'REJECTED')) - cardinality(array_positions(removed, 'REJECTED')),
    failed_count = failed_count + cardinality(array_positions(added, 'FAILED')) - cardinality(array_positions(removed, 'FAILED')),
    cancelled_count = cancelled_count + cardinality(array_positions(added, 'CANCELLED')) - cardinality(array_positions(removed, 'CANCELLED'))
  WHERE organization_id = of_organization AND id = of_import
$$;
CREATE FUNCTION count_import_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM add_import_counts(organization_id, import_id, array_agg(state), '{}') FROM new_items GROUP BY organization_id, import_id;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM add_import_counts(organization_id, import_id, '{}', array_agg(state)) FROM old_items GROUP BY organization_id, import_id;
  ELSE
    PERFORM add_import_counts(n.organization_id, n.import_id, array_agg(n.state), array_agg(o.state))
      FROM new_items n JOIN old_items o ON o.organization_id = n.organization_id AND o.import_id = n.import_id AND o.position = n.position
      WHERE n.state <> o.state GROUP BY n.organization_id, n.import_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER import_item_inserted AFTER INSERT ON import_item REFERENCING NEW TABLE AS new_items FOR EACH STATEMENT EXECUTE FUNCTION count_import_items();
CREATE TRIGGER import_item_deleted AFTER DELETE ON import_item REFERENCING OLD TABLE AS old_items FOR EACH STATEMENT EXECUTE FUNCTION count_import_items();
CREATE TRIGGER import_item_updated AFTER UPDATE ON import_item REFERENCING NEW TABLE AS new_items OLD TABLE AS old_items FOR EACH STATEMENT
  EXECUTE FUNCTION count_import_items();
GRANT EXECUTE ON FUNCTION add_import_counts(uuid, uuid, text[], text[]) TO vitrine_app;

-- The same bytes may be kept twice when the importer says so (KEEP_BOTH). Everybody else writes copy 0, so two workers that import the same
-- file still meet at this index, should the advisory locks on contents ever fail (docs/decisions/0040).
ALTER TABLE asset_version ADD COLUMN copy int NOT NULL DEFAULT 0 CHECK (copy >= 0);
DROP INDEX asset_version_content;
CREATE UNIQUE INDEX asset_version_content ON asset_version (organization_id, sha256, copy);
CREATE INDEX asset_version_pixels ON asset_version (organization_id, pixel_hash) WHERE pixel_hash IS NOT NULL;

-- Pictures that look alike: two 64-bit hashes that differ in at most 4 bits agree in at least one of five bands (pigeonholes), so an index
-- on bands finds all of them. Equality on integers is leakproof: it is used under the policies, where an index on arrays would not be.
CREATE TABLE version_hash_band (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  band smallint NOT NULL CHECK (band BETWEEN 0 AND 4),
  key int NOT NULL,
  PRIMARY KEY (organization_id, version_id, band),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX version_hash_band_key ON version_hash_band (organization_id, band, key);
ALTER TABLE version_hash_band ENABLE ROW LEVEL SECURITY;
ALTER TABLE version_hash_band FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON version_hash_band TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON version_hash_band TO vitrine_app;

-- Band n is bits 13n to 13n + 12 of the hash, the last one 12 bits wide.
CREATE FUNCTION hash_band_key(hash text, band int) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT substring(('x' || hash)::bit(64) FROM band * 13 + 1 FOR least(13, 64 - band * 13))::bit(13)::int
$$;
GRANT EXECUTE ON FUNCTION hash_band_key(text, int) TO vitrine_app;

ALTER TABLE asset_version NO FORCE ROW LEVEL SECURITY;
ALTER TABLE version_hash_band NO FORCE ROW LEVEL SECURITY;
INSERT INTO version_hash_band (organization_id, version_id, band, key)
  SELECT v.organization_id, v.id, b, hash_band_key(v.perceptual_hash, b) FROM asset_version v, generate_series(0, 4) b WHERE v.perceptual_hash ~ '^[0-9a-f]{16}$';
ALTER TABLE asset_version FORCE ROW LEVEL SECURITY;
ALTER TABLE version_hash_band FORCE ROW LEVEL SECURITY;

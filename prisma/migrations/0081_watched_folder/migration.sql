-- Folders on the server that are looked at again and again; what is new in them is imported.
CREATE TABLE watched_folder (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  folder text NOT NULL,
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'PAUSED')),
  settle_seconds int NOT NULL CHECK (settle_seconds BETWEEN 1 AND 86400),
  defaults jsonb NOT NULL,
  on_duplicate text NOT NULL CHECK (on_duplicate IN ('RETURN_EXISTING', 'REJECT', 'KEEP_BOTH', 'NEW_VERSION')),
  duplicate_by text[] NOT NULL,
  next_scan_at timestamptz(3) NOT NULL DEFAULT now(),
  scanned_at timestamptz(3),
  error_code text,
  error_message text,
  last_import_id uuid,
  created_by uuid NOT NULL,
  created_by_name text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, last_import_id) REFERENCES import_operation (organization_id, id) ON DELETE SET NULL (last_import_id)
);

-- A file as it was last seen there, and the batch that it was imported in; none while it is waited for to settle. Paths may be too long for a key.
CREATE TABLE watched_file (
  organization_id uuid NOT NULL,
  watched_folder_id uuid NOT NULL,
  path_sha256 bytea NOT NULL,
  path text NOT NULL,
  byte_size bigint NOT NULL,
  modified_at_ms bigint NOT NULL,
  unchanged_since timestamptz(3) NOT NULL DEFAULT now(),
  seen_at timestamptz(3) NOT NULL DEFAULT now(),
  batch_id uuid,
  PRIMARY KEY (organization_id, watched_folder_id, path_sha256),
  FOREIGN KEY (organization_id, watched_folder_id) REFERENCES watched_folder (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX watched_file_waiting ON watched_file (organization_id, watched_folder_id) WHERE batch_id IS NULL;
CREATE INDEX watched_file_batch ON watched_file (organization_id, batch_id, path_sha256) WHERE batch_id IS NOT NULL;

DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['watched_folder', 'watched_file'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON %I TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', name);
  END LOOP;
END $$;

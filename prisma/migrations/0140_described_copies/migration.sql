-- Whether a link delivers a copy with what the library says about the asset at the click.
ALTER TABLE delivery_link ADD COLUMN with_metadata boolean NOT NULL DEFAULT false;

-- Copies with metadata written into them: one of each file, the latest. It lies beside the original in storage, by its key.
CREATE TABLE described_copy (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  -- Of the rendition it is a copy of; empty: of the original.
  recipe_key text NOT NULL CHECK (recipe_key ~ '^([0-9a-f]{32})?$'),
  name text NOT NULL,
  byte_size bigint NOT NULL CHECK (byte_size > 0),
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  used_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, version_id, recipe_key),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX described_copy_used ON described_copy (organization_id, used_at);

ALTER TABLE described_copy ENABLE ROW LEVEL SECURITY;
ALTER TABLE described_copy FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON described_copy TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON described_copy TO vitrine_app;

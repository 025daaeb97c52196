-- What a cut must keep in view, 0 to 1 from the left and the top; said by people, so it may change although the version does not.
ALTER TABLE asset_version ADD COLUMN focal_x double precision CHECK (focal_x BETWEEN 0 AND 1),
  ADD COLUMN focal_y double precision CHECK (focal_y BETWEEN 0 AND 1),
  ADD CHECK ((focal_x IS NULL) = (focal_y IS NULL));

-- Renditions that have been made. The file lies beside the original in storage, under the recipe's key.
CREATE TABLE rendition (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  recipe_key text NOT NULL CHECK (recipe_key ~ '^[0-9a-f]{32}$'),
  preset text,
  recipe jsonb NOT NULL,
  media_type text NOT NULL,
  byte_size bigint NOT NULL CHECK (byte_size > 0),
  width int NOT NULL,
  height int NOT NULL,
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, version_id, recipe_key),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);

-- Links for people without an API key. The token in the link names this row, so that a link can be listed, expire and be revoked.
CREATE TABLE delivery_link (
  organization_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  asset_id uuid NOT NULL,
  -- null: the original
  choice jsonb,
  note text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX delivery_link_asset ON delivery_link (organization_id, asset_id, created_at DESC, id DESC);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['rendition', 'delivery_link']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', t);
  END LOOP;
END $$;

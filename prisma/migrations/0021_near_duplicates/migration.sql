-- Pairs of pictures that show the same, found by perceptual hash and embedding and then compared pixel by pixel at 64 × 64.
-- About versions: a new file of an asset is compared anew, and pairs of replaced versions no longer count.
CREATE TABLE near_duplicate (
  organization_id uuid NOT NULL,
  version_a uuid NOT NULL,
  version_b uuid NOT NULL,
  asset_a uuid NOT NULL,
  asset_b uuid NOT NULL,
  relation text NOT NULL CHECK (relation IN ('SAME_PIXELS', 'REENCODED', 'RESIZED', 'CROPPED', 'RECOLORED', 'OTHER_SHOT')),
  -- differing bits of 64; null where a picture has no hash
  hash_distance int,
  cosine double precision,
  -- correlations of the whole frames, and their mean CIELAB distance
  lightness double precision NOT NULL,
  edges double precision NOT NULL,
  color_distance double precision NOT NULL,
  -- where one lies in the other: {of: 'a' or 'b' (the larger), left, top, width, height (parts of 1), lightness, colorDistance}
  crop jsonb,
  found_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, version_a, version_b),
  CHECK (version_a < version_b),
  FOREIGN KEY (organization_id, version_a) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, version_b) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_a) REFERENCES asset (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_b) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX near_duplicate_b ON near_duplicate (organization_id, version_b);
CREATE INDEX near_duplicate_asset_a ON near_duplicate (organization_id, asset_a);
CREATE INDEX near_duplicate_asset_b ON near_duplicate (organization_id, asset_b);

-- Versions that have been compared with the library under a model.
CREATE TABLE duplicate_scan (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  model_revision_id int NOT NULL REFERENCES model_revision (id),
  scanned_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, version_id),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['near_duplicate', 'duplicate_scan']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', t);
  END LOOP;
END $$;

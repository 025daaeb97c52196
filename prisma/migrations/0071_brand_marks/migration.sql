-- Marks (logos) of a brand: the file of an asset, as it was when it was named a mark.
CREATE TABLE brand_mark (
  organization_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  brand_id uuid NOT NULL,
  version_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- APPROVED: the mark as it should be; WRONG: an old or forbidden one, whose presence is a fault
  role text NOT NULL CHECK (role IN ('APPROVED', 'WRONG')),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, brand_id, name),
  FOREIGN KEY (organization_id, brand_id) REFERENCES brand (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);

-- Which set of marks a version was searched for. Another set of marks, or another finder, and it is searched again.
CREATE TABLE mark_scan (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  brand_id uuid NOT NULL,
  marks_revision text NOT NULL,
  finder_revision int NOT NULL,
  -- why the file could not be searched; null: it was
  error_code text,
  scanned_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, version_id, brand_id),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, brand_id) REFERENCES brand (organization_id, id) ON DELETE CASCADE
);

-- Where a mark was found. Boxes are shares of the picture's width and height.
CREATE TABLE mark_sighting (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  brand_id uuid NOT NULL,
  position int NOT NULL CHECK (position >= 0),
  mark_id uuid NOT NULL,
  confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  box_left double precision NOT NULL,
  box_top double precision NOT NULL,
  box_width double precision NOT NULL,
  box_height double precision NOT NULL,
  -- pixels of the file
  width_px double precision NOT NULL,
  height_px double precision NOT NULL,
  rotation_deg double precision NOT NULL,
  stretch double precision NOT NULL CHECK (stretch > 0),
  colors jsonb NOT NULL,
  clear_space double precision,
  PRIMARY KEY (organization_id, version_id, brand_id, position),
  FOREIGN KEY (organization_id, version_id, brand_id) REFERENCES mark_scan (organization_id, version_id, brand_id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, mark_id) REFERENCES brand_mark (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX mark_sighting_mark ON mark_sighting (organization_id, mark_id);

ALTER TABLE rule DROP CONSTRAINT rule_kind_check;
ALTER TABLE rule ADD CONSTRAINT rule_kind_check CHECK (kind IN ('PALETTE', 'MIN_RESOLUTION', 'ALT_TEXT', 'RIGHTS_EXPIRY', 'PROHIBITED_CONTENT',
  'CONTRAST', 'ASPECT_RATIO', 'SAFE_ZONE', 'FILE_FORMAT', 'BYTE_SIZE', 'COLOR_ENCODING', 'SHARPNESS', 'EXPOSURE', 'REQUIRED_METADATA',
  'USAGE_RIGHTS', 'DUPLICATE', 'AI_PROVENANCE', 'REQUIRED_CONTENT', 'STYLE', 'LOGO'));

-- What a brand's marks are now: changes with any of them. Null for a brand without marks.
CREATE FUNCTION marks_revision(organization uuid, brand uuid) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT md5(string_agg(m.id || m.version_id::text || m.role, ',' ORDER BY m.id)) FROM brand_mark m
  WHERE m.organization_id = organization AND m.brand_id = brand
$$;
GRANT EXECUTE ON FUNCTION marks_revision(uuid, uuid) TO vitrine_app;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['brand_mark', 'mark_scan', 'mark_sighting']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', t);
  END LOOP;
END $$;

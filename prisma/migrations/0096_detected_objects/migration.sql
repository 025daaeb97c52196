-- The detector whose facts are of use to an organisation: what a worker found installed when it started. None: no row.
CREATE TABLE organization_detector (
  organization_id uuid PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
  detector_id text NOT NULL,
  title text NOT NULL,
  -- of weights, manifest and the program that reads them: facts of another revision do not count
  revision text NOT NULL,
  classes text[] NOT NULL,
  min_confidence float8 NOT NULL,
  adopted_at timestamptz(3) NOT NULL DEFAULT now()
);

-- Pictures that were searched for objects, and by which revision of which detector.
CREATE TABLE object_scan (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  detector_revision text NOT NULL,
  -- why the file could not be searched; null: it was
  error_code text,
  scanned_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, version_id),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);

-- What was found: boxes as shares (0 to 1) of the picture.
CREATE TABLE detected_object (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  position int NOT NULL,
  class text NOT NULL,
  confidence float8 NOT NULL,
  box_left float8 NOT NULL,
  box_top float8 NOT NULL,
  box_width float8 NOT NULL,
  box_height float8 NOT NULL,
  PRIMARY KEY (organization_id, version_id, position),
  FOREIGN KEY (organization_id, version_id) REFERENCES object_scan (organization_id, version_id) ON DELETE CASCADE
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['organization_detector', 'object_scan', 'detected_object']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', t);
  END LOOP;
END $$;

ALTER TABLE rule DROP CONSTRAINT rule_kind_check;
ALTER TABLE rule ADD CONSTRAINT rule_kind_check CHECK (kind IN ('PALETTE', 'MIN_RESOLUTION', 'ALT_TEXT', 'RIGHTS_EXPIRY', 'PROHIBITED_CONTENT',
  'CONTRAST', 'ASPECT_RATIO', 'SAFE_ZONE', 'FILE_FORMAT', 'BYTE_SIZE', 'COLOR_ENCODING', 'SHARPNESS', 'EXPOSURE', 'REQUIRED_METADATA',
  'USAGE_RIGHTS', 'DUPLICATE', 'AI_PROVENANCE', 'REQUIRED_CONTENT', 'STYLE', 'LOGO', 'DETECTED_OBJECTS'));

-- More than one picture per asset: frames, pages, regions (tiles) and passages of text, each with a vector of its own.

-- The parts that a version's file has, beside the whole; those that have no vector under a model are what is left to embed.
-- `part` says where it lies: frame:<ms>, page:<n>, tile:<x>,<y>,<width>,<height> (pixels), text:<from>,<length> (characters).
CREATE TABLE version_part (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  part text NOT NULL CHECK (part ~ '^(frame:\d+|page:\d+|tile:\d+,\d+,\d+,\d+|text:\d+,\d+)$'),
  position int NOT NULL CHECK (position >= 0),
  PRIMARY KEY (organization_id, version_id, part),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);
ALTER TABLE version_part ENABLE ROW LEVEL SECURITY;
ALTER TABLE version_part FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON version_part TO vitrine_app
  USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON version_part TO vitrine_app;

-- A vector of a text is nearer to any text than to a picture: the two are never ranked in one list.
ALTER TABLE asset_embedding ADD COLUMN of_text boolean NOT NULL DEFAULT false;
CREATE INDEX asset_embedding_picture_parts ON asset_embedding (organization_id, model_revision_id) WHERE part <> 'whole' AND NOT of_text;
CREATE INDEX asset_embedding_text_parts ON asset_embedding (organization_id, model_revision_id) WHERE of_text;

-- What was measured before there were parts is measured again where it has some.
ALTER TABLE asset_version NO FORCE ROW LEVEL SECURITY;
UPDATE asset_version SET facts_revision = 1 WHERE page_count > 1 OR kind = 'DOCUMENT';
ALTER TABLE asset_version FORCE ROW LEVEL SECURITY;

-- What scores of texts look like when a query is about nothing in them, apart from what those of pictures do.
ALTER TABLE search_calibration ADD COLUMN of_text boolean NOT NULL DEFAULT false;
ALTER TABLE search_calibration DROP CONSTRAINT search_calibration_pkey, ADD PRIMARY KEY (organization_id, model_revision_id, of_text);

-- Whether a library has ever had frames, pages or regions, and texts: without, search asks for none of them, and takes no longer than before.
ALTER TABLE library_revision ADD COLUMN has_parts boolean NOT NULL DEFAULT false, ADD COLUMN has_texts boolean NOT NULL DEFAULT false;

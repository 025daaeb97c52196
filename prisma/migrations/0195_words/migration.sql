-- Words are told apart by one function of the program (src/words), for what is stored and for what is asked. A row whose revision is not the
-- program's is made anew by it; until then its words of before are found.
ALTER TABLE asset_text
  ADD COLUMN revision int NOT NULL DEFAULT 0,
  -- What title and file name are compared by where they are asked for as a whole.
  ADD COLUMN title_key text COLLATE "C",
  ADD COLUMN file_key text COLLATE "C",
  -- What titles are ordered by.
  ADD COLUMN title_order text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE asset_text NO FORCE ROW LEVEL SECURITY;
ALTER TABLE asset NO FORCE ROW LEVEL SECURITY;
UPDATE asset_text t SET title_order = lower(left(a.title, 200)) FROM asset a WHERE a.organization_id = t.organization_id AND a.id = t.asset_id;
ALTER TABLE asset FORCE ROW LEVEL SECURITY;
ALTER TABLE asset_text FORCE ROW LEVEL SECURITY;
CREATE INDEX asset_text_revision ON asset_text (organization_id, revision, asset_id);
CREATE INDEX asset_text_title ON asset_text (organization_id, title_key);
CREATE INDEX asset_text_file ON asset_text (organization_id, file_key);
CREATE INDEX asset_text_title_order ON asset_text (organization_id, title_order, asset_id);

ALTER TABLE tag
  ADD COLUMN words tsvector NOT NULL DEFAULT '',
  ADD COLUMN words_revision int NOT NULL DEFAULT 0;
CREATE INDEX tag_words ON tag USING gin (words);

-- The triggers only say that a row is out of date: whoever changes a text has its words stored in the same transaction.
CREATE OR REPLACE FUNCTION refresh_asset_text_of_assets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO asset_text (organization_id, asset_id, document, title_order)
  SELECT organization_id, id, '', left(title, 200) FROM changed ON CONFLICT (organization_id, asset_id) DO UPDATE SET revision = 0;
  RETURN NULL;
END $$;
-- EXECUTE is planned for the rows at hand.
CREATE OR REPLACE FUNCTION refresh_asset_text_of_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE $statement$
  UPDATE asset_text t SET revision = 0
  FROM changed a JOIN before b ON b.organization_id = a.organization_id AND b.id = a.id
  WHERE t.organization_id = a.organization_id AND t.asset_id = a.id
    AND (a.title, a.file_name, a.external_id, a.alt_text, a.description, a.current_version_id)
      IS DISTINCT FROM (b.title, b.file_name, b.external_id, b.alt_text, b.description, b.current_version_id)
  $statement$;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION refresh_asset_text_of_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE asset_text t SET revision = 0
  FROM changed v JOIN asset a ON a.organization_id = v.organization_id AND a.current_version_id = v.id
  WHERE v.document_text IS NOT NULL AND t.organization_id = a.organization_id AND t.asset_id = a.id;
  RETURN NULL;
END $$;
DROP FUNCTION asset_text_of(text, text, text, text, text);

-- Full text beside vectors. One narrow row per asset, apart from the asset's own: a tsvector there would travel with every SELECT of it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE asset_text (
  organization_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  document tsvector NOT NULL,
  PRIMARY KEY (organization_id, asset_id),
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX asset_text_document ON asset_text USING gin (document);

ALTER TABLE asset_text ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON asset_text TO vitrine_app
  USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON asset_text TO vitrine_app;

-- Each text twice: as it stands, for names and other languages, and by English stems, so that "cars" finds "car".
-- Names of files fall apart into words. A tsvector holds 1 MB at most: of a document the first 100,000 characters count.
CREATE FUNCTION asset_text_of(title text, file_name text, alt_text text, description text, document_text text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT setweight(to_tsvector('simple', title) || to_tsvector('english', title), 'A')
    || setweight(to_tsvector('simple', regexp_replace(file_name, '[-_.]+', ' ', 'g')), 'B')
    || setweight(to_tsvector('simple', COALESCE(alt_text, '')) || to_tsvector('english', COALESCE(alt_text, '')), 'B')
    || setweight(to_tsvector('simple', description) || to_tsvector('english', description), 'C')
    || setweight(to_tsvector('simple', left(COALESCE(document_text, ''), 100000)) || to_tsvector('english', left(COALESCE(document_text, ''), 100000)), 'D')
$$;
GRANT EXECUTE ON FUNCTION asset_text_of(text, text, text, text, text) TO vitrine_app;

-- The version comes after its asset (the reference is deferred), so either may complete the text. Once a statement, for all its rows.
CREATE FUNCTION refresh_asset_text_of_assets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO asset_text (organization_id, asset_id, document)
  SELECT a.organization_id, a.id, asset_text_of(a.title, a.file_name, a.alt_text, a.description, v.document_text)
  FROM changed a LEFT JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
  ON CONFLICT (organization_id, asset_id) DO UPDATE SET document = EXCLUDED.document;
  RETURN NULL;
END $$;
-- Only where a text changed: tagging thousands of assets must not read their documents.
CREATE FUNCTION refresh_asset_text_of_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO asset_text (organization_id, asset_id, document)
  SELECT a.organization_id, a.id, asset_text_of(a.title, a.file_name, a.alt_text, a.description, v.document_text)
  FROM changed a JOIN before b ON b.organization_id = a.organization_id AND b.id = a.id
  LEFT JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
  WHERE (a.title, a.file_name, a.alt_text, a.description, a.current_version_id)
    IS DISTINCT FROM (b.title, b.file_name, b.alt_text, b.description, b.current_version_id)
  ON CONFLICT (organization_id, asset_id) DO UPDATE SET document = EXCLUDED.document;
  RETURN NULL;
END $$;
CREATE FUNCTION refresh_asset_text_of_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO asset_text (organization_id, asset_id, document)
  SELECT a.organization_id, a.id, asset_text_of(a.title, a.file_name, a.alt_text, a.description, v.document_text)
  FROM changed v JOIN asset a ON a.organization_id = v.organization_id AND a.current_version_id = v.id
  WHERE v.document_text IS NOT NULL
  ON CONFLICT (organization_id, asset_id) DO UPDATE SET document = EXCLUDED.document;
  RETURN NULL;
END $$;
CREATE TRIGGER asset_text_inserted AFTER INSERT ON asset REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION refresh_asset_text_of_assets();
CREATE TRIGGER asset_text_updated AFTER UPDATE ON asset REFERENCING OLD TABLE AS before NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION refresh_asset_text_of_changes();
CREATE TRIGGER asset_text_version AFTER INSERT ON asset_version REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION refresh_asset_text_of_versions();

-- What is in the library already. The owner is under the policies too, so they step aside for this one statement.
ALTER TABLE asset NO FORCE ROW LEVEL SECURITY;
ALTER TABLE asset_version NO FORCE ROW LEVEL SECURITY;
INSERT INTO asset_text (organization_id, asset_id, document)
SELECT a.organization_id, a.id, asset_text_of(a.title, a.file_name, a.alt_text, a.description, v.document_text)
FROM asset a LEFT JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id;
ALTER TABLE asset FORCE ROW LEVEL SECURITY;
ALTER TABLE asset_version FORCE ROW LEVEL SECURITY;
ALTER TABLE asset_text FORCE ROW LEVEL SECURITY;

-- A file name that is asked for as it stands comes first.
CREATE INDEX asset_file_name ON asset (organization_id, file_name);

-- For autocomplete and misspelt words. Titles are compared in lower case.
CREATE INDEX asset_title_trigrams ON asset USING gin (lower(title) gin_trgm_ops);
CREATE INDEX tag_name_trigrams ON tag USING gin (name gin_trgm_ops);

-- As with arrays in 0001: these say nothing about rows that they refuse, and are only not marked so.
DO $$
BEGIN
  ALTER FUNCTION ts_match_vq(tsvector, tsquery) LEAKPROOF;
  ALTER FUNCTION word_similarity_op(text, text) LEAKPROOF;
  ALTER FUNCTION word_similarity_commutator_op(text, text) LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'not a superuser: text search works, but does not use its index';
END $$;

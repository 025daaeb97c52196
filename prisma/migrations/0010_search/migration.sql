-- Search at scale: which vectors are current, and since when; the fastest vector type of each engine.

-- Counts the changes of a library's vectors. Whoever adds or replaces vectors raises it and holds its row until the end of the
-- transaction, so that revisions become visible in their order, and "as of revision r" is one set of rows for ever.
CREATE TABLE library_revision (
  organization_id uuid PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
  revision bigint NOT NULL CHECK (revision >= 0)
);
ALTER TABLE library_revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE library_revision FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON library_revision TO vitrine_app
  USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON library_revision TO vitrine_app;

ALTER TABLE asset_embedding
  -- The library revision from which on this row counts, and the one from which on another version stands in its place; null: current.
  ADD COLUMN added_in bigint NOT NULL DEFAULT 0,
  ADD COLUMN superseded_in bigint CHECK (superseded_in >= 0);
-- Forced policies bind the owner too, unless it is a superuser.
ALTER TABLE asset_embedding NO FORCE ROW LEVEL SECURITY;
ALTER TABLE asset NO FORCE ROW LEVEL SECURITY;
UPDATE asset_embedding e SET superseded_in = 0 FROM asset a
  WHERE a.organization_id = e.organization_id AND a.id = e.asset_id AND a.current_version_id <> e.version_id;
ALTER TABLE asset_embedding FORCE ROW LEVEL SECURITY;
ALTER TABLE asset FORCE ROW LEVEL SECURITY;

-- The type that a query's vector is given: the same as of the columns it is compared with.
-- PostgreSQL in WebAssembly has no instructions for half floats: there a distance over float4 takes 2.5 times less (docs/decisions/0020).
DO $$
BEGIN
  IF version() LIKE '%emscripten%' THEN
    ALTER TABLE asset_embedding ALTER COLUMN vector TYPE vector;
    ALTER TABLE text_embedding ALTER COLUMN vector TYPE vector;
    CREATE DOMAIN embedding AS vector;
  ELSE
    CREATE DOMAIN embedding AS halfvec;
  END IF;
END $$;

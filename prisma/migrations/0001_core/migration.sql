-- Vitrine's core schema. Every table that belongs to a customer starts its primary key with organization_id, is under forced
-- row-level security, and refers to other customer tables by (organization_id, id), so that no row can point across organisations.

CREATE EXTENSION IF NOT EXISTS vector;

-- ---------------------------------------------------------------- installation

CREATE TABLE organization (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

-- What made a vector: weights, tokenizer, preprocessing and prompt prefix, hashed into one revision.
CREATE TABLE model_revision (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_name text NOT NULL,
  revision text NOT NULL UNIQUE,
  dimensions int NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
  model_type text NOT NULL CHECK (model_type IN ('clip', 'siglip')),
  logit_scale double precision NOT NULL,
  logit_bias double precision,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE api_key (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  role text NOT NULL CHECK (role IN ('VIEWER', 'EDITOR', 'ADMIN')),
  prefix text NOT NULL,
  secret_sha256 bytea NOT NULL UNIQUE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  PRIMARY KEY (organization_id, id)
);

-- ---------------------------------------------------------------- brands, tags, collections

CREATE TABLE brand (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  key text NOT NULL CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, key)
);

CREATE TABLE brand_color (
  organization_id uuid NOT NULL,
  brand_id uuid NOT NULL,
  position int NOT NULL CHECK (position >= 0),
  name text NOT NULL,
  hex text NOT NULL CHECK (hex ~ '^#[0-9a-f]{6}$'),
  lab_l double precision NOT NULL,
  lab_a double precision NOT NULL,
  lab_b double precision NOT NULL,
  PRIMARY KEY (organization_id, brand_id, position),
  FOREIGN KEY (organization_id, brand_id) REFERENCES brand (organization_id, id) ON DELETE CASCADE
);

-- Tag ids are small integers, unique in the whole installation: assets carry them as int[] under a GIN index.
CREATE TABLE tag (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id int GENERATED ALWAYS AS IDENTITY UNIQUE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100 AND name = lower(name)),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, name)
);

-- ---------------------------------------------------------------- assets

CREATE TABLE asset (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  external_id text CHECK (length(external_id) BETWEEN 1 AND 200),
  title text NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
  description text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
  alt_text text CHECK (length(alt_text) <= 2000),
  brand_id uuid,
  rights_holder text,
  rights_license text,
  rights_starts_on date,
  rights_expires_on date,
  metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
  tag_ids int[] NOT NULL DEFAULT '{}',
  -- facts of the current version, copied here so that browsing and filtering read one row
  current_version_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('IMAGE', 'DOCUMENT')),
  media_type text NOT NULL,
  file_name text NOT NULL,
  byte_size bigint NOT NULL,
  width int,
  height int,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, external_id),
  FOREIGN KEY (organization_id, brand_id) REFERENCES brand (organization_id, id)
);
CREATE INDEX asset_created ON asset (organization_id, created_at DESC, id DESC);
CREATE INDEX asset_brand ON asset (organization_id, brand_id);
CREATE INDEX asset_tags ON asset USING gin (tag_ids);

-- A version is immutable: a new file makes a new version, and no fact, vector or finding of the old one carries over.
CREATE TABLE asset_version (
  organization_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  asset_id uuid NOT NULL,
  number int NOT NULL CHECK (number >= 1),
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  byte_size bigint NOT NULL,
  file_name text NOT NULL,
  media_type text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('IMAGE', 'DOCUMENT')),
  width int,
  height int,
  has_alpha boolean,
  color_space text,
  bit_depth int,
  page_count int NOT NULL DEFAULT 1,
  sharpness double precision,
  exposure double precision,
  perceptual_hash text,
  pixel_hash text,
  document_text text,
  exif jsonb NOT NULL DEFAULT '{}',
  warnings text[] NOT NULL DEFAULT '{}',
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, asset_id, number),
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);
-- The same bytes are one asset: two workers that import the same file meet here.
CREATE UNIQUE INDEX asset_version_content ON asset_version (organization_id, sha256);
ALTER TABLE asset ADD FOREIGN KEY (organization_id, current_version_id) REFERENCES asset_version (organization_id, id) DEFERRABLE INITIALLY DEFERRED;

-- Dominant colours of a version, CIELAB (D65), shares of area summing to 1.
CREATE TABLE version_color (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  position int NOT NULL,
  hex text NOT NULL CHECK (hex ~ '^#[0-9a-f]{6}$'),
  lab_l double precision NOT NULL,
  lab_a double precision NOT NULL,
  lab_b double precision NOT NULL,
  share double precision NOT NULL CHECK (share > 0 AND share <= 1.000001),
  PRIMARY KEY (organization_id, version_id, position),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);

-- The row that similarity search scans: narrow, with what filters use most copied beside the inline vector.
-- One partition per model revision (made when the model is registered), because each has its own dimension.
CREATE TABLE asset_embedding (
  organization_id uuid NOT NULL,
  model_revision_id int NOT NULL REFERENCES model_revision (id),
  version_id uuid NOT NULL,
  part text NOT NULL DEFAULT 'whole',
  asset_id uuid NOT NULL,
  brand_id uuid,
  kind text NOT NULL,
  tag_ids int[] NOT NULL DEFAULT '{}',
  created_at timestamptz(3) NOT NULL,
  vector halfvec NOT NULL,
  PRIMARY KEY (organization_id, model_revision_id, version_id, part),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
) PARTITION BY LIST (model_revision_id);
CREATE INDEX asset_embedding_asset ON asset_embedding (organization_id, asset_id);
CREATE INDEX asset_embedding_tags ON asset_embedding USING gin (tag_ids);

-- Why a version has no vector under a revision: it was tried and failed for good, so that a backfill does not try for ever.
CREATE TABLE embedding_failure (
  organization_id uuid NOT NULL,
  model_revision_id int NOT NULL REFERENCES model_revision (id),
  version_id uuid NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  attempts int NOT NULL DEFAULT 1,
  failed_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, model_revision_id, version_id),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);

-- Vectors of texts: queries (a cache) and the prompts of rules, so that zero-shot checks are plain SQL.
CREATE TABLE text_embedding (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  model_revision_id int NOT NULL REFERENCES model_revision (id),
  text text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
  vector halfvec NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, model_revision_id, text)
);

CREATE TABLE collection (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, name)
);

CREATE TABLE collection_asset (
  organization_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  added_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, collection_id, asset_id),
  FOREIGN KEY (organization_id, collection_id) REFERENCES collection (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX collection_asset_asset ON collection_asset (organization_id, asset_id);

-- ---------------------------------------------------------------- imports

CREATE TABLE staged_upload (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  token_sha256 bytea NOT NULL UNIQUE,
  file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 255),
  declared_byte_size bigint NOT NULL CHECK (declared_byte_size > 0),
  declared_sha256 text,
  sha256 text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  received_at timestamptz(3),
  PRIMARY KEY (organization_id, id)
);

CREATE TABLE import_operation (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  state text NOT NULL DEFAULT 'PLANNING' CHECK (state IN ('PLANNING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  source jsonb NOT NULL,
  defaults jsonb NOT NULL DEFAULT '{}',
  on_duplicate text NOT NULL CHECK (on_duplicate IN ('RETURN_EXISTING', 'REJECT')),
  idempotency_key text CHECK (length(idempotency_key) BETWEEN 1 AND 200),
  request_sha256 text NOT NULL,
  error_code text,
  error_message text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  started_at timestamptz(3),
  finished_at timestamptz(3),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, idempotency_key)
);
CREATE INDEX import_operation_created ON import_operation (organization_id, created_at DESC, id DESC);

-- One row per input file or manifest line. PENDING is the only state that is not final.
CREATE TABLE import_item (
  organization_id uuid NOT NULL,
  import_id uuid NOT NULL,
  position int NOT NULL CHECK (position >= 0),
  source jsonb NOT NULL,
  label text NOT NULL,
  fields jsonb NOT NULL DEFAULT '{}',
  state text NOT NULL DEFAULT 'PENDING'
    CHECK (state IN ('PENDING', 'CREATED', 'UPDATED', 'DUPLICATE', 'SKIPPED', 'REJECTED', 'FAILED', 'CANCELLED')),
  attempts int NOT NULL DEFAULT 0,
  asset_id uuid,
  code text,
  message text,
  field text,
  finished_at timestamptz(3),
  PRIMARY KEY (organization_id, import_id, position),
  FOREIGN KEY (organization_id, import_id) REFERENCES import_operation (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE SET NULL (asset_id),
  CHECK ((state = 'PENDING') = (finished_at IS NULL))
);
CREATE INDEX import_item_open ON import_item (organization_id, import_id, position) WHERE state = 'PENDING';

-- ---------------------------------------------------------------- brand guidelines

CREATE TABLE guideline (
  organization_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  brand_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, brand_id, name),
  FOREIGN KEY (organization_id, brand_id) REFERENCES brand (organization_id, id) ON DELETE CASCADE
);

-- The sentences a person reads; rules point at the section they enforce.
CREATE TABLE guideline_section (
  organization_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  guideline_id uuid NOT NULL,
  position int NOT NULL CHECK (position >= 0),
  title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
  body text NOT NULL DEFAULT '' CHECK (length(body) <= 20000),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, guideline_id, position),
  FOREIGN KEY (organization_id, guideline_id) REFERENCES guideline (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE rule (
  organization_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  guideline_id uuid NOT NULL,
  section_id uuid,
  brand_id uuid NOT NULL,
  key text NOT NULL CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  title text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
  kind text NOT NULL CHECK (kind IN ('PALETTE', 'MIN_RESOLUTION', 'ALT_TEXT', 'RIGHTS_EXPIRY', 'PROHIBITED_CONTENT')),
  severity text NOT NULL CHECK (severity IN ('BLOCKER', 'MAJOR', 'MINOR', 'INFO')),
  parameters jsonb NOT NULL,
  -- tags an asset must have (any of them) for the rule to apply; empty: every asset of the brand
  scope_tag_ids int[] NOT NULL DEFAULT '{}',
  state text NOT NULL DEFAULT 'DRAFT' CHECK (state IN ('DRAFT', 'PUBLISHED', 'RETIRED')),
  revision int NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, guideline_id, key),
  FOREIGN KEY (organization_id, guideline_id) REFERENCES guideline (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, section_id) REFERENCES guideline_section (organization_id, id) ON DELETE SET NULL (section_id),
  FOREIGN KEY (organization_id, brand_id) REFERENCES brand (organization_id, id) ON DELETE CASCADE
);

-- One judgement of one rule about one asset version, always replaced as a whole.
-- valid_until: the moment the verdict may change by the clock alone (a licence that expires).
CREATE TABLE finding (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  asset_id uuid NOT NULL,
  brand_id uuid NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('PASS', 'FAIL', 'NEEDS_REVIEW', 'NOT_APPLICABLE', 'NOT_EVALUATED', 'ERROR', 'WAIVED')),
  -- for combining rules into one verdict per asset: the worst counts; null does not count
  verdict_rank int GENERATED ALWAYS AS (CASE verdict WHEN 'FAIL' THEN 6 WHEN 'ERROR' THEN 5 WHEN 'NEEDS_REVIEW' THEN 4
    WHEN 'NOT_EVALUATED' THEN 3 WHEN 'WAIVED' THEN 2 WHEN 'PASS' THEN 1 END) STORED,
  severity text NOT NULL,
  rule_revision int NOT NULL,
  model_revision_id int REFERENCES model_revision (id),
  measured jsonb,
  required jsonb,
  evidence jsonb,
  message text NOT NULL,
  first_seen_at timestamptz(3) NOT NULL DEFAULT now(),
  judged_at timestamptz(3) NOT NULL DEFAULT now(),
  valid_until timestamptz(3),
  PRIMARY KEY (organization_id, version_id, rule_id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, rule_id) REFERENCES rule (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX finding_brand ON finding (organization_id, brand_id, verdict);
CREATE INDEX finding_rule ON finding (organization_id, rule_id, verdict);
CREATE INDEX finding_expiring ON finding (organization_id, valid_until) WHERE valid_until IS NOT NULL;

-- ---------------------------------------------------------------- tenancy

-- The role every request and job works as. It owns nothing, cannot log in and cannot bypass row-level security.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'vitrine_app') THEN
    BEGIN
      CREATE ROLE vitrine_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this cluster was quicker
    END;
  END IF;
  -- The role that finds out which organisation is asking (API keys) and registers models; it sees no customer content.
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'vitrine_system') THEN
    BEGIN
      CREATE ROLE vitrine_system NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
  EXECUTE format('GRANT vitrine_app, vitrine_system TO %I', current_user);
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO vitrine_system', current_schema());
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO vitrine_app', current_schema());
END $$;

-- The organisation of the current transaction; null outside a tenancy handle, and then no row is visible.
CREATE FUNCTION app_organization_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid $$;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['api_key', 'brand', 'brand_color', 'tag', 'asset', 'asset_version', 'version_color', 'asset_embedding',
    'embedding_failure', 'text_embedding', 'collection', 'collection_asset', 'staged_upload', 'import_operation', 'import_item',
    'guideline', 'guideline_section', 'rule', 'finding']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', t);
  END LOOP;
END $$;

ALTER TABLE organization ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organization TO vitrine_app USING (id = app_organization_id());
GRANT SELECT ON organization TO vitrine_app;
GRANT SELECT ON model_revision TO vitrine_app;

CREATE POLICY system ON organization TO vitrine_system USING (true) WITH CHECK (true);
CREATE POLICY system ON api_key TO vitrine_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON organization, api_key, model_revision TO vitrine_system;

-- Under a policy, PostgreSQL hands a condition to an index only if its operator cannot leak rows through errors or notices. The int[]
-- operators cannot, but are not marked so; without the mark a tag filter reads the whole organisation (docs/decisions/0003).
DO $$
BEGIN
  ALTER FUNCTION arraycontains(anyarray, anyarray) LEAKPROOF;
  ALTER FUNCTION arrayoverlap(anyarray, anyarray) LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'not a superuser: tag filters work, but do not use their index';
END $$;

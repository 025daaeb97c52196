-- Concepts: what a model is asked to see in pictures, with its vectors, what it found (proposals and moderation), what people said about
-- it (labels) and what follows from that (calibrations).

-- ---------------------------------------------------------------- the rivals of all concepts, by model (no customer content)

-- What a picture may show instead of a concept: one list of words, embedded with the model's own label prompts.
CREATE TABLE rival_set (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_revision_id int NOT NULL REFERENCES model_revision (id),
  revision text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  UNIQUE (model_revision_id, revision)
);

CREATE TABLE rival_vector (
  rival_set_id int NOT NULL REFERENCES rival_set (id) ON DELETE CASCADE,
  position int NOT NULL CHECK (position >= 0),
  text text NOT NULL,
  vector halfvec NOT NULL,
  PRIMARY KEY (rival_set_id, position)
);

GRANT SELECT, INSERT ON rival_set, rival_vector TO vitrine_system;
GRANT SELECT ON rival_set, rival_vector TO vitrine_app;

-- ---------------------------------------------------------------- concepts

CREATE TABLE concept (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  synonyms text[] NOT NULL DEFAULT '{}',
  -- around every name, '{}' standing for it; none: the model's own
  templates text[] NOT NULL DEFAULT '{}',
  counter_prompts text[] NOT NULL DEFAULT '{}',
  purpose text NOT NULL CHECK (purpose IN ('TAG', 'MODERATION')),
  tag_name text CHECK (length(tag_name) BETWEEN 1 AND 100 AND tag_name = lower(tag_name)),
  propose_at double precision CHECK (propose_at > 0 AND propose_at <= 1),
  review_at double precision CHECK (review_at > 0 AND review_at <= 1),
  block_at double precision CHECK (block_at > 0 AND block_at <= 1),
  -- goes up when the vectors change
  revision int NOT NULL DEFAULT 1,
  -- goes up when anything changes that decides what matches: vectors, thresholds, calibration
  change int NOT NULL DEFAULT 1,
  -- what the library was last compared by, as a whole; null: not yet
  matched_change int,
  matched_rival_set_id int REFERENCES rival_set (id),
  matched_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, name),
  CHECK (purpose <> 'TAG' OR (tag_name IS NOT NULL AND propose_at IS NOT NULL)),
  CHECK (purpose <> 'MODERATION' OR (review_at IS NOT NULL AND block_at IS NOT NULL AND review_at <= block_at))
);

-- The vectors of a concept's current revision. CONCEPT: one, the mean of its ensemble. COUNTER: rivals of its own. LEFT_OUT: common
-- rivals that mean nearly the same, and so are no rivals of it.
CREATE TABLE concept_vector (
  organization_id uuid NOT NULL,
  concept_id uuid NOT NULL,
  rival_set_id int NOT NULL REFERENCES rival_set (id),
  position int NOT NULL CHECK (position >= 0),
  role text NOT NULL CHECK (role IN ('CONCEPT', 'COUNTER', 'LEFT_OUT')),
  text text NOT NULL,
  vector halfvec NOT NULL,
  PRIMARY KEY (organization_id, concept_id, rival_set_id, position),
  FOREIGN KEY (organization_id, concept_id) REFERENCES concept (organization_id, id) ON DELETE CASCADE
);

-- ln of the sum, over the whole set of rivals, of exp(logit scale * cosine): all that a concept needs to know of them, once per picture.
CREATE TABLE picture_rivals (
  organization_id uuid NOT NULL,
  rival_set_id int NOT NULL REFERENCES rival_set (id),
  version_id uuid NOT NULL,
  part text NOT NULL,
  log_sum double precision NOT NULL,
  PRIMARY KEY (organization_id, rival_set_id, version_id, part),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);

-- What people said a picture shows. It belongs to a version, and holds for every revision of concept and model.
CREATE TABLE concept_label (
  organization_id uuid NOT NULL,
  concept_id uuid NOT NULL,
  version_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  positive boolean NOT NULL,
  labelled_by text NOT NULL,
  labelled_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, concept_id, version_id),
  FOREIGN KEY (organization_id, concept_id) REFERENCES concept (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);

-- probability = 1 / (1 + exp(-(slope * score + intercept))), in force while concept, model and rivals are those it was made for.
CREATE TABLE concept_calibration (
  organization_id uuid NOT NULL,
  concept_id uuid NOT NULL,
  concept_revision int NOT NULL,
  rival_set_id int NOT NULL REFERENCES rival_set (id),
  slope double precision NOT NULL CHECK (slope > 0),
  intercept double precision NOT NULL,
  result jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, concept_id, concept_revision, rival_set_id),
  FOREIGN KEY (organization_id, concept_id) REFERENCES concept (organization_id, id) ON DELETE CASCADE
);

-- A concept that the model sees in a version. Once a person has decided, nothing but a person changes it.
CREATE TABLE concept_match (
  organization_id uuid NOT NULL,
  concept_id uuid NOT NULL,
  version_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  asset_id uuid NOT NULL,
  score double precision NOT NULL,
  probability double precision NOT NULL,
  part text NOT NULL,
  is_calibrated boolean NOT NULL,
  concept_revision int NOT NULL,
  rival_set_id int NOT NULL REFERENCES rival_set (id),
  state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'ACCEPTED', 'REJECTED')),
  matched_at timestamptz(3) NOT NULL DEFAULT now(),
  decided_by text,
  decided_at timestamptz(3),
  PRIMARY KEY (organization_id, concept_id, version_id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, concept_id) REFERENCES concept (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE,
  CHECK ((state = 'OPEN') = (decided_at IS NULL))
);
CREATE INDEX concept_match_asset ON concept_match (organization_id, asset_id);
CREATE INDEX concept_match_open ON concept_match (organization_id, probability DESC, id) WHERE state = 'OPEN';

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['concept', 'concept_vector', 'picture_rivals', 'concept_label', 'concept_calibration', 'concept_match']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', t);
  END LOOP;
END $$;

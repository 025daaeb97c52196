-- What scores look like in one library under one model when a query is about nothing in it: the null distribution of a query's best score.
-- Derived from the model and the library alone; made anew when either changes (docs/decisions/0025).
CREATE TABLE search_calibration (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  model_revision_id int NOT NULL REFERENCES model_revision (id),
  -- revision of the list of background prompts
  prompts_revision text NOT NULL,
  prompt_count int NOT NULL,
  -- vectors in the library, and how many of them were compared
  vector_count int NOT NULL,
  sample_count int NOT NULL,
  -- best score of an unrelated prompt: location and spread over the prompts
  top_location double precision NOT NULL,
  top_spread double precision NOT NULL,
  -- the same of the lift: best score minus the prompt's mean score over the library
  lift_location double precision NOT NULL,
  lift_spread double precision NOT NULL,
  correlation double precision NOT NULL CHECK (correlation BETWEEN -1 AND 1),
  -- what the best score gains by chance when the library grows e-fold
  growth double precision NOT NULL,
  centroid halfvec NOT NULL,
  calibrated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, model_revision_id)
);

ALTER TABLE search_calibration ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_calibration FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON search_calibration TO vitrine_app
  USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON search_calibration TO vitrine_app;

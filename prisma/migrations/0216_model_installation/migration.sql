-- Bringing a model into use in one step, as organisations asked for it: fetched, checked, its vectors made beside those in use, switched.
-- How far its vectors are and whether it is in use stands in organization_model.
CREATE TABLE model_installation (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  -- its name, in the registry and on the server
  model text NOT NULL,
  -- WAITING, FETCHING: a job of it is in the queue; BUILDING: its files are here, and model_revision_id says which revision they are
  state text NOT NULL CHECK (state IN ('WAITING', 'FETCHING', 'BUILDING', 'FAILED', 'CANCELLED')),
  done_bytes bigint NOT NULL DEFAULT 0,
  -- NULL: not known
  total_bytes bigint,
  model_revision_id int REFERENCES model_revision (id),
  error_code text,
  error_message text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, model),
  CHECK ((state = 'BUILDING') <= (model_revision_id IS NOT NULL)),
  CHECK ((state = 'FAILED') = (error_code IS NOT NULL))
);

ALTER TABLE model_installation ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_installation FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON model_installation TO vitrine_app
  USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON model_installation TO vitrine_app;

-- Which model revisions an organisation has vectors of, and which one of them its searches and rules go by.

-- How a process finds the files of a revision again; null where an older version registered it.
ALTER TABLE model_revision ADD COLUMN precision text CHECK (precision IN ('fp32', 'fp16', 'int8'));
-- A hint only: the folder on the machine that registered it first. A process that finds another revision there looks elsewhere.
ALTER TABLE model_revision ADD COLUMN location text;

CREATE TABLE organization_model (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  model_revision_id int NOT NULL REFERENCES model_revision (id),
  -- BUILDING: pictures without its vectors are being embedded; READY: all had one when it was last looked; ACTIVE: in use
  state text NOT NULL CHECK (state IN ('BUILDING', 'READY', 'ACTIVE')),
  activate_when_ready boolean NOT NULL DEFAULT false,
  -- chosen by a person: another default of the installation does not replace it
  pinned boolean NOT NULL DEFAULT false,
  -- budget of building beside a model in use: share of the time, and pictures a minute (null: no limit)
  time_share double precision NOT NULL DEFAULT 0.5 CHECK (time_share > 0 AND time_share <= 1),
  pictures_per_minute int CHECK (pictures_per_minute BETWEEN 1 AND 1000000),
  -- the budget is used up until then; a job that goes on at that time is in the queue
  rest_until timestamptz(3),
  -- why building stopped, for people; null while nothing is wrong
  problem text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  ready_at timestamptz(3),
  activated_at timestamptz(3),
  PRIMARY KEY (organization_id, model_revision_id)
);
CREATE UNIQUE INDEX organization_model_active ON organization_model (organization_id) WHERE state = 'ACTIVE';

ALTER TABLE organization_model ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization_model FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organization_model TO vitrine_app
  USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON organization_model TO vitrine_app;

-- What a library was seen with until now stays in use.
INSERT INTO organization_model (organization_id, model_revision_id, state, activated_at)
SELECT DISTINCT ON (organization_id) organization_id, model_revision_id, 'ACTIVE', now()
FROM asset_embedding GROUP BY organization_id, model_revision_id ORDER BY organization_id, count(*) DESC, model_revision_id DESC;

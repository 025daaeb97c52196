-- Files made of reports, by a job. What is asked for stays as it was asked; what became of it is written as it comes.
CREATE TABLE report_export (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  state text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED')),
  format text NOT NULL CHECK (format IN ('PDF', 'HTML', 'CSV', 'JSONL')),
  scope jsonb NOT NULL,
  worst int NOT NULL CHECK (worst BETWEEN 0 AND 100),
  -- the moment asked for; null: that of making it
  asked_as_of timestamptz(3),
  as_of timestamptz(3),
  history_hash text,
  steps_done int NOT NULL DEFAULT 0,
  steps int NOT NULL DEFAULT 0,
  sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  byte_size bigint,
  file_name text,
  error_code text,
  error_message text,
  created_by uuid NOT NULL,
  created_by_name text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  finished_at timestamptz(3),
  PRIMARY KEY (organization_id, id),
  CHECK ((state IN ('COMPLETED', 'FAILED')) = (finished_at IS NOT NULL)),
  CHECK ((state = 'COMPLETED') = (sha256 IS NOT NULL))
);
CREATE INDEX report_export_created ON report_export (organization_id, created_at DESC, id DESC);

ALTER TABLE report_export ENABLE ROW LEVEL SECURITY;
ALTER TABLE report_export FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON report_export TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON report_export TO vitrine_app;

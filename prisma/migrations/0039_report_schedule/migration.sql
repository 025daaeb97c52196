-- Reports that are made into files again and again.
CREATE TABLE report_schedule (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  format text NOT NULL CHECK (format IN ('PDF', 'HTML', 'CSV', 'JSONL')),
  scope jsonb NOT NULL,
  worst int NOT NULL CHECK (worst BETWEEN 0 AND 100),
  every text NOT NULL CHECK (every IN ('DAY', 'WEEK', 'MONTH')),
  -- ISO weekday (1 Monday to 7) or day of the month (1 to 28)
  day int,
  hour int NOT NULL CHECK (hour BETWEEN 0 AND 23),
  next_at timestamptz(3) NOT NULL,
  last_export_id uuid,
  created_by uuid NOT NULL,
  created_by_name text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, name),
  FOREIGN KEY (organization_id, last_export_id) REFERENCES report_export (organization_id, id) ON DELETE SET NULL (last_export_id),
  CHECK (CASE every WHEN 'DAY' THEN day IS NULL WHEN 'WEEK' THEN day BETWEEN 1 AND 7 ELSE day BETWEEN 1 AND 28 END)
);
CREATE INDEX report_schedule_due ON report_schedule (organization_id, next_at);

ALTER TABLE report_schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE report_schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON report_schedule TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON report_schedule TO vitrine_app;

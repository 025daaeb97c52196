-- The life of findings: reviews, waivers, releases, and a history of all that a report is made of, which nobody can rewrite unseen.

-- ---------------------------------------------------------------- decisions of people

-- What the rule itself says; `verdict` is that after a review or a waiver.
ALTER TABLE finding NO FORCE ROW LEVEL SECURITY;
ALTER TABLE finding ADD COLUMN checker_verdict text CHECK (checker_verdict IN ('PASS', 'FAIL', 'NEEDS_REVIEW', 'NOT_APPLICABLE', 'NOT_EVALUATED', 'ERROR')),
  ADD COLUMN review_id uuid, ADD COLUMN waiver_id uuid;
UPDATE finding SET checker_verdict = verdict;
ALTER TABLE finding ALTER COLUMN checker_verdict SET NOT NULL;
ALTER TABLE finding FORCE ROW LEVEL SECURITY;

-- What a person says about one finding, for the version, rule and model that it was made with. Never changed; the latest counts.
CREATE TABLE finding_review (
  organization_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  version_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  brand_id uuid NOT NULL,
  rule_revision int NOT NULL,
  model_revision_id int REFERENCES model_revision (id),
  checker_verdict text NOT NULL CHECK (checker_verdict IN ('PASS', 'FAIL', 'NEEDS_REVIEW')),
  decision text NOT NULL CHECK (decision IN ('PASS', 'FAIL')),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
  reviewer_id uuid NOT NULL,
  reviewer_name text NOT NULL,
  reviewed_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, rule_id) REFERENCES rule (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX finding_review_pair ON finding_review (organization_id, version_id, rule_id, reviewed_at DESC);
CREATE INDEX finding_review_rule ON finding_review (organization_id, rule_id);

-- An exception that one person asks for and another one grants, for a limited time.
CREATE TABLE waiver (
  organization_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  brand_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'REQUESTED' CHECK (state IN ('REQUESTED', 'APPROVED', 'REJECTED', 'REVOKED')),
  scope text NOT NULL CHECK (scope IN ('FINDING', 'ASSETS', 'COLLECTION')),
  collection_id uuid,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
  expires_at timestamptz(3) NOT NULL,
  requested_by uuid NOT NULL,
  requested_by_name text NOT NULL,
  requested_at timestamptz(3) NOT NULL DEFAULT now(),
  decided_by uuid,
  decided_by_name text,
  decided_at timestamptz(3),
  decision_reason text CHECK (length(decision_reason) <= 2000),
  revoked_by uuid,
  revoked_by_name text,
  revoked_at timestamptz(3),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, brand_id) REFERENCES brand (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, rule_id) REFERENCES rule (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, collection_id) REFERENCES collection (organization_id, id) ON DELETE SET NULL (collection_id),
  CHECK (state NOT IN ('APPROVED', 'REJECTED') OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)),
  CHECK ((state = 'REVOKED') = (revoked_at IS NOT NULL)),
  -- two people, whatever a program does
  CHECK (state <> 'APPROVED' OR decided_by <> requested_by)
);
CREATE INDEX waiver_requested ON waiver (organization_id, requested_at DESC, id DESC);
CREATE INDEX waiver_rule ON waiver (organization_id, rule_id);

-- What a waiver covers: the findings there were when it was asked for, with the revisions and the verdict they had. Anything else is not covered.
CREATE TABLE waived_finding (
  organization_id uuid NOT NULL,
  waiver_id uuid NOT NULL,
  version_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  rule_revision int NOT NULL,
  model_revision_id int REFERENCES model_revision (id),
  verdict_rank int NOT NULL,
  PRIMARY KEY (organization_id, waiver_id, version_id),
  FOREIGN KEY (organization_id, waiver_id) REFERENCES waiver (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX waived_finding_pair ON waived_finding (organization_id, version_id, rule_id);
CREATE INDEX waived_finding_rule ON waived_finding (organization_id, rule_id);

-- Whether a version may be used. It belongs to the version: a new file has none.
CREATE TABLE version_release (
  organization_id uuid NOT NULL,
  version_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('APPROVED', 'WITHDRAWN')),
  decided_by uuid NOT NULL,
  decided_by_name text NOT NULL,
  decided_at timestamptz(3) NOT NULL DEFAULT now(),
  reason text CHECK (length(reason) BETWEEN 1 AND 2000),
  -- since when a BLOCKER stands against an approved version; null: none does
  broken_at timestamptz(3),
  PRIMARY KEY (organization_id, version_id),
  FOREIGN KEY (organization_id, version_id) REFERENCES asset_version (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX version_release_asset ON version_release (organization_id, asset_id);

-- ---------------------------------------------------------------- history

-- One row per transaction that changed anything a report is made of.
CREATE TABLE history_change (
  organization_id uuid NOT NULL REFERENCES organization (id),
  id uuid NOT NULL,
  actor_id uuid,
  actor_name text,
  PRIMARY KEY (organization_id, id)
);

-- The chain: one link per change, made when it commits, so that links are in the order in which changes became visible.
CREATE TABLE history_link (
  organization_id uuid NOT NULL,
  sequence bigint NOT NULL CHECK (sequence >= 1),
  change_id uuid NOT NULL,
  recorded_at timestamptz(3) NOT NULL,
  digest bytea NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (organization_id, sequence),
  UNIQUE (organization_id, change_id),
  FOREIGN KEY (organization_id, change_id) REFERENCES history_change (organization_id, id)
);

-- How a finding came to be, changed or went (verdict null). No keys into other tables: history outlives what it is about.
CREATE TABLE finding_history (
  organization_id uuid NOT NULL,
  change_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  finding_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  version_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  brand_id uuid NOT NULL,
  cause text NOT NULL CHECK (cause IN ('NEW_ASSET', 'ASSET_VERSION', 'ASSET_EDIT', 'ASSET_REMOVED', 'RULE', 'MODEL', 'FACTS', 'CLOCK', 'WAIVER', 'REVIEW')),
  verdict text,
  checker_verdict text,
  severity text NOT NULL,
  rule_revision int NOT NULL,
  model_revision_id int,
  measured jsonb,
  message text,
  review_id uuid,
  waiver_id uuid,
  PRIMARY KEY (organization_id, change_id, id)
);
CREATE INDEX finding_history_pair ON finding_history (organization_id, asset_id, rule_id, id);

-- The other rows that reports read, each time they change (state null: deleted).
CREATE TABLE record_history (
  organization_id uuid NOT NULL,
  change_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  record text NOT NULL,
  key text NOT NULL,
  operation text NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
  state jsonb,
  PRIMARY KEY (organization_id, change_id, id)
);
CREATE INDEX record_history_key ON record_history (organization_id, record, key, id);
-- for deletions that cascade, which run as the owner and so not under the policy
CREATE INDEX record_history_change ON record_history (change_id);

-- The id of the current transaction's change; the first call makes it.
CREATE FUNCTION history_change_id() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE known text := current_setting('app.change_id', true);
BEGIN
  IF known IS NULL OR known = '' THEN
    known := gen_random_uuid();
    PERFORM set_config('app.change_id', known, true);
  END IF;
  RETURN known::uuid;
END $$;

CREATE FUNCTION history_open(organization uuid, change uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO history_change (organization_id, id, actor_id, actor_name)
  VALUES (organization, change, NULLIF(current_setting('app.actor_id', true), '')::uuid, NULLIF(current_setting('app.actor_name', true), ''))
  ON CONFLICT DO NOTHING
$$;

-- A row without what reports do not read.
CREATE FUNCTION history_state(source jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT source - ARRAY['organization_id', 'updated_at', 'description', 'alt_text']
$$;

-- Writes down what a statement did to the rows of a table; the arguments name the columns of its key.
CREATE FUNCTION history_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change uuid := history_change_id(); written bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO record_history (organization_id, change_id, record, key, operation, state)
    SELECT n.organization_id, change, TG_TABLE_NAME, concat_ws(' ', s.whole ->> TG_ARGV[0], s.whole ->> TG_ARGV[1]), TG_OP, history_state(s.whole)
    FROM new_rows n CROSS JOIN LATERAL (SELECT to_jsonb(n) AS whole) s;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO record_history (organization_id, change_id, record, key, operation)
    SELECT o.organization_id, change, TG_TABLE_NAME, concat_ws(' ', s.whole ->> TG_ARGV[0], s.whole ->> TG_ARGV[1]), TG_OP
    FROM old_rows o CROSS JOIN LATERAL (SELECT to_jsonb(o) AS whole) s;
  ELSE
    -- EXECUTE: a static statement keeps the row counts of its first run, and after one of a single row it joins 30,000 old rows to as many
    -- new ones in nested loops.
    EXECUTE $statement$
    INSERT INTO record_history (organization_id, change_id, record, key, operation, state)
    SELECT n.organization_id, $1, $2, n.key, 'UPDATE', n.state
    FROM (SELECT r.organization_id, concat_ws(' ', s.whole ->> $3, s.whole ->> $4) AS key, s.whole, history_state(s.whole) AS state
      FROM new_rows r CROSS JOIN LATERAL (SELECT to_jsonb(r) - 'updated_at' AS whole) s) n
    JOIN (SELECT r.organization_id, concat_ws(' ', s.whole ->> $3, s.whole ->> $4) AS key, s.whole
      FROM old_rows r CROSS JOIN LATERAL (SELECT to_jsonb(r) - 'updated_at' AS whole) s) o
      ON o.organization_id = n.organization_id AND o.key = n.key
    WHERE n.whole IS DISTINCT FROM o.whole
    $statement$ USING change, TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1];
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written = 0 THEN RETURN NULL; END IF;
  END IF;
  IF TG_OP <> 'UPDATE' AND NOT FOUND THEN RETURN NULL; END IF;
  IF TG_OP = 'DELETE' THEN PERFORM history_open(o.organization_id, change) FROM (SELECT DISTINCT organization_id FROM old_rows) o;
  ELSE PERFORM history_open(n.organization_id, change) FROM (SELECT DISTINCT organization_id FROM new_rows) n; END IF;
  RETURN NULL;
END $$;

-- Why findings changed is told from what else changed in the same transaction.
CREATE FUNCTION history_finding() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change uuid := history_change_id();
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO finding_history (organization_id, change_id, finding_id, asset_id, version_id, rule_id, brand_id, cause, verdict, checker_verdict,
      severity, rule_revision, model_revision_id, measured, message, review_id, waiver_id)
    SELECT n.organization_id, change, n.id, n.asset_id, n.version_id, n.rule_id, n.brand_id,
      CASE WHEN t.made THEN 'NEW_ASSET' WHEN d.asset_id IS NOT NULL THEN 'ASSET_VERSION' WHEN t.made IS NOT NULL THEN 'ASSET_EDIT'
        WHEN r.key IS NOT NULL THEN 'RULE' ELSE 'FACTS' END,
      n.verdict, n.checker_verdict, n.severity, n.rule_revision, n.model_revision_id, n.measured, n.message, n.review_id, n.waiver_id
    FROM new_rows n
    LEFT JOIN (SELECT h.organization_id, h.key::uuid AS asset_id, bool_or(h.operation = 'INSERT') AS made FROM record_history h
      WHERE h.change_id = change AND h.record = 'asset' GROUP BY 1, 2) t ON t.asset_id = n.asset_id AND t.organization_id = n.organization_id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.asset_id, h.rule_id FROM finding_history h
      WHERE h.change_id = change AND h.cause = 'ASSET_VERSION' AND h.verdict IS NULL) d
      ON d.asset_id = n.asset_id AND d.rule_id = n.rule_id AND d.organization_id = n.organization_id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.key::uuid AS key FROM record_history h
      WHERE h.change_id = change AND h.record = 'rule') r ON r.key = n.rule_id AND r.organization_id = n.organization_id;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO finding_history (organization_id, change_id, finding_id, asset_id, version_id, rule_id, brand_id, cause, verdict, checker_verdict,
      severity, rule_revision, model_revision_id, measured, message, review_id, waiver_id)
    SELECT n.organization_id, change, n.id, n.asset_id, n.version_id, n.rule_id, n.brand_id,
      CASE WHEN n.rule_revision <> o.rule_revision THEN 'RULE' WHEN n.model_revision_id <> o.model_revision_id THEN 'MODEL'
        WHEN t.asset_id IS NOT NULL THEN 'ASSET_EDIT' WHEN n.review_id IS DISTINCT FROM o.review_id THEN 'REVIEW'
        WHEN o.valid_until <= n.judged_at THEN 'CLOCK' WHEN n.waiver_id IS DISTINCT FROM o.waiver_id THEN 'WAIVER' ELSE 'FACTS' END,
      n.verdict, n.checker_verdict, n.severity, n.rule_revision, n.model_revision_id, n.measured, n.message, n.review_id, n.waiver_id
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.key::uuid AS asset_id FROM record_history h
      WHERE h.change_id = change AND h.record = 'asset') t ON t.asset_id = n.asset_id AND t.organization_id = n.organization_id
    WHERE (n.verdict, n.checker_verdict, n.severity, n.rule_revision, n.model_revision_id, n.message, n.review_id, n.waiver_id)
      IS DISTINCT FROM (o.verdict, o.checker_verdict, o.severity, o.rule_revision, o.model_revision_id, o.message, o.review_id, o.waiver_id);
  ELSE
    INSERT INTO finding_history (organization_id, change_id, finding_id, asset_id, version_id, rule_id, brand_id, cause, severity, rule_revision, model_revision_id)
    SELECT o.organization_id, change, o.id, o.asset_id, o.version_id, o.rule_id, o.brand_id,
      CASE WHEN a.id IS NULL THEN 'ASSET_REMOVED' WHEN a.current_version_id <> o.version_id THEN 'ASSET_VERSION' WHEN t.asset_id IS NOT NULL THEN 'ASSET_EDIT'
        ELSE 'RULE' END, o.severity, o.rule_revision, o.model_revision_id
    FROM old_rows o
    LEFT JOIN asset a ON a.organization_id = o.organization_id AND a.id = o.asset_id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.key::uuid AS asset_id FROM record_history h
      WHERE h.change_id = change AND h.record = 'asset') t ON t.asset_id = o.asset_id AND t.organization_id = o.organization_id;
  END IF;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF TG_OP = 'DELETE' THEN PERFORM history_open(o.organization_id, change) FROM (SELECT DISTINCT organization_id FROM old_rows) o;
  ELSE PERFORM history_open(n.organization_id, change) FROM (SELECT DISTINCT organization_id FROM new_rows) n; END IF;
  RETURN NULL;
END $$;

-- Digest of all rows of a change, in the order of writing. The columns are named one by one: a column that comes later changes no old digest.
CREATE FUNCTION history_digest(organization uuid, change uuid) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(coalesce(string_agg(x.hash, ''::bytea ORDER BY x.source, x.id), ''::bytea)) FROM (
    SELECT 0 AS source, 0::bigint AS id, sha256(convert_to(ROW(c.actor_id, c.actor_name)::text, 'UTF8')) AS hash
    FROM history_change c WHERE c.organization_id = organization AND c.id = change
    UNION ALL
    SELECT 1, h.id, sha256(convert_to(ROW(h.id, h.record, h.key, h.operation, h.state)::text, 'UTF8'))
    FROM record_history h WHERE h.organization_id = organization AND h.change_id = change
    UNION ALL
    SELECT 2, h.id, sha256(convert_to(ROW(h.id, h.finding_id, h.asset_id, h.version_id, h.rule_id, h.brand_id, h.cause, h.verdict, h.checker_verdict,
      h.severity, h.rule_revision, h.model_revision_id, h.measured, h.message, h.review_id, h.waiver_id)::text, 'UTF8'))
    FROM finding_history h WHERE h.organization_id = organization AND h.change_id = change) x
$$;

-- What a link's hash is of: the link before, its own place and moment, and the digest of its rows.
CREATE FUNCTION history_hash(previous bytea, sequence bigint, change uuid, recorded_at timestamptz, digest bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(coalesce(previous, ''::bytea) || convert_to(concat_ws(' ', sequence, change, (extract(epoch FROM recorded_at) * 1000)::bigint), 'UTF8') || digest)
$$;

-- Runs when a transaction commits. Whoever reads with the shared lock sees a chain that nobody is adding to.
CREATE FUNCTION history_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE made bytea := history_digest(NEW.organization_id, NEW.id); head history_link; at timestamptz(3);
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('history ' || NEW.organization_id, 0));
  SELECT * INTO head FROM history_link WHERE organization_id = NEW.organization_id ORDER BY sequence DESC LIMIT 1;
  at := greatest(date_trunc('milliseconds', clock_timestamp()), head.recorded_at + interval '1 millisecond');
  INSERT INTO history_link (organization_id, sequence, change_id, recorded_at, digest, hash)
  VALUES (NEW.organization_id, coalesce(head.sequence, 0) + 1, NEW.id, at, made,
    history_hash(head.hash, coalesce(head.sequence, 0) + 1, NEW.id, at, made));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER history_seal AFTER INSERT ON history_change DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION history_seal();

CREATE FUNCTION history_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'history is only ever added to: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- ---------------------------------------------------------------- tenancy

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['finding_review', 'waiver', 'waived_finding', 'version_release', 'history_change', 'history_link', 'finding_history', 'record_history']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    -- For the owner too, as whom PostgreSQL cascades deletions: what they set off is written down like everything else.
    EXECUTE format('CREATE POLICY tenant ON %I USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', t);
  END LOOP;
  GRANT SELECT, INSERT, UPDATE ON waiver, version_release TO vitrine_app;
  GRANT SELECT, INSERT ON waived_finding, finding_review TO vitrine_app;
  FOREACH t IN ARRAY ARRAY['history_change', 'history_link', 'finding_history', 'record_history'] LOOP
    EXECUTE format('GRANT SELECT, INSERT ON %I TO vitrine_app', t);
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION history_is_kept()', t);
  END LOOP;
END $$;

-- What reports read: table and the columns of its key.
DO $$
DECLARE t text[];
BEGIN
  FOREACH t SLICE 1 IN ARRAY ARRAY[['asset', 'id', ''], ['brand', 'id', ''], ['rule', 'id', ''], ['tag', 'id', ''], ['collection', 'id', ''],
    ['collection_asset', 'collection_id', 'asset_id'], ['waiver', 'id', ''], ['finding_review', 'id', ''], ['version_release', 'version_id', '']]
  LOOP
    -- What is there already is the first change of each organisation.
    EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', t[1]);
    EXECUTE format('INSERT INTO history_change (organization_id, id) SELECT DISTINCT organization_id, history_change_id() FROM %I ON CONFLICT DO NOTHING', t[1]);
    EXECUTE format('INSERT INTO record_history (organization_id, change_id, record, key, operation, state)
      SELECT organization_id, history_change_id(), %1$L, concat_ws('' '', to_jsonb(r) ->> %2$L, to_jsonb(r) ->> %3$L), ''INSERT'', history_state(to_jsonb(r)) FROM %1$I r', t[1], t[2], t[3]);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t[1]);
    EXECUTE format('CREATE TRIGGER history_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history_record(%L, %L)', t[1], t[2], t[3]);
    EXECUTE format('CREATE TRIGGER history_update AFTER UPDATE ON %I REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history_record(%L, %L)', t[1], t[2], t[3]);
    EXECUTE format('CREATE TRIGGER history_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history_record(%L, %L)', t[1], t[2], t[3]);
  END LOOP;
END $$;

ALTER TABLE finding NO FORCE ROW LEVEL SECURITY;
INSERT INTO finding_history (organization_id, change_id, finding_id, asset_id, version_id, rule_id, brand_id, cause, verdict, checker_verdict,
  severity, rule_revision, model_revision_id, measured, message)
SELECT organization_id, history_change_id(), id, asset_id, version_id, rule_id, brand_id, 'NEW_ASSET', verdict, checker_verdict,
  severity, rule_revision, model_revision_id, measured, message FROM finding;
SET CONSTRAINTS history_seal IMMEDIATE;
ALTER TABLE finding FORCE ROW LEVEL SECURITY;
CREATE TRIGGER history_insert AFTER INSERT ON finding REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history_finding();
CREATE TRIGGER history_update AFTER UPDATE ON finding REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history_finding();
CREATE TRIGGER history_delete AFTER DELETE ON finding REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history_finding();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['finding_review', 'waiver', 'waived_finding', 'version_release', 'history_change', 'history_link', 'finding_history', 'record_history']
  LOOP
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;

-- Who brought an asset in; null when nobody was asked (a job of before this column).
ALTER TABLE asset ADD COLUMN uploaded_by text DEFAULT NULLIF(current_setting('app.actor_name', true), '');

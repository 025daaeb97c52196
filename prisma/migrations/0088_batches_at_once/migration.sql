-- Triggers that joined old rows to new ones by static statements. PL/pgSQL keeps the plan of their first runs, often of one row, and then joins
-- the 512 rows of an import's batch pair by pair: a quarter of a million comparisons each time.

-- Counts need no join: what left a state and what entered one are counted apart. Nothing is written where no state changed.
CREATE OR REPLACE FUNCTION count_import_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM add_import_counts(organization_id, import_id, array_agg(state), '{}') FROM new_items GROUP BY organization_id, import_id;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM add_import_counts(organization_id, import_id, '{}', array_agg(state)) FROM old_items GROUP BY organization_id, import_id;
  ELSE
    PERFORM add_import_counts(organization_id, import_id, array_agg(state) FILTER (WHERE is_new), array_agg(state) FILTER (WHERE NOT is_new))
    FROM (SELECT organization_id, import_id, state COLLATE "C" AS state, true AS is_new FROM new_items
      UNION ALL SELECT organization_id, import_id, state COLLATE "C", false FROM old_items) s
    GROUP BY organization_id, import_id
    HAVING array_agg(state ORDER BY state) FILTER (WHERE is_new) IS DISTINCT FROM array_agg(state ORDER BY state) FILTER (WHERE NOT is_new);
  END IF;
  RETURN NULL;
END $$;

-- EXECUTE is planned for the rows at hand.
CREATE OR REPLACE FUNCTION refresh_asset_text_of_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE $statement$
  INSERT INTO asset_text (organization_id, asset_id, document)
  SELECT a.organization_id, a.id, asset_text_of(a.title, a.file_name, a.alt_text, a.description, v.document_text)
  FROM changed a JOIN before b ON b.organization_id = a.organization_id AND b.id = a.id
  LEFT JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
  WHERE (a.title, a.file_name, a.alt_text, a.description, a.current_version_id)
    IS DISTINCT FROM (b.title, b.file_name, b.alt_text, b.description, b.current_version_id)
  ON CONFLICT (organization_id, asset_id) DO UPDATE SET document = EXCLUDED.document
  $statement$;
  RETURN NULL;
END $$;

-- OFFSET 0 keeps the planner from writing a row's conversion to JSON anew into every place that mentions it (up to five times a row).
CREATE OR REPLACE FUNCTION history_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change uuid := history_change_id(); written bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO record_history (organization_id, change_id, record, key, operation, state)
    SELECT n.organization_id, change, TG_TABLE_NAME, concat_ws(' ', s.whole ->> TG_ARGV[0], s.whole ->> TG_ARGV[1]), TG_OP, history_state(s.whole)
    FROM new_rows n CROSS JOIN LATERAL (SELECT to_jsonb(n) AS whole OFFSET 0) s;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO record_history (organization_id, change_id, record, key, operation)
    SELECT o.organization_id, change, TG_TABLE_NAME, concat_ws(' ', s.whole ->> TG_ARGV[0], s.whole ->> TG_ARGV[1]), TG_OP
    FROM old_rows o CROSS JOIN LATERAL (SELECT to_jsonb(o) AS whole OFFSET 0) s;
  ELSE
    -- EXECUTE: a static statement keeps the row counts of its first run, and after one of a single row it joins 30,000 old rows to as many
    -- new ones in nested loops.
    EXECUTE $statement$
    INSERT INTO record_history (organization_id, change_id, record, key, operation, state)
    SELECT n.organization_id, $1, $2, n.key, 'UPDATE', history_state(n.whole)
    FROM (SELECT r.organization_id, concat_ws(' ', s.whole ->> $3, s.whole ->> $4) AS key, s.whole
      FROM new_rows r CROSS JOIN LATERAL (SELECT to_jsonb(r) - 'updated_at' AS whole OFFSET 0) s OFFSET 0) n
    JOIN (SELECT r.organization_id, concat_ws(' ', s.whole ->> $3, s.whole ->> $4) AS key, s.whole
      FROM old_rows r CROSS JOIN LATERAL (SELECT to_jsonb(r) - 'updated_at' AS whole OFFSET 0) s OFFSET 0) o
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

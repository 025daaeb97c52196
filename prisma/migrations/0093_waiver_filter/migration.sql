-- A waiver that was asked for by a filter covers the findings that were open then, as the others do; the filter says which they were.
ALTER TABLE waiver DROP CONSTRAINT waiver_scope_check, ADD CONSTRAINT waiver_scope_check CHECK (scope IN ('FINDING', 'ASSETS', 'COLLECTION', 'FILTER')),
  ADD COLUMN filter jsonb CHECK (jsonb_typeof(filter) = 'object');

-- Alternative texts that a rule compares with their pictures have vectors too: as long as some asset has the text.
ALTER TABLE text_embedding DROP CONSTRAINT text_embedding_purpose_check,
  ADD CONSTRAINT text_embedding_purpose_check CHECK (purpose IN ('PROMPT', 'QUERY', 'ALT_TEXT'));

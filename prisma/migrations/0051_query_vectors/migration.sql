-- Vectors of queries are kept beside those of prompts, so that a restart, or another process, need not ask the model again. Prompts stay as
-- long as their rule; queries go when nobody has asked them for long.
ALTER TABLE text_embedding ADD COLUMN purpose text NOT NULL DEFAULT 'PROMPT' CHECK (purpose IN ('PROMPT', 'QUERY'));
ALTER TABLE text_embedding ADD COLUMN truncated boolean NOT NULL DEFAULT false;
ALTER TABLE text_embedding ADD COLUMN used_at timestamptz(3) NOT NULL DEFAULT now();
CREATE INDEX text_embedding_queries ON text_embedding (organization_id, model_revision_id, used_at) WHERE purpose = 'QUERY';

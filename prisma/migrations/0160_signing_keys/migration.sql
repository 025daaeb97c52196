-- What file links are signed with: shared by all processes of a library, so that each accepts the links of the others. Of no organisation.
CREATE TABLE signing_key (
  -- Part of every link: which key to check it with. Made from the secret, so that the same secret is never taken in twice.
  id text PRIMARY KEY,
  -- Null once nothing is accepted by it any more; the row stays, so that a secret that was given up is not taken in again from a file.
  secret bytea CHECK (octet_length(secret) >= 32),
  -- Whether links without a key's name, as older versions signed them, may be of this key.
  unnamed boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When another one took its place, and until when links of it are accepted all the same. Null: it signs, or is accepted until the next rotation.
  retired_at timestamptz,
  accepted_until timestamptz
);
-- One key at a time signs.
CREATE UNIQUE INDEX signing_key_current ON signing_key ((true)) WHERE retired_at IS NULL AND NOT unnamed;
ALTER TABLE signing_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_key FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON signing_key TO vitrine_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON signing_key TO vitrine_system;

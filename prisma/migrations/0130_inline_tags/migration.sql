-- Rows of more than 2 kB had their tags moved out of line, because the vector stays inline: float4 of 512 dimensions (embedded), halfvec of
-- 1,024. A filter on tags then read two more pages for every row (embedded, 20,000 rows, half of them with the tag: 53 ms instead of 26).
-- Rows written before keep their form until they are written again.
ALTER TABLE asset_embedding ALTER COLUMN tag_ids SET STORAGE MAIN;

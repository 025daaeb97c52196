-- Tiles: overlapping regions of large pictures, with vectors of their own (docs/decisions/0110).

-- What a picture's best tile scores above its whole by chance, for things that neither shows: taken off before the two are compared.
ALTER TABLE search_calibration ADD COLUMN tile_margin double precision NOT NULL DEFAULT 0 CHECK (tile_margin >= 0);

-- Pictures in the library, of which each may have many vectors; null in estimates of before.
ALTER TABLE search_calibration ADD COLUMN picture_count int;

-- Rows of tiles by which the pictures of a library were listed; null: never. Where it is another number than the program's, they are listed anew.
ALTER TABLE library_revision ADD COLUMN tile_rows int CHECK (tile_rows >= 0);

-- Whether there are texts is told by their calibration, which every search reads anyway.
ALTER TABLE library_revision DROP COLUMN has_texts;

-- Linux takes any bytes for a name: where they are no UTF-8, `path` is what the file is called, and these are what it is opened by.
ALTER TABLE watched_file ADD COLUMN path_bytes bytea;

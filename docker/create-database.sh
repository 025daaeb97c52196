#!/bin/sh
# Run once by the postgres image, when its volume is new: what takes a superuser happens here, so that Vitrine needs none.
set -eu
psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv password VITRINE_DATABASE_PASSWORD
CREATE ROLE vitrine LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE vitrine OWNER vitrine;
\connect vitrine
CREATE EXTENSION vector;
-- Lets tag filters use their index under row-level security; these operators cannot leak rows, but only a superuser may say so.
ALTER FUNCTION arraycontains(anyarray, anyarray) LEAKPROOF;
ALTER FUNCTION arrayoverlap(anyarray, anyarray) LEAKPROOF;
SQL

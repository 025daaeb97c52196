#!/usr/bin/env bash
# Runs the test suites on native PostgreSQL with pgvector: prepares a private server, starts it, tests, stops it.
# With VITRINE_TEST_DATABASE_URL set, that server is used instead; its role must be allowed to create databases and roles.
set -euo pipefail
cd "$(dirname "$0")/.."

npm run --silent build
if [ -z "${VITRINE_TEST_DATABASE_URL:-}" ]; then
  scripts/native-postgres.sh prepare
  was_running=0
  scripts/native-postgres.sh status >/dev/null 2>&1 && was_running=1
  line=$(scripts/native-postgres.sh start | tail -n 1)
  export VITRINE_TEST_DATABASE_URL="${line#DATABASE_URL=}"
  if [ "$was_running" -eq 0 ]; then trap 'scripts/native-postgres.sh stop' EXIT; fi
fi
node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js "$@"
